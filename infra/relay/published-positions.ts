/** What Kafka already holds, read from the last records of each partition, each held to the store. */
import * as E from 'fp-ts/Either';
import type { Clock } from '../clock';
import type { PlaceCheck, TransactionFacts } from '../consumption/intake/intake';
import { readCloudEvent } from '../kafka/cloud-events';
import type { EventLog, LogConsumer, LogRecord, LogTopic } from '../kafka/event-log';
import type { EndRecord } from './published-history';
import { partitionMap, type ReadonlyPartitionMap } from '../topic-partition';

/**
 * So many records at the end of a partition are looked at: the very last one may be foreign, or an old event that
 * somebody delivered again. Any of them proves what it says: a partition is published in the order of positions.
 */
const LOOK_BACK_RECORDS = 20;
const DEADLINE_MS = 30_000;

/** Reads the ends of all partitions; what is not an event at all is left out. Rejects where Kafka does not answer. */
export const readEndRecords = async (
  log: EventLog,
  topics: ReadonlyArray<LogTopic>,
  check: PlaceCheck,
  facts: Pick<TransactionFacts, 'during'>,
  clock: Clock,
): Promise<ReadonlyArray<EndRecord>> => {
  const consumer = await log.openConsumer('tidemark-relay');
  try {
    const records = await readEnds(consumer, topics, clock);
    // Nothing is written: what the store has to say is read, and no more.
    return await facts.during(
      (work) => work(),
      () => endRecords(records, check),
      records,
    );
  } finally {
    await consumer.close();
  }
};

const readEnds = async (
  consumer: LogConsumer,
  topics: ReadonlyArray<LogTopic>,
  clock: Clock,
): Promise<ReadonlyArray<LogRecord>> => {
  const open = partitionMap<number>();
  const from = [];
  for (const { topic, partitions } of topics) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const { low, high } = await consumer.watermarks(topic, partition);
      if (high === low) continue;
      open.set({ topic, partition }, high);
      from.push({ topic, partition, offset: Math.max(low, high - LOOK_BACK_RECORDS) });
    }
  }
  if (from.length === 0) return [];
  consumer.assign(from);
  const records: LogRecord[] = [];
  const deadlineMs = clock.monotonicMs() + DEADLINE_MS;
  while (open.size > 0) {
    for (const record of await consumer.poll(1_000)) {
      records.push(record);
      if (record.offset + 1 >= (open.get(record) ?? Infinity)) open.delete(record);
    }
    // The last offsets may hold no record: whoever reads them halts for it, and no position is found there.
    for (const gap of consumer.gaps()) {
      if (gap.foundOffset >= (open.get(gap) ?? Infinity)) open.delete(gap);
    }
    if (clock.monotonicMs() > deadlineMs) {
      throw new Error(
        `the last records of ${open
          .named()
          .map(([name]) => name)
          .join(', ')} did not come within ${DEADLINE_MS} ms`,
      );
    }
  }
  return records;
};

const endRecords = (records: ReadonlyArray<LogRecord>, check: PlaceCheck): ReadonlyArray<EndRecord> =>
  records.flatMap((record) => {
    const received = readCloudEvent(record);
    // What is not an event proves nothing; consumers set it aside by themselves.
    if (E.isLeft(received)) return [];
    const { topic, partition } = record;
    const { id, position } = received.right.envelope;
    return [{ topic, partition, id, position, refused: check(record, received.right) }];
  });

/** The highest position that each partition was found to hold, of this store's events. */
export const highestPositions = (records: ReadonlyArray<EndRecord>): ReadonlyPartitionMap<number> => {
  const highest = partitionMap<number>();
  for (const record of records) {
    const { position, refused } = record;
    if (refused === undefined && position > (highest.get(record) ?? 0)) highest.set(record, position);
  }
  return highest;
};
