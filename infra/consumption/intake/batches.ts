/** What an intake is given at a time: a batch of records, or a page of the store. */
import type { LogRecord } from '../../kafka/event-log';
import type { OutcomeCounts } from '../status/status';
import type { CheckpointMove, Mark } from '../checkpoints/checkpoints';

/** A batch from Kafka with the checkpoint moves that belong to it. */
export interface RecordBatch {
  readonly records: ReadonlyArray<LogRecord>;
  /** One for each partition that the batch touches; `highWaterPosition` is left to the handler, who reads the records. */
  readonly moves: ReadonlyArray<Omit<CheckpointMove, 'highWaterPosition'>>;
  /** The retry of transient faults has outlasted its bound: attempts so far. Absent while it has not. */
  readonly exhaustedAttempts?: number | undefined;
}

/** What can be walked through again, each time from the beginning. */
export const repeatable = <Each>(walk: () => Iterator<Each>): Iterable<Each> => ({ [Symbol.iterator]: walk });

/** Which events of the store are to be applied. */
export interface StorePageQuery {
  readonly afterPosition: number;
  readonly untilPosition: number;
  /** Where there are bounds, no partition is read beyond its own, and one that has none is not read at all. */
  readonly bounds?: ReadonlyArray<Mark>;
  /** As in a batch. */
  readonly exhaustedAttempts?: number;
}

/** How a page of the store went. */
export interface StorePage {
  readonly reachedPosition: number;
  readonly outcome: OutcomeCounts;
}
