/** Dead letters, and what is parked behind them, in memory. */
import type { Clock } from '../../clock';
import { fingerprintOf, type FailedEvent, type Quarantine } from '../../consumption/intake/intake';
import {
  type AuditContext,
  type DeadLetterRows,
  type DefectLog,
  FOREIGN_LIMITS,
  isForeign,
  type ParkedEvents,
} from '../../dead-letters/store/store';
import { keyOf, nextNumber, removeWhere, type LetterRow, type MemoryTables } from './tables';

const isOpen = ({ status }: Pick<LetterRow, 'status'>): boolean => status === 'open' || status === 'assigned';

export const memoryQuarantine = (tables: MemoryTables, clock: Clock): Quarantine => {
  const { letters, quarantined, parked, staleRows, checkpoints } = tables;
  const markStale = (consumer: string, stream: string, rows: ReadonlyArray<string>): void => {
    for (const row of rows) staleRows.set(keyOf(consumer, row, stream), { consumer, row, stream });
  };
  return {
    streams: (consumer) =>
      new Set([...quarantined.values()].filter((each) => each.consumer === consumer).map(({ stream }) => stream)),
    isDiscarded: (consumer, eventId) =>
      [...letters.values()].some(
        (each) => each.consumer === consumer && each.eventId === eventId && each.status === 'discarded',
      ),
    hasDeadLettersUpTo: (consumer, lastPosition) =>
      [...letters.values()].some((each) => {
        const { failure, origin, position = null } = each.failed;
        const at = checkpoints.get(keyOf(consumer, origin.topic, origin.partition));
        const isMeant = each.consumer === consumer && isOpen(each) && failure.class === 'misplaced';
        if (!isMeant || each.eventId !== null || position === null || at === undefined) return false;
        return position > at.highWaterPosition && position <= lastPosition;
      }),
    park: (consumer, { stream, position, id }, _origin, rows) => {
      const key = keyOf(consumer, stream, position);
      if (!parked.has(key)) parked.set(key, { consumer, stream, position, eventId: id });
      markStale(consumer, stream, rows);
    },
    deadLetter: (failed) => {
      if (isForeign(failed.failure.class) && isFull(tables, failed.consumer)) return 0;
      const id = keepLetter(tables, clock, failed);
      const { consumer, envelope, rows } = failed;
      if (envelope === undefined) return id;
      const { stream, position } = envelope;
      quarantined.set(keyOf(consumer, stream), { consumer, stream, letter: id, fromPosition: position });
      markStale(consumer, stream, rows);
      return id;
    },
  };
};

const isFull = ({ letters }: MemoryTables, consumer: string): boolean => {
  const foreign = [...letters.values()].filter(
    (each) => each.consumer === consumer && isOpen(each) && isForeign(each.failed.failure.class),
  );
  const bytes = foreign.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  return foreign.length >= FOREIGN_LIMITS.letters || bytes >= FOREIGN_LIMITS.bytes;
};

/** An event that failed before fails again as the same dead letter; a record without an event is kept once. */
const keepLetter = (tables: MemoryTables, clock: Clock, failed: FailedEvent): number => {
  const { letters, copies } = tables;
  const { origin, envelope, consumer } = failed;
  const found = [...letters.values()].find(
    (each) => each.consumer === consumer && each.eventId === (envelope?.id ?? null) && isSamePlace(each, failed),
  );
  if (found !== undefined) {
    // A record without an event that is known already is not kept again.
    if (envelope === undefined) return 0;
    letters.set(found.id, failedAgain(found, failed));
    return found.id;
  }
  const id = nextNumber(tables, 'letter');
  letters.set(id, newLetter(id, failed, clock.nowMs()));
  copies.set(nextNumber(tables, 'copy'), { letter: id, value: origin.value(), fault: null, nextAttemptAtMs: 0 });
  return id;
};

const newLetter = (id: number, failed: FailedEvent, failedAtMs: number): LetterRow => {
  const { origin, failure, envelope, consumer, attempts, group } = failed;
  const { value, ...place } = origin;
  return {
    id,
    consumer,
    eventId: envelope?.id ?? null,
    stream: envelope?.stream ?? null,
    status: 'open',
    failed: { ...failed, origin: place },
    value: envelope === undefined ? value() : null,
    fingerprint: fingerprintOf(group, failure),
    attempts,
    owner: null,
    logged: failure.class !== 'defect',
    failedAtMs,
  };
};

const failedAgain = (known: LetterRow, failed: FailedEvent): LetterRow => ({
  ...known,
  status: known.owner === null ? 'open' : 'assigned',
  failed: { ...failed, origin: known.failed.origin },
  fingerprint: fingerprintOf(failed.group, failed.failure),
  attempts: known.attempts + failed.attempts,
  logged: failed.failure.class !== 'defect',
});

const isSamePlace = ({ eventId, failed: { origin } }: LetterRow, { origin: other }: FailedEvent): boolean =>
  eventId !== null ||
  (origin.logId === other.logId &&
    origin.topic === other.topic &&
    origin.partition === other.partition &&
    origin.offset === other.offset);

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
      .map(({ id, consumer, eventId, failed: { origin, failure } }) => {
        const { topic, partition, offset } = origin;
        const { reason, stack = null } = failure;
        return { id, group: consumer, eventId, topic, partition, offset, reason, stack };
      }),
  done: (ids) => {
    for (const id of ids) {
      const letter = letters.get(id);
      if (letter !== undefined) letters.set(id, { ...letter, logged: true });
    }
  },
});
