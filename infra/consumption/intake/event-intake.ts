/**
 * What every consumer does with what it is given, whoever delivers it: read it as an event, drop what was delivered before,
 * pass by what it does not handle, set aside what fails for good with all that comes after it in the same stream, and hand
 * over the rest, each event once. This is the one place where failures of events are created.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { categoryOf, parseEventId, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { originInStore } from './store-origin';
import { destinationOf } from '../../kafka/cloud-events';
import type { LogRecord } from '../../kafka/event-log';
import { highWaterAt, type Checkpoint, type Checkpoints, type Mark } from '../checkpoints/checkpoints';
import { appliedEarlier } from './replaced-topics';
import type { EventHandler } from './event-handler';
import { foreignShare, type BatchShare, type ForeignShare } from './foreign-share';
import {
  toIncomingEvent,
  readingOf,
  recordReader,
  rawEvent,
  type FindStored,
  type IncomingRecord,
  type IncomingReader,
} from './incoming-events';
import type { StoreFactsWithStreams } from './known-facts';
import { placeCheck } from './place-check';
import { intakeBatch, type IntakeDependencies, type Visit } from './isolate-failures';
import type { OutcomeCounts } from '../status/status';
import type { RecordBatch, StorePageQuery } from './batches';

export interface IntakeOptions extends IntakeDependencies {
  /** The store that the events are of. */
  readonly store: () => StoreFactsWithStreams;
  readonly catalog: Catalog;
  readonly checkpoints: Checkpoints;
}

/** Calls a function for each record of a batch with the index of the move that it belongs to; it may be asked again. */
export type EachRecord = (visit: (record: LogRecord, moveIndex: number) => void) => void;

/** The same of records that were read before. */
export type EachIncoming = (visit: (incoming: IncomingRecord, moveIndex: number) => void) => void;

type Taken = Pick<RecordBatch, 'moves' | 'exhaustedAttempts'>;

/** Adds up while events come in. All calls belong inside the caller's transaction, which a throw must roll back. */
export interface EventIntake {
  /** Takes records in and moves the checkpoints. Throws CheckpointMoved and CircuitOpen. */
  readonly records: (to: EventHandler, batch: Taken, eachRecord: EachRecord) => OutcomeCounts;
  /** Reads a record of a log, for several who take it. */
  readonly read: (record: LogRecord, logId: string) => IncomingRecord;
  /** As `records`, of what was read before. */
  readonly incoming: (to: EventHandler, batch: Taken, eachIncoming: EachIncoming) => OutcomeCounts;
  /** Takes events of the store in, in the order of positions; none beyond its partition's bound, where there are bounds. */
  readonly events: (
    to: EventHandler,
    events: ReadonlyArray<StoredEvent>,
    page: Pick<StorePageQuery, 'bounds' | 'exhaustedAttempts'>,
  ) => OutcomeCounts;
}

/** Makes the intake of one file. */
export const eventIntake = (options: IntakeOptions): EventIntake => {
  const reading = readingOf(options.catalog);
  const place = placing(options.catalog);
  const originOf = originInStore(options.catalog, () => options.store().identity.storeId);
  const read = recordReader(reading, placeCheck(options.catalog, options.store), storedBy(options.store));
  const incoming = incomingTo(options, reading);
  return {
    read,
    incoming,
    records: (to, taken, eachRecord) =>
      incoming(to, taken, (visit) =>
        eachRecord((record, moveIndex) => {
          visit(read(record, taken.moves[moveIndex]?.logId ?? ''), moveIndex);
        }),
      ),
    events: (to, events, { bounds, exhaustedAttempts }) => {
      let partitions: ReadonlyMap<string, OpenPartition> = new Map();
      const visit: Visit = (on) => {
        const known = options.checkpoints.read(to.consumer);
        const earlier = appliedEarlier(options.catalog, known);
        partitions = openPartitions(known, bounds);
        to.takenIn?.begin();
        for (const event of events) {
          const partition = partitionFor(to, place(event), partitions, bounds === undefined);
          if (partition === undefined || event.position > partition.bound) continue;
          if (event.position <= partition.highWaterPosition) {
            on.duplicate();
            continue;
          }
          partition.highWaterPosition = event.position;
          to.takenIn?.note(partition.checkpoint, event);
          if (event.position <= earlier(event.stream)) {
            on.duplicate();
            continue;
          }
          on.arrival(toIncomingEvent(reading.decode, rawEvent(event), () => originOf(event)));
        }
      };
      const counts = intakeBatch({ ...options, ...reading, to, exhaustedAttempts })(visit);
      moveMarks(options.checkpoints, to.consumer, partitions);
      to.takenIn?.save();
      return counts;
    },
  };
};

const storedBy =
  (store: IntakeOptions['store']): FindStored =>
  (eventId) => {
    const identity = parseEventId(eventId);
    if (identity === undefined) return undefined;
    const [event] = store().readStream(identity.stream, { afterVersion: identity.version - 1, limit: 1 });
    return event?.id === eventId ? event : undefined;
  };

/** Records on their way through the marks of a consumer. */
const incomingTo = (options: IntakeOptions, reading: IncomingReader): EventIntake['incoming'] => {
  const shares = new Map<string, ForeignShare>();
  const shareOf = (consumer: string): ForeignShare => {
    const share = shares.get(consumer) ?? foreignShare(() => options.store().identity.storeId);
    shares.set(consumer, share);
    return share;
  };
  return (to, { moves, exhaustedAttempts }, eachIncoming) => {
    const known = options.checkpoints.read(to.consumer);
    const earlier = appliedEarlier(options.catalog, known);
    let highWater: number[] = [];
    let records = 0;
    let latest: BatchShare['latest'];
    const visit: Visit = (on) => {
      // From the beginning, each time.
      highWater = moves.map((move) => highWaterAt(known, move));
      records = 0;
      to.takenIn?.begin();
      eachIncoming(({ origin, arrival, position: claimed }, moveIndex) => {
        records += 1;
        if (E.isLeft(arrival)) {
          const isPlaced = arrival.left.class === 'malformed';
          if (!isPlaced) latest = { failure: arrival.left, topic: moves[moveIndex]?.topic ?? '' };
          on.noEvent(origin(), arrival.left, isPlaced ? null : claimed);
          return;
        }
        const { stream, position } = arrival.right.envelope;
        if (position <= (highWater[moveIndex] ?? 0)) {
          on.duplicate();
          return;
        }
        // Not seen, for this consumer: it neither counts nor moves a mark.
        if (to.untilPosition !== undefined && position > to.untilPosition) return;
        highWater[moveIndex] = position;
        const move = moves[moveIndex];
        if (move !== undefined) to.takenIn?.note(move, arrival.right.envelope);
        if (position <= earlier(stream)) on.duplicate();
        else on.arrival(arrival.right);
      });
    };
    const { settled = (work) => work() } = options.store();
    const counts = settled(() => intakeBatch({ ...options, ...reading, to, exhaustedAttempts })(visit));
    // A rebuild passes by what its group has passed by.
    if (to.consumer === to.group)
      shareOf(to.consumer).note({ records, foreign: counts.foreign + counts.misplaced, latest });
    moves.forEach((move, moveIndex) =>
      options.checkpoints.move(to.consumer, { ...move, highWaterPosition: highWater[moveIndex] ?? 0 }),
    );
    to.takenIn?.save();
    return counts;
  };
};

/** The records of a batch as they came from the log. */
export const recordsOf =
  ({ records, moves }: RecordBatch): EachRecord =>
  (visit) => {
    const indexes = new Map(moves.map(({ topic, partition }, index) => [`${topic}/${partition}`, index]));
    for (const record of records) visit(record, indexes.get(`${record.topic}/${record.partition}`) ?? -1);
  };

// -------------------------------------------------------------------------------------
// Marks
// -------------------------------------------------------------------------------------

interface OpenPartition {
  readonly checkpoint: Checkpoint;
  readonly bound: number;
  highWaterPosition: number;
}

/** The partitions that the consumer has begun. */
const openPartitions = (
  known: ReadonlyArray<Checkpoint>,
  bounds: ReadonlyArray<Mark> | undefined,
): ReadonlyMap<string, OpenPartition> =>
  new Map(
    known.map((checkpoint) => {
      const { topic, partition, highWaterPosition } = checkpoint;
      const bound = bounds === undefined ? Infinity : highWaterAt(bounds, checkpoint);
      return [`${topic}/${partition}`, { checkpoint, bound, highWaterPosition }];
    }),
  );

const partitionFor = (
  to: EventHandler,
  at: { readonly topic: string; readonly partition: number } | undefined,
  partitions: ReadonlyMap<string, OpenPartition>,
  mustBeOpen: boolean,
): OpenPartition | undefined => {
  if (at === undefined || !to.topics.has(at.topic)) return undefined;
  const partition = partitions.get(`${at.topic}/${at.partition}`);
  if (partition === undefined && mustBeOpen) {
    throw new Error(`${to.consumer} has not begun ${at.topic}/${at.partition}: its events would be lost`);
  }
  return partition;
};

const moveMarks = (
  checkpoints: Checkpoints,
  consumer: string,
  partitions: ReadonlyMap<string, OpenPartition>,
): void => {
  for (const { checkpoint, highWaterPosition } of partitions.values()) {
    if (highWaterPosition === checkpoint.highWaterPosition) continue;
    const { logId: fromLogId, nextOffset: fromOffset } = checkpoint;
    checkpoints.move(consumer, { ...checkpoint, highWaterPosition, fromLogId, fromOffset });
  }
};

/** Where an event stands in the log; undefined for one of an aggregate that the program no longer has. */
const placing = (catalog: Catalog) => {
  const destination = destinationOf(catalog);
  return ({ stream }: StoredEvent) =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
};
