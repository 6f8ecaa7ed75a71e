/** Quarantine in memory: events that fail for good become dead letters, and later events of their streams are parked. */
import type { Clock } from '../../clock';
import { fingerprintOf, type FailedEvent, type Quarantine } from '../../consumption/intake/intake';
import { FOREIGN_LIMITS, isForeign } from '../../dead-letters/store/store';
import { isSamePartition } from '../../topic-partition';
import { keyOf, nextNumber, type LetterRow, type MemoryTables } from './tables';

/** Whether it is neither redriven nor discarded. */
export const isOpen = ({ status }: Pick<LetterRow, 'status'>): boolean => status === 'open' || status === 'assigned';

/** The quarantine of a file in memory. */
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

/** Whether the letter is of the place where the event failed; one with an event has none. */
export const isSamePlace = ({ eventId, failed: { origin } }: LetterRow, { origin: other }: FailedEvent): boolean =>
  eventId !== null ||
  (origin.logId === other.logId && isSamePartition(origin, other) && origin.offset === other.offset);
