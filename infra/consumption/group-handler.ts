/** What a consumer group does with records, as the loop that feeds it sees it. */
import type { LogRecord } from '../kafka/event-log';
import type { Checkpoint, CheckpointMove } from './checkpoints';
import type { GroupStatus } from './group-status';

/** What became of the records of a batch; the counts of one group add up over time. */
export interface BatchOutcome {
  readonly applied: number;
  /** At or below the high-water position: delivered before. */
  readonly duplicates: number;
  /** Of a type that the group does not handle. */
  readonly notApplicable: number;
  /** Could not be read as an event; kept byte for byte beside the effects, in the same transaction. */
  readonly unreadable: number;
}

/** A batch from Kafka with the checkpoint moves that belong to it. */
export interface RecordBatch {
  readonly records: ReadonlyArray<LogRecord>;
  /** One for each partition that the batch touches; `highWaterPosition` is left to the handler, who reads the records. */
  readonly moves: ReadonlyArray<Omit<CheckpointMove, 'highWaterPosition'>>;
}

/**
 * A group's effects. Each call is one transaction: effects and checkpoints move together or not at all, so every event
 * counts exactly once, whatever is delivered.
 */
export interface GroupHandler {
  readonly group: string;
  /** The names of the topics that it reads. */
  readonly topics: ReadonlyArray<string>;
  readonly checkpoints: () => Promise<ReadonlyArray<Checkpoint>>;
  /** Sets checkpoints where there are none. */
  readonly begin: (checkpoints: ReadonlyArray<Checkpoint>) => Promise<void>;
  /** Rejects with CheckpointMoved where another process has moved a checkpoint; nothing is applied then. */
  readonly apply: (batch: RecordBatch) => Promise<BatchOutcome>;
  /** Moves checkpoints without effects, to another log or past records that are gone. Rejects with CheckpointMoved. */
  readonly move: (moves: ReadonlyArray<CheckpointMove>) => Promise<void>;
  /**
   * Reads the store itself and applies one bounded page of the events after `afterPosition` up to `untilPosition`,
   * skipping what is at or below its partition's high-water position, which it raises. Answers the position reached:
   * `untilPosition` at the end.
   */
  readonly applyFromStore: (page: {
    readonly afterPosition: number;
    readonly untilPosition: number;
  }) => Promise<{ readonly reachedPosition: number; readonly outcome: BatchOutcome }>;
  /** After a catch-up to `position`: everything at or below it is applied in every partition. */
  readonly caughtUpTo: (position: number) => Promise<void>;
  /** Writes the status where other processes can read it. */
  readonly report: (status: GroupStatus) => Promise<void>;
}
