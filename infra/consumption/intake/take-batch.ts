/**
 * Takes one batch in, whoever delivers it: a group's records, a rebuild's, a page of the store. The batch is read, what was
 * delivered before is dropped, what does not belong here is set aside, what waits behind a failure waits on, and the rest goes
 * through the consumer's handler, each event once. All of them go through one handling, which is fast; where that breaks without
 * saying on whose account, it is rolled back and the batch is halved until the event that broke it stands alone. So one bad
 * event costs its own key, and a good one is never set aside with it.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { parseEventId, type StoredEvent } from '../../../domain/kernel/recorded-event';
import type { LogRecord } from '../../kafka/event-log';
import { partitionFinder } from '../../topic-partition';
import type { Checkpoints } from '../checkpoints/checkpoints';
import type { OutcomeCounts } from '../status/status';
import { arrivalsFromLog, arrivalsFromStore, type Arrivals } from './arrivals';
import { repeatable, type RecordBatch, type StorePageQuery } from './batches';
import type { EventHandler } from './event-handler';
import { foreignShare, type CircuitBreaker, type ForeignShare } from './failure-rate-limit';
import { failureOf, isAttributable, TransientEventError } from './failures';
import { readingOf, recordReader, type FindStored, type IncomingEvent, type IncomingRecord } from './incoming-events';
import type { StoreFactsWithStreams } from './store-facts';
import { placeCheck } from './place-check';
import { originInStore } from './store-origin';
import { copyOf, noAttempt, setEventAside, setRecordAside, takeEvent, type Attempt, type Taking } from './take-event';
import type { Quarantine } from './quarantine-port';

export interface IntakeOptions {
  readonly catalog: Catalog;
  /** The store that the events are of, as it is while a batch is taken in. */
  readonly store: () => StoreFactsWithStreams;
  readonly checkpoints: Checkpoints;
  readonly quarantine: Quarantine;
  readonly breakerOf: (consumer: string) => CircuitBreaker;
  /** Rolls back what was written in it when it throws, and nothing else; the call is inside a transaction. */
  readonly savepoint: <Result>(work: () => Result) => Result;
}

type Moves = Pick<RecordBatch, 'moves' | 'exhaustedAttempts'>;

/**
 * Takes batches in and moves the checkpoints. All calls belong inside the caller's transaction, which a throw must roll back.
 * Each throws CheckpointMoved, CircuitOpen and NotThisLog.
 */
export interface EventIntake {
  /** Records of a log; they may be walked through twice. */
  readonly records: (to: EventHandler, batch: Moves & { readonly records: Iterable<LogRecord> }) => OutcomeCounts;
  /** Reads one record of a log, for several who take it. */
  readonly read: (record: LogRecord, logId: string) => IncomingRecord;
  /** As `records`, of what was read before. */
  readonly incoming: (
    to: EventHandler,
    batch: Moves & { readonly incoming: Iterable<IncomingRecord> },
  ) => OutcomeCounts;
  /** Events of the store in the order of positions; none beyond its partition's bound, where there are bounds. */
  readonly events: (
    to: EventHandler,
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
  const take = (to: EventHandler, arrivals: Arrivals, exhaustedAttempts: number | undefined): OutcomeCounts =>
    takeBatch({ ...options, ...reading, to, exhaustedAttempts, shareOf }, arrivals);

  const incoming: EventIntake['incoming'] = (to, batch) =>
    take(to, arrivalsFromLog(catalog, to, checkpoints.read(to.consumer), batch), batch.exhaustedAttempts);
  return {
    read,
    incoming,
    records: (to, batch) => incoming(to, { ...batch, incoming: readEach(read, batch) }),
    events: (to, events, { bounds, exhaustedAttempts }) => {
      const known = checkpoints.read(to.consumer);
      const arrivals = arrivalsFromStore({ catalog, decode: reading.decode, originOf }, to, known, { events, bounds });
      return take(to, arrivals, exhaustedAttempts);
    },
  };
};

// -------------------------------------------------------------------------------------
// One batch
// -------------------------------------------------------------------------------------

interface BatchOptions extends IntakeOptions, Taking {
  readonly shareOf: (consumer: string) => ForeignShare;
}

const takeBatch = (options: BatchOptions, arrivals: Arrivals): OutcomeCounts => {
  const { to, store, checkpoints } = options;
  const start = noAttempt(options.quarantine.streams(to.consumer));
  const apply = (): Attempt => applyAll(options, start, arrivals) ?? applyByHalves(options, start, arrivals);
  const attempt = store().settled?.(apply) ?? apply();
  noteFailureRate(options.breakerOf(to.consumer), attempt);
  // A rebuild passes by what its group has passed by.
  if (to.consumer === to.group) noteForeignShare(options.shareOf(to.consumer), attempt, arrivals);
  for (const move of arrivals.moves()) checkpoints.move(to.consumer, move);
  to.takenIn?.save();
  return attempt.counts;
};

/** All through one handling; undefined where some event broke it. */
const applyAll = (options: BatchOptions, start: Attempt, arrivals: Arrivals): Attempt | undefined => {
  const attempt = copyOf(start);
  try {
    options.savepoint(() => {
      const handling = options.to.open();
      for (const arrival of arrivals.walk()) {
        if (arrival._tag === 'Duplicate') attempt.counts.duplicates += 1;
        else if (arrival._tag === 'NoEvent') setRecordAside(options, attempt, arrival);
        else takeEvent(options, attempt, handling, arrival.event);
      }
      handling.finish();
    });
    return attempt;
  } catch (error) {
    if (isOfOneEvent(options, error)) return undefined;
    throw error;
  }
};

const applyByHalves = (options: BatchOptions, start: Attempt, arrivals: Arrivals): Attempt => {
  let attempt = copyOf(start);
  const events: IncomingEvent[] = [];
  for (const arrival of arrivals.walk()) {
    if (arrival._tag === 'Duplicate') attempt.counts.duplicates += 1;
    else if (arrival._tag === 'NoEvent') setRecordAside(options, attempt, arrival);
    else events.push(arrival.event);
  }
  const applyPart = (part: ReadonlyArray<IncomingEvent>): void => {
    const trial = copyOf(attempt);
    try {
      options.savepoint(() => {
        const handling = options.to.open();
        for (const event of part) takeEvent(options, trial, handling, event);
        handling.finish();
      });
      attempt = trial;
    } catch (error) {
      if (!isOfOneEvent(options, error)) throw error;
      const [first] = part;
      if (first !== undefined && part.length === 1) {
        setEventAside(options, attempt, first, failureOf(error));
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

/** What one event can have thrown; also a fault of its own surroundings, after the last retry, where its key is then set aside. */
const isOfOneEvent = ({ to, exhaustedAttempts }: BatchOptions, error: unknown): boolean =>
  isAttributable(error) ||
  (error instanceof TransientEventError && exhaustedAttempts !== undefined && to.exhausted === 'quarantine');

/** Throws CircuitOpen where too many keys fail. */
const noteFailureRate = (breaker: CircuitBreaker, { seen, newlyClosed, latestReason }: Attempt): void => {
  const keys = { seen, quarantined: newlyClosed };
  breaker.check(keys, latestReason);
  breaker.note(keys);
};

/** Throws NotThisLog where too many records are not this store's. */
const noteForeignShare = (share: ForeignShare, { counts }: Attempt, { fromLog }: Arrivals): void => {
  if (fromLog !== undefined) share.note({ ...fromLog(), foreign: counts.foreign + counts.misplaced });
};

// -------------------------------------------------------------------------------------
// Parts
// -------------------------------------------------------------------------------------

/** Each record is read when it is come to. */
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
