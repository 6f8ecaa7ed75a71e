/**
 * Processes one batch from any source: the records of a group or of a rebuild, or a page of the store. Duplicates are dropped,
 * records that do not belong here are dead-lettered, events of quarantined streams are parked, and the rest is applied by the
 * consumer's handler, each event once. All events share one handling, which is fast; where it throws, it is rolled back and the
 * batch is bisected until the event that caused it is found. So a bad event quarantines its own stream and no other.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { parseEventId, type StoredEvent } from '../../../domain/kernel/recorded-event';
import type { LogRecord } from '../../kafka/event-log';
import { partitionFinder } from '../../topic-partition';
import type { Checkpoints } from '../checkpoints/checkpoints';
import type { OutcomeCounts } from '../status/status';
import { itemsFromLog, itemsFromStore, type BatchItems } from './batch-items';
import { repeatable, type RecordBatch, type StorePageQuery } from './batches';
import type { EventHandler } from './event-handler';
import { foreignShare, type CircuitBreaker, type ForeignShare } from './failure-rate-limit';
import { failureOf, isAttributable, TransientEventError } from './failures';
import { readingOf, recordReader, type FindStored, type IncomingEvent, type IncomingRecord } from './incoming-events';
import type { StoreFactsWithStreams } from './store-facts';
import { placeCheck } from './place-check';
import { originInStore } from './store-origin';
import {
  copyOf,
  noAttempt,
  deadLetterEvent,
  deadLetterRecord,
  takeEvent,
  type Attempt,
  type IntakeContext,
} from './take-event';
import type { Quarantine } from './quarantine-port';

export interface IntakeOptions {
  readonly catalog: Catalog;
  /** The store that the events are from, as the batch's transaction sees it. */
  readonly store: () => StoreFactsWithStreams;
  readonly checkpoints: Checkpoints;
  readonly quarantine: Quarantine;
  readonly breakerOf: (consumer: string) => CircuitBreaker;
  /** Runs work inside the transaction; a throw rolls back what the work has written, and nothing else. */
  readonly savepoint: <Result>(work: () => Result) => Result;
}

type Moves = Pick<RecordBatch, 'moves' | 'exhaustedAttempts'>;

/**
 * Processes batches and moves the checkpoints. All calls belong inside the caller's transaction, which a throw must roll back.
 * Each throws CheckpointMoved, CircuitOpen and NotThisLog.
 */
export interface EventIntake {
  /** Processes records of a log; they may be iterated twice. */
  readonly records: (handler: EventHandler, batch: Moves & { readonly records: Iterable<LogRecord> }) => OutcomeCounts;
  /** Reads one record of a log, for several consumers. */
  readonly read: (record: LogRecord, logId: string) => IncomingRecord;
  /** As `records`, with records that were read before. */
  readonly incoming: (
    handler: EventHandler,
    batch: Moves & { readonly incoming: Iterable<IncomingRecord> },
  ) => OutcomeCounts;
  /** Processes events of the store, ordered by position; none beyond the bound of its partition, where there are bounds. */
  readonly events: (
    handler: EventHandler,
    events: ReadonlyArray<StoredEvent>,
    page: Pick<StorePageQuery, 'bounds' | 'exhaustedAttempts'>,
  ) => OutcomeCounts;
}

/** Makes the intake of one file. */
export const eventIntake = (options: IntakeOptions): EventIntake => {
  const { catalog, store, checkpoints } = options;
  const reading = readingOf(catalog);
  const read = recordReader(reading, placeCheck(catalog, store), findStoredIn(store));
  const originOf = originInStore(catalog, () => store().identity.storeId);
  const shareOf = foreignShares(store);
  const take = (handler: EventHandler, items: BatchItems, exhaustedAttempts: number | undefined): OutcomeCounts =>
    takeBatch({ ...options, ...reading, handler, exhaustedAttempts, shareOf }, items);

  const incoming: EventIntake['incoming'] = (handler, batch) =>
    take(handler, itemsFromLog(catalog, handler, checkpoints.read(handler.consumer), batch), batch.exhaustedAttempts);
  return {
    read,
    incoming,
    records: (handler, batch) => incoming(handler, { ...batch, incoming: readEach(read, batch) }),
    events: (handler, events, { bounds, exhaustedAttempts }) => {
      const known = checkpoints.read(handler.consumer);
      const items = itemsFromStore({ catalog, decode: reading.decode, originOf }, handler, known, {
        events,
        bounds,
      });
      return take(handler, items, exhaustedAttempts);
    },
  };
};

// -------------------------------------------------------------------------------------
// One batch
// -------------------------------------------------------------------------------------

interface BatchOptions extends IntakeOptions, IntakeContext {
  readonly shareOf: (consumer: string) => ForeignShare;
}

const takeBatch = (options: BatchOptions, items: BatchItems): OutcomeCounts => {
  const { handler, store, checkpoints } = options;
  const start = noAttempt(options.quarantine.streams(handler.consumer));
  const apply = (): Attempt => applyWholeBatch(options, start, items) ?? bisect(options, start, items);
  const attempt = store().settled?.(apply) ?? apply();
  noteFailureRate(options.breakerOf(handler.consumer), attempt);
  // A rebuild skips what its group has skipped.
  if (handler.consumer === handler.group) noteForeignShare(options.shareOf(handler.consumer), attempt, items);
  for (const move of items.moves()) checkpoints.move(handler.consumer, move);
  handler.received?.save();
  return attempt.counts;
};

/** Applies all events in one handling; undefined where some event made it throw. */
const applyWholeBatch = (options: BatchOptions, start: Attempt, items: BatchItems): Attempt | undefined => {
  const attempt = copyOf(start);
  try {
    options.savepoint(() => {
      const handling = options.handler.open();
      for (const item of items.walk()) {
        if (item._tag === 'Duplicate') attempt.counts.duplicates += 1;
        else if (item._tag === 'NotAnEvent') deadLetterRecord(options, attempt, item);
        else takeEvent(options, attempt, handling, item.event);
      }
      handling.finish();
    });
    return attempt;
  } catch (error) {
    if (isOfOneEvent(options, error)) return undefined;
    throw error;
  }
};

const bisect = (options: BatchOptions, start: Attempt, items: BatchItems): Attempt => {
  let attempt = copyOf(start);
  const events: IncomingEvent[] = [];
  for (const item of items.walk()) {
    if (item._tag === 'Duplicate') attempt.counts.duplicates += 1;
    else if (item._tag === 'NotAnEvent') deadLetterRecord(options, attempt, item);
    else events.push(item.event);
  }
  const applyPart = (part: ReadonlyArray<IncomingEvent>): void => {
    const trial = copyOf(attempt);
    try {
      options.savepoint(() => {
        const handling = options.handler.open();
        for (const event of part) takeEvent(options, trial, handling, event);
        handling.finish();
      });
      attempt = trial;
    } catch (error) {
      if (!isOfOneEvent(options, error)) throw error;
      const [first] = part;
      if (first !== undefined && part.length === 1) {
        deadLetterEvent(options, attempt, first, failureOf(error));
        return;
      }
      const middle = Math.floor(part.length / 2);
      applyPart(part.slice(0, middle));
      applyPart(part.slice(middle));
    }
  };
  if (events.length > 0) applyPart(events);
  return attempt;
};

/** Whether one event can be the cause; after the last retry also a transient error, where the policy quarantines its stream. */
const isOfOneEvent = ({ handler, exhaustedAttempts }: BatchOptions, error: unknown): boolean =>
  isAttributable(error) ||
  (error instanceof TransientEventError && exhaustedAttempts !== undefined && handler.exhausted === 'quarantine');

/** Throws CircuitOpen where too many streams fail. */
const noteFailureRate = (breaker: CircuitBreaker, { seen, newlyQuarantined, latestReason }: Attempt): void => {
  const keys = { seen, quarantined: newlyQuarantined };
  breaker.check(keys, latestReason);
  breaker.note(keys);
};

/** Throws NotThisLog where too many records are foreign. */
const noteForeignShare = (share: ForeignShare, { counts }: Attempt, { fromLog }: BatchItems): void => {
  if (fromLog !== undefined) share.note({ ...fromLog(), foreign: counts.foreign + counts.misplaced });
};

// -------------------------------------------------------------------------------------
// Parts
// -------------------------------------------------------------------------------------

/** Reads each record when the iteration reaches it. */
const readEach = (
  read: EventIntake['read'],
  { records, moves }: Parameters<EventIntake['records']>[1],
): Iterable<IncomingRecord> =>
  repeatable(function* () {
    const moveOf = partitionFinder(moves);
    for (const record of records) yield read(record, moveOf(record)?.logId ?? '');
  });

const findStoredIn =
  (store: IntakeOptions['store']): FindStored =>
  (eventId) => {
    const identity = parseEventId(eventId);
    if (identity === undefined) return undefined;
    const [event] = store().readStream(identity.stream, { afterVersion: identity.version - 1, limit: 1 });
    return event?.id === eventId ? event : undefined;
  };

const foreignShares = (store: IntakeOptions['store']): BatchOptions['shareOf'] => {
  const shares = new Map<string, ForeignShare>();
  return (consumer) => {
    const share = shares.get(consumer) ?? foreignShare(() => store().identity.storeId);
    shares.set(consumer, share);
    return share;
  };
};
