/** The port between a group's loop and its effects: applies batches and keeps checkpoints. */
import type { TimedCounts, GroupStatus } from '../status/status';
import type { RecordBatch, StorePage, StorePageQuery, RetryPolicy } from '../intake/intake';
import type { Checkpoint, CheckpointMove, HighWaterPosition } from '../checkpoints/checkpoints';

/**
 * A group's effects. Each call is one transaction: effects and checkpoints are written together or not at all, so every event
 * counts exactly once, however often it is delivered.
 */
export interface GroupHandler {
  readonly group: string;
  /** How transient faults are retried. */
  readonly retry: RetryPolicy;
  /** The names of the topics that it reads. */
  readonly topics: ReadonlyArray<string>;
  /** Includes those of topics that it no longer reads. */
  readonly checkpoints: () => Promise<ReadonlyArray<Checkpoint>>;
  /** Sets checkpoints where there are none. */
  readonly begin: (checkpoints: ReadonlyArray<Checkpoint>) => Promise<void>;
  /**
   * Rejects with CheckpointMoved where another process has moved a checkpoint, and with CircuitOpen where too many streams fail;
   * nothing is applied then. Every other rejection is transient: failures of events are outcomes, not rejections.
   */
  readonly apply: (batch: RecordBatch) => Promise<TimedCounts>;
  /** Moves checkpoints without effects, to another log or past records that are gone. Rejects with CheckpointMoved. */
  readonly move: (moves: ReadonlyArray<CheckpointMove>) => Promise<void>;
  /**
   * Reads the store and applies one bounded page of the events after `afterPosition` up to `untilPosition`, skipping what is at
   * or below the high-water position of its partition, and advances that. Returns the position reached: `untilPosition` at the
   * end. Rejects as `apply` does, and with TransientEventError where a single event is the cause.
   */
  readonly applyFromStore: (page: StorePageQuery) => Promise<StorePage>;
  /** After a catch-up: everything at or below these positions is applied. */
  readonly advanceHighWater: (marks: ReadonlyArray<HighWaterPosition>) => Promise<void>;
  /**
   * Whether a record was dead-lettered because its position was beyond the end of the store, and the store has reached it since:
   * the group is past it in the log, so it has to be read from the store.
   */
  readonly hasDeadLettersUpTo?: (lastPosition: number) => Promise<boolean>;
  /** Writes the status for other processes to read. */
  readonly report: (status: GroupStatus) => Promise<void>;
}
