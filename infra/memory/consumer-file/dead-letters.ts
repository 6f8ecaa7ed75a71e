/** What becomes of dead letters, and of the events parked behind them, in memory. */
import type { FailedEvent } from '../../consumption/intake/intake';
import type { AuditContext, DeadLetterRows, DefectLog, ParkedEvents } from '../../dead-letters/store/store';
import { isOpen, isSamePlace } from './quarantine';
import { keyOf, nextNumber, removeWhere, type LetterRow, type MemoryTables } from './tables';

export const memoryParked = ({ parked, quarantined, staleRows, letters }: MemoryTables): ParkedEvents => ({
  next: (consumer, stream, limit) =>
    [...parked.values()]
      .filter((each) => each.consumer === consumer && each.stream === stream)
      .sort((left, right) => left.position - right.position)
      .slice(0, limit)
      .map(({ position, eventId }) => ({ position, eventId })),
  remove: (consumer, stream, position) => void parked.delete(keyOf(consumer, stream, position)),
  endQuarantine: (consumer, stream) => {
    quarantined.delete(keyOf(consumer, stream));
    removeWhere(staleRows, (each) => each.consumer === consumer && each.stream === stream);
  },
  withResolvedFirst: (consumer) =>
    [...quarantined.values()].find((each) => {
      const letter = letters.get(each.letter);
      return each.consumer === consumer && letter !== undefined && !isOpen(letter);
    })?.stream,
  quarantined: (consumer) => [...quarantined.values()].filter((each) => each.consumer === consumer).length,
});

export const memoryLetters = (tables: MemoryTables): DeadLetterRows => {
  const { letters, quarantined, audit, copies } = tables;
  const change = (id: number, to: Partial<LetterRow>): void => {
    const letter = letters.get(id);
    if (letter !== undefined) letters.set(id, { ...letter, ...to });
  };
  const note = (letter: number, action: string, detail: string, context: AuditContext): void =>
    void audit.set(String(nextNumber(tables, 'audit')), { letter, action, detail, ...context });
  const close = (id: number, status: 'discarded' | 'redriven', detail: string, context: AuditContext): void => {
    change(id, { status });
    note(id, status, detail, context);
  };
  const forget = (consumer: string): void => {
    removeWhere(copies, ({ letter }) => letters.get(letter)?.consumer === consumer);
    removeWhere(letters, (each) => each.consumer === consumer);
    clearQueues(tables, consumer);
    tables.breakers.delete(consumer);
  };
  return {
    find: (id) => letters.get(id),
    firstOf: (consumer, stream) => letters.get(quarantined.get(keyOf(consumer, stream))?.letter ?? 0),
    assign: (id, owner, context) => {
      const letter = letters.get(id);
      change(id, { owner, status: letter?.status === 'open' ? 'assigned' : (letter?.status ?? 'open') });
      note(id, 'assigned', owner, context);
    },
    note: (id, text, context) => note(id, 'noted', text, context),
    discard: (id, reason, context) => close(id, 'discarded', reason, context),
    markRedriven: (id, detail, context) => close(id, 'redriven', detail, context),
    noteFailedAgain: (id, reason, context) => note(id, 'failed again', reason, context),
    adopt: (from, to) => succeed(tables, from, to, (id) => close(id, 'redriven', 'a rebuild could read it', ENGINE)),
    restart: (consumer) => succeed(tables, '', consumer, (id) => close(id, 'redriven', 'learned again', ENGINE)),
    forget,
  };
};

const ENGINE: AuditContext = { actor: 'tidemark', requestId: null };

const clearQueues = ({ quarantined, parked, staleRows }: MemoryTables, consumer: string): void => {
  removeWhere(quarantined, (each) => each.consumer === consumer);
  removeWhere(parked, (each) => each.consumer === consumer);
  removeWhere(staleRows, (each) => each.consumer === consumer);
};

/** What waits for `from` takes the place of what waited for `to`; a letter that both have keeps its number. */
const succeed = (tables: MemoryTables, from: string, to: string, end: (id: number) => void): void => {
  const { letters, quarantined, parked, staleRows, copies } = tables;
  const of = (consumer: string) => [...letters.values()].filter((each) => each.consumer === consumer);
  const renumbered = new Map<number, number>();
  for (const old of of(to)) {
    const fresh = of(from).find((each) => each.eventId === old.eventId && isSamePlace(each, freshOf(old)));
    if (fresh === undefined) {
      if (old.eventId !== null && isOpen(old)) end(old.id);
      continue;
    }
    renumbered.set(fresh.id, old.id);
    const status = fresh.eventId === null ? old.status : old.owner === null ? 'open' : 'assigned';
    const attempts = old.attempts + fresh.attempts;
    const { failure } = fresh.failed;
    const { fingerprint, logged } = fresh;
    letters.set(old.id, { ...old, failed: { ...old.failed, failure }, fingerprint, logged, attempts, status });
    removeWhere(copies, ({ letter }) => letter === fresh.id);
    letters.delete(fresh.id);
  }
  clearQueues(tables, to);
  const rename = <Row extends { readonly consumer: string }>(
    table: Map<string, Row>,
    key: (row: Row) => string,
    renewed: (row: Row) => Row,
  ): void => {
    for (const [name, row] of [...table].filter(([, each]) => each.consumer === from)) {
      table.delete(name);
      table.set(key(renewed(row)), renewed(row));
    }
  };
  rename(
    parked,
    (row) => keyOf(row.consumer, row.stream, row.position),
    (row) => ({ ...row, consumer: to }),
  );
  rename(
    staleRows,
    (row) => keyOf(row.consumer, row.row, row.stream),
    (row) => ({ ...row, consumer: to }),
  );
  rename(
    quarantined,
    (row) => keyOf(row.consumer, row.stream),
    (row) => ({ ...row, consumer: to, letter: renumbered.get(row.letter) ?? row.letter }),
  );
  for (const letter of of(from)) letters.set(letter.id, { ...letter, consumer: to });
};

/** As if it failed now, for the comparison of places. */
const freshOf = ({ failed, value }: LetterRow): FailedEvent => ({
  ...failed,
  origin: { ...failed.origin, value: () => value },
});

export const memoryDefects = ({ letters }: MemoryTables): DefectLog => ({
  waiting: (limit) =>
    [...letters.values()]
      .filter(({ logged }) => !logged)
      .slice(0, limit)
      .map(({ id, consumer, eventId, failed: { origin, failure, envelope } }) => {
        const { topic, partition, offset } = origin;
        const { correlationId = null, causationId = null } = envelope ?? {};
        const { reason, stack = null } = failure;
        return { id, group: consumer, eventId, correlationId, causationId, topic, partition, offset, reason, stack };
      }),
  done: (ids) => {
    for (const id of ids) {
      const letter = letters.get(id);
      if (letter !== undefined) letters.set(id, { ...letter, logged: true });
    }
  },
});
