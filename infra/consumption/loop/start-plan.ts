/**
 * Where a group starts reading each partition: a pure decision from its checkpoints, the current log and the declared topics.
 * It distinguishes every way in which a log can differ from the one that the checkpoints were made on, and either handles it or
 * refuses to start, with what to do.
 */
import type { Topic } from '../../../domain/kernel/topic';
import { keepsHistory, type LogTopic, type PartitionOffset } from '../../kafka/event-log';
import { refuse, refusedPartitionCount, type Refusal } from '../../kafka/refusal';
import { checkpointAt, type Checkpoint, type CheckpointMove } from '../checkpoints/checkpoints';
import { partitionName, type TopicPartition } from '../../topic-partition';

/** The current watermarks of a partition. */
export interface CurrentWatermarks extends TopicPartition {
  readonly logId: string;
  /** The first offset that still exists, and the one that the next record will get. */
  readonly low: number;
  readonly high: number;
}

export interface StartingPlan {
  readonly _tag: 'Start';
  /** Checkpoints for partitions that have none. */
  readonly begin: ReadonlyArray<Checkpoint>;
  /** Checkpoints that move to another log, or past deleted records. */
  readonly moves: ReadonlyArray<CheckpointMove>;
  readonly from: ReadonlyArray<PartitionOffset>;
  /** Why the log lacks events that the group has not seen, so that they are read from the store. */
  readonly catchUp: string | undefined;
}

export interface StartingState {
  readonly declared: ReadonlyArray<Topic>;
  readonly found: ReadonlyArray<LogTopic>;
  readonly bounds: ReadonlyArray<CurrentWatermarks>;
  readonly checkpoints: ReadonlyArray<Checkpoint>;
  readonly acceptNewLog: boolean;
}

/** The log id of a partition that was never read and whose log no longer has its first records. */
const UNREAD_LOG = 'none';

/** Plans the start of a group; a Refusal where an operator has to decide first. */
export const startingPlan = (state: StartingState): StartingPlan | Refusal => {
  const miscounted = refusedPartitionCount(state.declared, state.found);
  if (miscounted !== undefined) return miscounted;
  const renamed = refusedRenaming(state);
  if (renamed !== undefined) return renamed;
  const begin: Checkpoint[] = [];
  const moves: CheckpointMove[] = [];
  const from: PartitionOffset[] = [];
  let catchUp: string | undefined;
  for (const bounds of state.bounds) {
    const { topic, partition } = bounds;
    const checkpoint = checkpointAt(state.checkpoints, bounds);
    const { logId } = bounds;
    const isOtherLog = checkpoint?.logId !== logId;
    // Another partition of the topic has switched to this log already: an operator has accepted it.
    const isMeant = isOtherLog && state.checkpoints.some((each) => each.topic === topic && each.logId === logId);
    const start = partitionStart(bounds, checkpoint, state.acceptNewLog || isMeant);
    if (start._tag === 'Refuse') return start;
    catchUp ??= start.catchUp;
    from.push({ topic, partition, offset: start.offset });
    const place = { topic, partition, highWaterPosition: 0 };
    if (checkpoint === undefined && start.catchUp === undefined) {
      begin.push({ ...place, logId, nextOffset: start.offset });
      continue;
    }
    // A restart before the end of the catch-up has to make the same plan.
    if (checkpoint === undefined) begin.push({ ...place, logId: UNREAD_LOG, nextOffset: 0 });
    const known = checkpoint ?? { ...place, logId: UNREAD_LOG, nextOffset: 0 };
    if (known.logId !== logId || known.nextOffset !== start.offset) {
      const { logId: fromLogId, nextOffset: fromOffset } = known;
      moves.push({ ...known, logId, nextOffset: start.offset, fromLogId, fromOffset });
    }
  }
  return { _tag: 'Start', begin, moves, from, catchUp };
};

/** Refuses where all topics that the group has read have other names: reading them again would count every event twice. */
const refusedRenaming = ({ declared, checkpoints }: StartingState): Refusal | undefined => {
  const names = new Set(declared.flatMap(({ name, earlier = [] }) => [name, ...earlier.map((each) => each.name)]));
  if (checkpoints.length === 0 || checkpoints.some(({ topic }) => names.has(topic))) return undefined;
  const read = [...new Set(checkpoints.map(({ topic }) => topic))].join(', ');
  return refuse(
    `this group has read ${read} so far, and is now configured to read ${[...names].join(', ')}: has KAFKA_TOPIC_PREFIX ` +
      'changed? Set it back; or move the views and reactors files away, so that everything is rebuilt from the other topics',
  );
};

interface PartitionStart {
  readonly _tag: 'From';
  readonly offset: number;
  readonly catchUp: string | undefined;
}

const startAt = (offset: number, catchUp?: string): PartitionStart => ({ _tag: 'From', offset, catchUp });

const partitionStart = (
  bounds: CurrentWatermarks,
  checkpoint: Checkpoint | undefined,
  acceptNewLog: boolean,
): PartitionStart | Refusal => {
  const { topic, partition, logId, low, high } = bounds;
  const place = partitionName({ topic, partition });
  const vanishes = !keepsHistory(logId);
  if (checkpoint === undefined || checkpoint.logId !== logId) {
    if (vanishes) return startAt(low, 'the embedded broker starts empty');
    if (checkpoint !== undefined && !isForgettable(checkpoint.logId) && !acceptNewLog) {
      return refuse(
        `${topic} is not the topic that this group has read so far (it was recreated, or this is another cluster): ` +
          'if that is intended, start once with ACCEPT_NEW_LOG=true; the relay then publishes everything again, and what ' +
          'was applied before is not applied twice',
      );
    }
    return startAt(low, low > 0 ? `${place} begins at offset ${low}, earlier records are deleted` : undefined);
  }
  const { nextOffset } = checkpoint;
  if (nextOffset >= low && nextOffset <= high) return startAt(nextOffset);
  if (vanishes) return startAt(low, `the embedded broker has evicted the records of ${place} below offset ${low}`);
  if (nextOffset < low && acceptNewLog) {
    return startAt(low, `${place} no longer has ${low - nextOffset} records that this group has not read`);
  }
  return refuse(outOfRange(place, nextOffset, low, high));
};

/** A log that is not expected to exist after a restart. */
const isForgettable = (logId: string): boolean => !keepsHistory(logId) || logId === UNREAD_LOG;

const outOfRange = (place: string, nextOffset: number, low: number, high: number): string =>
  nextOffset < low
    ? `${place}: the next offset of this group is ${nextOffset}, but Kafka's first one is ${low}: ${low - nextOffset} records ` +
      'are deleted (retention, or DeleteRecords). Nothing is skipped silently: lengthen the retention, and start once with ' +
      'ACCEPT_NEW_LOG=true; the deleted events are then read from the store'
    : `${place}: the next offset of this group is ${nextOffset}, but Kafka's log ends at ${high}: it has lost records that ` +
      'were acknowledged. Restore the broker, or delete the topic and start once with ACCEPT_NEW_LOG=true';
