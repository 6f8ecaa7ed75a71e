/**
 * A batch as it arrives at one consumer: held to the consumer's marks, so that what was delivered before is told from what is
 * new, and the checkpoints' moves are known at the end.
 */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { destinationOf } from '../../kafka/cloud-events';
import { partitionFor } from '../../kafka/placement';
import { byPartition, partitionFinder, partitionName, type TopicPartition } from '../../topic-partition';
import { highWaterAt, type Checkpoint, type CheckpointMove, type Mark } from '../checkpoints/checkpoints';
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

/** What a walk through a batch meets. */
export type Arrival =
  | { readonly _tag: 'Duplicate' }
  /** A record that is no event of this store in its place; null where it claims no position either. */
  | {
      readonly _tag: 'NoEvent';
      readonly origin: () => Origin;
      readonly failure: Failure;
      readonly position: number | null;
    }
  | { readonly _tag: 'Event'; readonly event: IncomingEvent };

export interface Arrivals {
  /** From the beginning, each time: what an earlier walk has noted is forgotten. */
  readonly walk: () => Iterable<Arrival>;
  /** How the checkpoints move, by the walk that came to its end. */
  readonly moves: () => ReadonlyArray<CheckpointMove>;
  /** What that walk has met of a log; absent where the batch comes from the store. */
  readonly fromLog?: () => Omit<BatchShare, 'foreign'>;
}

const DUPLICATE: Arrival = { _tag: 'Duplicate' };

/** A mark that moves while events go by. */
type Moving<At extends Mark> = Omit<At, 'highWaterPosition'> & { highWaterPosition: number };

/** Records of a log. */
export const arrivalsFromLog = (
  catalog: Catalog,
  to: EventHandler,
  known: ReadonlyArray<Checkpoint>,
  { incoming, moves }: Pick<RecordBatch, 'moves'> & { readonly incoming: Iterable<IncomingRecord> },
): Arrivals => {
  const earlier = appliedEarlier(catalog, known);
  const { untilPosition = Infinity } = to;
  let marks: ReadonlyArray<Moving<CheckpointMove>> = [];
  let records = 0;
  let latest: BatchShare['latest'];
  const walk = function* (): Generator<Arrival> {
    marks = moves.map((move) => ({ ...move, highWaterPosition: highWaterAt(known, move) }));
    const markOf = partitionFinder(marks);
    records = 0;
    to.takenIn?.begin();
    for (const record of incoming) {
      records += 1;
      if (E.isLeft(record.event)) {
        const failure = record.event.left;
        const isPlaced = failure.class === 'malformed';
        if (!isPlaced) latest = { failure, topic: record.topic };
        yield { _tag: 'NoEvent', origin: record.origin, failure, position: isPlaced ? null : record.position };
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
      // Not seen, for this consumer: it neither counts nor moves a mark.
      if (position > untilPosition) continue;
      mark.highWaterPosition = position;
      to.takenIn?.note(mark, event.envelope);
      yield position <= earlier(stream) ? DUPLICATE : { _tag: 'Event', event };
    }
  };
  return { walk, moves: () => marks, fromLog: () => ({ records, latest }) };
};

/** How events of the store are read. */
export interface StoredReading {
  readonly catalog: Catalog;
  readonly decode: DecodeIncoming;
  readonly originOf: (event: StoredEvent) => Origin;
}

/** Events of the store, in the order of positions; none beyond its partition's bound, where there are bounds. */
export const arrivalsFromStore = (
  { catalog, decode, originOf }: StoredReading,
  to: EventHandler,
  known: ReadonlyArray<Checkpoint>,
  { events, bounds }: { readonly events: ReadonlyArray<StoredEvent>; readonly bounds: ReadonlyArray<Mark> | undefined },
): Arrivals => {
  const earlier = appliedEarlier(catalog, known);
  const place = placing(catalog);
  let marks = byPartition<BoundedMark>([]);
  const walk = function* (): Generator<Arrival> {
    marks = byPartition(known.map((checkpoint) => ({ ...checkpoint, bound: boundAt(bounds, checkpoint) })));
    to.takenIn?.begin();
    for (const event of events) {
      const at = place(event);
      if (at === undefined || !to.topics.has(at.topic)) continue;
      const mark = marks.get(at);
      if (mark === undefined) {
        if (bounds !== undefined) continue;
        throw new Error(`${to.consumer} has not begun ${partitionName(at)}: its events would be lost`);
      }
      const { stream, position } = event;
      if (position > mark.bound) continue;
      if (position <= mark.highWaterPosition) {
        yield DUPLICATE;
        continue;
      }
      mark.highWaterPosition = position;
      to.takenIn?.note(mark, event);
      if (position <= earlier(stream)) yield DUPLICATE;
      else yield { _tag: 'Event', event: toIncomingEvent(decode, rawEvent(event), () => originOf(event)) };
    }
  };
  return { walk, moves: () => marks.values().flatMap((mark) => raised(mark, highWaterAt(known, mark))) };
};

interface BoundedMark extends Moving<Checkpoint> {
  /** What lies beyond it is left for later. */
  readonly bound: number;
}

const boundAt = (bounds: ReadonlyArray<Mark> | undefined, place: TopicPartition): number =>
  bounds === undefined ? Infinity : highWaterAt(bounds, place);

/** Offsets stay where they are. */
const raised = (mark: BoundedMark, before: number): ReadonlyArray<CheckpointMove> => {
  const { topic, partition, logId, nextOffset, highWaterPosition } = mark;
  if (highWaterPosition === before) return [];
  return [{ topic, partition, logId, nextOffset, highWaterPosition, fromLogId: logId, fromOffset: nextOffset }];
};

/** Where an event stands in the log; undefined for one of an aggregate that the program no longer has. */
const placing = (catalog: Catalog) => {
  const destination = destinationOf(catalog);
  return ({ stream }: StoredEvent) =>
    catalog.byCategory(categoryOf(stream)) === undefined ? undefined : destination(stream);
};

// -------------------------------------------------------------------------------------
// Topics that were replaced
// -------------------------------------------------------------------------------------

/** Finds the position up to which the events of a stream were applied from an earlier topic; 0 where there was none. */
type AppliedEarlier = (stream: string) => number;

const nothingEarlier: AppliedEarlier = () => 0;

/**
 * What a consumer has applied from the topics that the present ones took over from. The earlier topic had other partitions, so it
 * is the event's key that tells how far it was read there.
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
