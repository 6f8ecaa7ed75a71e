/** How many records a group reads at once: bounded by number, by bytes, and by the time that they take. */
import type { LogRecord } from '../../kafka/event-log';

/** Measured: larger batches gain little, occupy the views' writer for longer, and 4,000 more cost each group some 30 MB. */
export const MAX_BATCH_RECORDS = 1_000;

/** Upper limit on the values of a batch, from the sizes of the last one: large records come in smaller batches. */
const MAX_BATCH_BYTES = 8_388_608;

/**
 * Upper limit on the time of a batch, from the pace of the last one: a group whose handler is slow still reports its status
 * between two batches, so that it is not taken for one that hangs, and other groups have their turn.
 */
const MAX_BATCH_MS = 2_000;

/** How many records of this average size and pace are to be read at once. */
export const nextBatchRecords = (records: ReadonlyArray<LogRecord>, msPerRecord: number): number =>
  Math.max(1, Math.min(recordsWithinBytes(records), Math.floor(MAX_BATCH_MS / Math.max(msPerRecord, 1e-3))));

/** How many records of the average size of these fit into one batch. */
const recordsWithinBytes = (records: ReadonlyArray<LogRecord>): number => {
  const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  if (bytes === 0) return MAX_BATCH_RECORDS;
  return Math.max(1, Math.min(MAX_BATCH_RECORDS, Math.floor((MAX_BATCH_BYTES * records.length) / bytes)));
};
