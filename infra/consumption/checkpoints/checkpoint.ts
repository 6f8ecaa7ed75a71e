/**
 * A consumer's progress, kept in the consumer's own file and moved in the same transaction as its effects. Two marks a
 * partition: the next offset in one very log, and the high-water position, which holds whatever log delivered the event.
 */
import { TakenOver } from '../../engine-fault';
import { isSamePartition, type TopicPartition } from '../../topic-partition';

export interface Checkpoint extends TopicPartition {
  /** Which log the offset counts in; see LogTopic. */
  readonly logId: string;
  readonly nextOffset: number;
  /** Every event of this partition at or below this store position is applied. The duplicate check. */
  readonly highWaterPosition: number;
}

/** A move of one partition: from an offset (the compare) to another (the swap). */
export interface CheckpointMove extends Checkpoint {
  readonly fromLogId: string;
  readonly fromOffset: number;
}

/** Somebody else moved the checkpoint: this consumer is a zombie, and its batch must roll back. */
export class CheckpointMoved extends TakenOver {
  override readonly name = 'CheckpointMoved';
}

/** A high-water position of one partition. */
export type Mark = TopicPartition & Pick<Checkpoint, 'highWaterPosition'>;

/** The checkpoint of a partition; undefined where there is none. */
export const checkpointAt = <At extends TopicPartition>(
  checkpoints: ReadonlyArray<At>,
  place: TopicPartition,
): At | undefined => checkpoints.find((each) => isSamePartition(each, place));

/** The high-water position of a partition; 0 where nothing of it was applied. */
export const highWaterAt = (checkpoints: ReadonlyArray<Mark>, place: TopicPartition): number =>
  checkpointAt(checkpoints, place)?.highWaterPosition ?? 0;

export interface Checkpoints {
  readonly read: (consumer: string) => ReadonlyArray<Checkpoint>;
  /** Sets the checkpoint of a partition that has none; does nothing where it has one. */
  readonly begin: (consumer: string, checkpoint: Checkpoint) => void;
  /** Compare-and-swap inside the caller's transaction. Throws {@link CheckpointMoved}. */
  readonly move: (consumer: string, move: CheckpointMove) => void;
  /** Raises the high-water positions that lie below these, and leaves the offsets where they are. */
  readonly raiseEach: (consumer: string, marks: ReadonlyArray<Mark>) => void;
  readonly remove: (consumer: string) => void;
}
