/**
 * What every consumer does with what it is given, whoever delivers it: read it as an event, drop what was delivered before,
 * pass by what it does not handle, keep aside what no contract can read, and hand over the rest, each event once.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import { decodeEvent } from '../../domain/kernel/decode-event';
import {
  categoryOf,
  type EventEnvelope,
  type RecordedEvent,
  type StoredEvent,
} from '../../domain/kernel/recorded-event';
import { destinationOf, readCloudEvent } from '../kafka/cloud-events';
import type { LogRecord } from '../kafka/event-log';
import type { Checkpoint, Checkpoints } from './checkpoints';
import { appliedEarlier } from './earlier-topics';
import type { BatchOutcome, RecordBatch } from './group-handler';
import { STORE_LOG_ID, type UnreadableRecord } from './unreadable-records';

/** Who takes events in. */
export interface Consumer {
  /** Whose checkpoints say what was taken in before: the group, or a rebuild. */
  readonly consumer: string;
  /** The group in whose name unreadable records are kept. */
  readonly group: string;
  readonly topics: ReadonlySet<string>;
  /** The types of the events that it handles. */
  readonly handled: ReadonlySet<string>;
  readonly onEvent: (event: RecordedEvent) => void;
}

export interface IntakeOptions {
  readonly catalog: Catalog;
  readonly checkpoints: Checkpoints;
  readonly keepUnreadable: (record: UnreadableRecord) => void;
}

/** Calls a function for each record of a batch with the index of the move that it belongs to. */
export type EachRecord = (visit: (record: LogRecord, moveIndex: number) => void) => void;

/** Adds up while events come in. All calls belong inside the caller's transaction, which a throw must roll back. */
export interface EventIntake {
  /** Takes records in and moves the checkpoints. Throws CheckpointMoved. */
  readonly records: (to: Consumer, moves: RecordBatch['moves'], eachRecord: EachRecord) => BatchOutcome;
  /** Takes events of the store in, in the order of positions; none beyond its partition's bound, where there are bounds. */
  readonly events: (
    to: Consumer,
    events: ReadonlyArray<StoredEvent>,
    bounds: ReadonlyArray<Checkpoint> | undefined,
  ) => BatchOutcome;
}

type Counts = { -readonly [Name in keyof BatchOutcome]: BatchOutcome[Name] };

const noCounts = (): Counts => ({ applied: 0, duplicates: 0, notApplicable: 0, unreadable: 0 });

/** Makes the intake of one file. */
export const eventIntake = (options: IntakeOptions): EventIntake => {
  const take = taking(options.catalog);
  const place = placing(options.catalog);
  return {
    records: (to, moves, eachRecord) => takeRecords(options, take, to, moves, eachRecord),
    events: (to, page, bounds) => takeEvents(options, take, place, to, page, bounds),
  };
};

/** Hands one event over, or says in a Left why it can't be read. */
type Take = (to: Consumer, envelope: EventEnvelope, data: () => unknown, counts: Counts) => E.Either<string, void>;

const taking = (catalog: Catalog): Take => {
  const decode = decodeEvent(catalog);
  return (to, envelope, data, counts) => {
    // One that was renamed since it was written is handled under its present name. One that no contract names may be the
    // newer name of one that is handled: to pass it by would be to lose it.
    const definition = catalog.eventDefinition(envelope.type);
    if (definition !== undefined && !to.handled.has(definition.type)) {
      counts.notApplicable += 1;
      return E.right(undefined);
    }
    const event = decode(envelope, data());
    if (E.isLeft(event)) return E.left(event.left.reason);
    to.onEvent(event.right);
    counts.applied += 1;
    return E.right(undefined);
  };
};

const takeRecords = (
  { catalog, checkpoints, keepUnreadable }: IntakeOptions,
  take: Take,
  to: Consumer,
  moves: RecordBatch['moves'],
  eachRecord: EachRecord,
): BatchOutcome => {
  const counts = noCounts();
  const known = checkpoints.read(to.consumer);
  const earlier = appliedEarlier(catalog, known);
  const highWater = moves.map(({ topic, partition }) => highWaterOf(known, topic, partition));
  eachRecord((record, moveIndex) => {
    const unreadable = (reason: string): void => {
      counts.unreadable += 1;
      keepUnreadable({ ...record, group: to.group, logId: moves[moveIndex]?.logId ?? '', reason });
    };
    const received = readCloudEvent(record);
    if (E.isLeft(received)) {
      unreadable(received.left);
      return;
    }
    const { envelope, data } = received.right;
    if (envelope.position <= (highWater[moveIndex] ?? 0)) {
      counts.duplicates += 1;
      return;
    }
    highWater[moveIndex] = envelope.position;
    if (envelope.position <= earlier(envelope.stream)) {
      counts.duplicates += 1;
      return;
    }
    const taken = take(to, envelope, () => data, counts);
    if (E.isLeft(taken)) unreadable(taken.left);
  });
  moves.forEach((move, moveIndex) =>
    checkpoints.move(to.consumer, { ...move, highWaterPosition: highWater[moveIndex] ?? 0 }),
  );
  return counts;
};

const takeEvents = (
  { catalog, checkpoints, keepUnreadable }: IntakeOptions,
  take: Take,
  place: ReturnType<typeof placing>,
  to: Consumer,
  page: ReadonlyArray<StoredEvent>,
  bounds: ReadonlyArray<Checkpoint> | undefined,
): BatchOutcome => {
  const counts = noCounts();
  const known = checkpoints.read(to.consumer);
  const earlier = appliedEarlier(catalog, known);
  const partitions = openPartitions(known, bounds);
  for (const event of page) {
    const at = place(event);
    if (at === undefined || !to.topics.has(at.topic)) continue;
    const partition = partitions.get(`${at.topic}/${at.partition}`);
    if (partition === undefined) {
      if (bounds !== undefined) continue;
      throw new Error(`${to.consumer} has not begun ${at.topic}/${at.partition}: its events would be lost`);
    }
    if (event.position > partition.bound) continue;
    if (event.position <= partition.highWaterPosition) {
      counts.duplicates += 1;
      continue;
    }
    partition.highWaterPosition = event.position;
    if (event.position <= earlier(event.stream)) {
      counts.duplicates += 1;
      continue;
    }
    const taken = take(to, event, () => JSON.parse(event.payload) as unknown, counts);
    if (E.isRight(taken)) continue;
    counts.unreadable += 1;
    keepUnreadable({ ...at, ...recordOf(event, at.key), group: to.group, reason: taken.left });
  }
  for (const { checkpoint, highWaterPosition } of partitions.values()) {
    if (highWaterPosition === checkpoint.highWaterPosition) continue;
    const { logId: fromLogId, nextOffset: fromOffset } = checkpoint;
    checkpoints.move(to.consumer, { ...checkpoint, highWaterPosition, fromLogId, fromOffset });
  }
  return counts;
};

/** The records of a batch as they came from the log. */
export const recordsOf =
  ({ records, moves }: RecordBatch): EachRecord =>
  (visit) => {
    const indexes = new Map(moves.map(({ topic, partition }, index) => [`${topic}/${partition}`, index]));
    for (const record of records) visit(record, indexes.get(`${record.topic}/${record.partition}`) ?? -1);
  };

const highWaterOf = (known: ReadonlyArray<Checkpoint>, topic: string, partition: number): number =>
  known.find((each) => each.topic === topic && each.partition === partition)?.highWaterPosition ?? 0;

interface OpenPartition {
  readonly checkpoint: Checkpoint;
  readonly bound: number;
  highWaterPosition: number;
}

/** The partitions that the consumer has begun. */
const openPartitions = (
  known: ReadonlyArray<Checkpoint>,
  bounds: ReadonlyArray<Checkpoint> | undefined,
): ReadonlyMap<string, OpenPartition> =>
  new Map(
    known.map((checkpoint) => {
      const { topic, partition, highWaterPosition } = checkpoint;
      const bound = bounds === undefined ? Infinity : highWaterOf(bounds, topic, partition);
      return [`${topic}/${partition}`, { checkpoint, bound, highWaterPosition }];
    }),
  );

/** Where an event stands in the log; undefined for one of an aggregate that the program no longer has. */
const placing = (catalog: Catalog) => {
  const destination = destinationOf(catalog);
  return ({ stream }: StoredEvent) =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
};

/** The event as far as it can stand for a record. */
const recordOf = ({ payload, position, recordedAt }: StoredEvent, key: string) => ({
  logId: STORE_LOG_ID,
  offset: position,
  key: Buffer.from(key),
  value: Buffer.from(payload),
  headers: {},
  timestampMs: Date.parse(recordedAt),
});
