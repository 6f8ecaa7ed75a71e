/**
 * A batch as one consumer receives it: compared with the consumer's high-water positions, so that duplicates are recognised, and
 * the moves of the checkpoints are known at the end.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { destinationOf } from '../../kafka/cloud-events';
import { partitionFor } from '../../kafka/placement';
import { byPartition, partitionFinder, partitionName, type TopicPartition } from '../../topic-partition';
import { highWaterAt, type Checkpoint, type CheckpointMove, type HighWaterPosition } from '../checkpoints/checkpoints';
import type { RecordBatch } from './batches';
import type { EventHandler } from './event-handler';
import type { Failure } from './failures';
import type { BatchShare } from './failure-rate-limit';
import {
  rawEvent,
  toIncomingEvent,
  type DecodeIncoming,
  type IncomingEvent,
  type IncomingRecord,
} from './incoming-events';
import type { Origin } from './quarantine-port';

/** One item of a batch. */
export type BatchItem =
  | { readonly _tag: 'Duplicate' }
  /** A record that is not an event of this store in its place; `position` is null where it does not claim one either. */
  | {
      readonly _tag: 'NotAnEvent';
      readonly origin: () => Origin;
      readonly failure: Failure;
      readonly position: number | null;
    }
  | { readonly _tag: 'Event'; readonly event: IncomingEvent };

export interface BatchItems {
  /** Iterates from the beginning each time; what an earlier iteration noted is discarded. */
  readonly walk: () => Iterable<BatchItem>;
  /** The moves of the checkpoints, after an iteration has ended. */
  readonly moves: () => ReadonlyArray<CheckpointMove>;
  /** What that iteration has read of a log; absent where the batch comes from the store. */
  readonly fromLog?: () => Omit<BatchShare, 'foreign'>;
}

const DUPLICATE: BatchItem = { _tag: 'Duplicate' };

/** A high-water position that advances during an iteration. */
type Moving<At extends HighWaterPosition> = Omit<At, 'highWaterPosition'> & { highWaterPosition: number };

/** Records of a log. */
export const itemsFromLog = (
  catalog: Catalog,
  handler: EventHandler,
  known: ReadonlyArray<Checkpoint>,
  { incoming, moves }: Pick<RecordBatch, 'moves'> & { readonly incoming: Iterable<IncomingRecord> },
): BatchItems => {
  const earlier = appliedEarlier(catalog, known);
  const { untilPosition = Infinity } = handler;
  let marks: ReadonlyArray<Moving<CheckpointMove>> = [];
  let records = 0;
  let latest: BatchShare['latest'];
  const walk = function* (): Generator<BatchItem> {
    marks = moves.map((move) => ({ ...move, highWaterPosition: highWaterAt(known, move) }));
    const markOf = partitionFinder(marks);
    records = 0;
    handler.received?.begin();
    for (const record of incoming) {
      records += 1;
      if (E.isLeft(record.event)) {
        const failure = record.event.left;
        const isPlaced = failure.class === 'malformed';
        if (!isPlaced) latest = { failure, topic: record.topic };
        yield { _tag: 'NotAnEvent', origin: record.origin, failure, position: isPlaced ? null : record.position };
        continue;
      }
      const event = record.event.right;
      const { stream, position } = event.envelope;
      const mark = markOf(record);
      if (mark === undefined) throw new Error(`a record of ${partitionName(record)} came without a move`);
      if (position <= mark.highWaterPosition) {
        yield DUPLICATE;
        continue;
      }
      // Beyond the consumer's limit: neither counted nor applied.
      if (position > untilPosition) continue;
      mark.highWaterPosition = position;
      handler.received?.note(mark, event.envelope);
      yield position <= earlier(stream) ? DUPLICATE : { _tag: 'Event', event };
    }
  };
  return { walk, moves: () => marks, fromLog: () => ({ records, latest }) };
};

/** What reading events of the store needs. */
export interface StoredEventReader {
  readonly catalog: Catalog;
  readonly decode: DecodeIncoming;
  readonly originOf: (event: StoredEvent) => Origin;
}

/** Events of the store, ordered by position; none beyond the bound of its partition, where there are bounds. */
export const itemsFromStore = (
  { catalog, decode, originOf }: StoredEventReader,
  handler: EventHandler,
  known: ReadonlyArray<Checkpoint>,
  {
    events,
    bounds,
  }: { readonly events: ReadonlyArray<StoredEvent>; readonly bounds: ReadonlyArray<HighWaterPosition> | undefined },
): BatchItems => {
  const earlier = appliedEarlier(catalog, known);
  const place = destinations(catalog);
  let marks = byPartition<BoundedMark>([]);
  const walk = function* (): Generator<BatchItem> {
    marks = byPartition(known.map((checkpoint) => ({ ...checkpoint, bound: boundAt(bounds, checkpoint) })));
    handler.received?.begin();
    for (const event of events) {
      const at = place(event);
      if (at === undefined || !handler.topics.has(at.topic)) continue;
      const mark = marks.get(at);
      if (mark === undefined) {
        if (bounds !== undefined) continue;
        throw new Error(`${handler.consumer} has not begun ${partitionName(at)}: its events would be lost`);
      }
      const { stream, position } = event;
      if (position > mark.bound) continue;
      if (position <= mark.highWaterPosition) {
        yield DUPLICATE;
        continue;
      }
      mark.highWaterPosition = position;
      handler.received?.note(mark, event);
      if (position <= earlier(stream)) yield DUPLICATE;
      else yield { _tag: 'Event', event: toIncomingEvent(decode, rawEvent(event), () => originOf(event)) };
    }
  };
  return { walk, moves: () => marks.values().flatMap((mark) => raised(mark, highWaterAt(known, mark))) };
};

interface BoundedMark extends Moving<Checkpoint> {
  /** Events beyond it are left for later. */
  readonly bound: number;
}

const boundAt = (bounds: ReadonlyArray<HighWaterPosition> | undefined, place: TopicPartition): number =>
  bounds === undefined ? Infinity : highWaterAt(bounds, place);

/** Offsets stay where they are. */
const raised = (mark: BoundedMark, before: number): ReadonlyArray<CheckpointMove> => {
  const { topic, partition, logId, nextOffset, highWaterPosition } = mark;
  if (highWaterPosition === before) return [];
  return [{ topic, partition, logId, nextOffset, highWaterPosition, fromLogId: logId, fromOffset: nextOffset }];
};

/** The topic and partition of an event; undefined for one of an aggregate that the program no longer has. */
const destinations = (catalog: Catalog) => {
  const destination = destinationOf(catalog);
  return ({ stream }: StoredEvent) =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
};

// -------------------------------------------------------------------------------------
// Topics that were replaced
// -------------------------------------------------------------------------------------

/** Returns the position up to which the events of a stream were applied from an earlier topic; 0 where there was none. */
type AppliedEarlier = (stream: string) => number;

const nothingEarlier: AppliedEarlier = () => 0;

/**
 * What a consumer has applied from the topics that the current ones replaced. An earlier topic can have had another number of
 * partitions, so the partition there is found by the event's key.
 */
const appliedEarlier = (catalog: Catalog, known: ReadonlyArray<Checkpoint>): AppliedEarlier => {
  if (catalog.aggregates.every(({ topic }) => topic.earlier === undefined)) return nothingEarlier;
  const checkpoints = byPartition(known);
  return (stream) => {
    const earlier = catalog.byCategory(categoryOf(stream))?.topic.earlier ?? [];
    const key = aggregateIdOf(stream);
    return earlier.reduce((most, topic) => {
      const at = checkpoints.get({ topic: topic.name, partition: partitionFor(topic, key) });
      return Math.max(most, at?.highWaterPosition ?? 0);
    }, 0);
  };
};
