/** What a consumer group does with records, as the loop that feeds it sees it. */
import type { LogRecord } from '../kafka/event-log';
import type { BatchOutcome } from './batch-outcome';
import type { Checkpoint, CheckpointMove } from './checkpoints';
import type { RetryPolicy } from './failures';
import type { GroupStatus } from './group-status';

export type { BatchOutcome };

/** A batch from Kafka with the checkpoint moves that belong to it. */
export interface RecordBatch {
  readonly records: ReadonlyArray<LogRecord>;
  /** One for each partition that the batch touches; `highWaterPosition` is left to the handler, who reads the records. */
  readonly moves: ReadonlyArray<Omit<CheckpointMove, 'highWaterPosition'>>;
  /** The retry of transient faults has outlasted its bound: attempts so far. Absent while it has not. */
  readonly exhaustedAttempts?: number;
}

/**
 * A group's effects. Each call is one transaction: effects and checkpoints move together or not at all, so every event
 * counts exactly once, whatever is delivered.
 */
export interface GroupHandler {
  readonly group: string;
  /** How transient faults are retried. */
  readonly retry: RetryPolicy;
  /** The names of the topics that it reads. */
  readonly topics: ReadonlyArray<string>;
  readonly checkpoints: () => Promise<ReadonlyArray<Checkpoint>>;
  /** Sets checkpoints where there are none. */
  readonly begin: (checkpoints: ReadonlyArray<Checkpoint>) => Promise<void>;
  /**
   * Rejects with CheckpointMoved where another process has moved a checkpoint, and with CircuitOpen where too many keys fail;
   * nothing is applied then. Whatever else it rejects with is transient: failures of events are outcomes.
   */
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
