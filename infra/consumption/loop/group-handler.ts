/** What a consumer group does with records, as the loop that feeds it sees it. */
import type { TimedCounts, GroupStatus } from '../status/status';
import type { RecordBatch, StorePage, StorePageQuery, RetryPolicy } from '../intake/intake';
import type { Checkpoint, CheckpointMove, Mark } from '../checkpoints/checkpoints';

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
  /** Those of topics that it no longer reads among them. */
  readonly checkpoints: () => Promise<ReadonlyArray<Checkpoint>>;
  /** Sets checkpoints where there are none. */
  readonly begin: (checkpoints: ReadonlyArray<Checkpoint>) => Promise<void>;
  /**
   * Rejects with CheckpointMoved where another process has moved a checkpoint, and with CircuitOpen where too many keys fail;
   * nothing is applied then. Whatever else it rejects with is transient: failures of events are outcomes.
   */
  readonly apply: (batch: RecordBatch) => Promise<TimedCounts>;
  /** Moves checkpoints without effects, to another log or past records that are gone. Rejects with CheckpointMoved. */
  readonly move: (moves: ReadonlyArray<CheckpointMove>) => Promise<void>;
  /**
   * Reads the store itself and applies one bounded page of the events after `afterPosition` up to `untilPosition`,
   * skipping what is at or below its partition's high-water position, which it raises. Returns the position reached:
   * `untilPosition` at the end. Rejects as `apply` does; with TransientEventError where it is about one event.
   */
  readonly applyFromStore: (page: StorePageQuery) => Promise<StorePage>;
  /** After a catch-up: everything at or below these marks is applied. */
  readonly caughtUpTo: (marks: ReadonlyArray<Mark>) => Promise<void>;
  /**
   * Whether a record was set aside because the store did not hold its position, and the store has come that far since: the
   * log is past it, so the store has to stand in.
   */
  readonly hasSetAsideUpTo?: (lastPosition: number) => Promise<boolean>;
  /** Writes the status where other processes can read it. */
  readonly report: (status: GroupStatus) => Promise<void>;
}
