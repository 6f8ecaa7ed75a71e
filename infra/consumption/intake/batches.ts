/** The units of an intake: a batch of records, or a page of the store. */
import type { LogRecord } from '../../kafka/event-log';
import type { OutcomeCounts } from '../status/status';
import type { CheckpointMove, HighWaterPosition } from '../checkpoints/checkpoints';

/** A batch from Kafka with the checkpoint moves that belong to it. */
export interface RecordBatch {
  readonly records: ReadonlyArray<LogRecord>;
  /** One for each partition of the batch; the handler, which reads the records, adds `highWaterPosition`. */
  readonly moves: ReadonlyArray<Omit<CheckpointMove, 'highWaterPosition'>>;
  /** Attempts so far, once retries of a transient fault have exceeded their bound; absent before. */
  readonly exhaustedAttempts?: number | undefined;
}

/** An iterable that starts from the beginning each time. */
export const repeatable = <Each>(walk: () => Iterator<Each>): Iterable<Each> => ({ [Symbol.iterator]: walk });

/** Which events of the store are to be applied. */
export interface StorePageQuery {
  readonly afterPosition: number;
  readonly untilPosition: number;
  /** Where there are bounds, no partition is read beyond its bound, and one without a bound is not read at all. */
  readonly bounds?: ReadonlyArray<HighWaterPosition>;
  /** As in a batch. */
  readonly exhaustedAttempts?: number;
}

/** The result of a page of the store. */
export interface StorePage {
  readonly reachedPosition: number;
  readonly outcome: OutcomeCounts;
}
