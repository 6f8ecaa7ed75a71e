/** How many records a group reads at once: bounded by number and by bytes. */
import type { LogRecord } from '../../kafka/event-log';

/** Measured: larger batches gain little, occupy the views' writer for longer, and 4,000 more cost each group some 30 MB. */
export const MAX_BATCH_RECORDS = 1_000;

/** Upper limit on the values of a batch, from the sizes of the last one: large records come in smaller batches. */
const MAX_BATCH_BYTES = 8_388_608;

/** How many records of the average size of these fit into one batch. */
export const recordsWithinBytes = (records: ReadonlyArray<LogRecord>): number => {
  const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  if (bytes === 0) return MAX_BATCH_RECORDS;
  return Math.max(1, Math.min(MAX_BATCH_RECORDS, Math.floor((MAX_BATCH_BYTES * records.length) / bytes)));
};
