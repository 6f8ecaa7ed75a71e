/**
 * A consumer's progress, kept in the consumer's own file and moved in the same transaction as its effects. Each partition has the
 * next offset, which is valid in one log only, and the high-water position in the store, which is valid in any log.
 */
import { TakenOver } from '../../engine-fault';
import { isSamePartition, type TopicPartition } from '../../topic-partition';

export interface Checkpoint extends TopicPartition {
  /** Which log the offset counts in; see LogTopic. */
  readonly logId: string;
  readonly nextOffset: number;
  /** Every event of this partition at or below this store position is applied; later deliveries of it are duplicates. */
  readonly highWaterPosition: number;
}

/** A compare-and-swap of one partition: from an offset to another. */
export interface CheckpointMove extends Checkpoint {
  readonly fromLogId: string;
  readonly fromOffset: number;
}

/** Another process moved the checkpoint: this consumer is a zombie, and its batch must roll back. */
export class CheckpointMoved extends TakenOver {
  override readonly name = 'CheckpointMoved';
}

/** The high-water position of one partition. */
export type HighWaterPosition = TopicPartition & Pick<Checkpoint, 'highWaterPosition'>;

/** The checkpoint of a partition; undefined where there is none. */
export const checkpointAt = <At extends TopicPartition>(
  checkpoints: ReadonlyArray<At>,
  place: TopicPartition,
): At | undefined => checkpoints.find((each) => isSamePartition(each, place));

/** The high-water position of a partition; 0 where none of its events was applied. */
export const highWaterAt = (checkpoints: ReadonlyArray<HighWaterPosition>, place: TopicPartition): number =>
  checkpointAt(checkpoints, place)?.highWaterPosition ?? 0;

export interface Checkpoints {
  readonly read: (consumer: string) => ReadonlyArray<Checkpoint>;
  /** Sets the checkpoint of a partition that has none; does nothing where it has one. */
  readonly begin: (consumer: string, checkpoint: Checkpoint) => void;
  /** Compare-and-swap inside the caller's transaction. Throws {@link CheckpointMoved}. */
  readonly move: (consumer: string, move: CheckpointMove) => void;
  /** Advances the high-water positions that are below these, and leaves the offsets unchanged. */
  readonly advanceHighWater: (consumer: string, marks: ReadonlyArray<HighWaterPosition>) => void;
  readonly remove: (consumer: string) => void;
}
