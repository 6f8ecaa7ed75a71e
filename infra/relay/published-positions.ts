/** What Kafka already has, read from the last records of each partition and compared with the store. */
import * as E from 'fp-ts/Either';
import type { Clock } from '../clock';
import type { PlaceCheck, TransactionFacts } from '../consumption/intake/intake';
import { readCloudEvent } from '../kafka/cloud-events';
import type { EventLog, LogConsumer, LogRecord, LogTopic } from '../kafka/event-log';
import type { EndRecord } from './published-history';
import { partitionMap, type ReadonlyPartitionMap } from '../topic-partition';

/**
 * How many of the last records of a partition are read, as the last one may be foreign, or an old event that was delivered again.
 * Each proves that all events up to its position are published, as a partition is published in the order of positions.
 */
const LOOK_BACK_RECORDS = 20;
const DEADLINE_MS = 30_000;

/** Reads the last records of all partitions, without those that are not events. Rejects where Kafka does not respond. */
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
    // No transaction: only the facts of the store are needed.
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
    // The last offsets may have no record. Consumers halt for that gap; here no position is found there.
    for (const gap of consumer.gaps()) {
      if (gap.foundOffset >= (open.get(gap) ?? Infinity)) open.delete(gap);
    }
    if (clock.monotonicMs() > deadlineMs) {
      throw new Error(
        `the last records of ${open
          .named()
          .map(([name]) => name)
          .join(', ')} were not received within ${DEADLINE_MS} ms`,
      );
    }
  }
  return records;
};

const endRecords = (records: ReadonlyArray<LogRecord>, check: PlaceCheck): ReadonlyArray<EndRecord> =>
  records.flatMap((record) => {
    const received = readCloudEvent(record);
    // A record that is not an event proves nothing; consumers dead-letter it.
    if (E.isLeft(received)) return [];
    const { topic, partition } = record;
    const { id, position } = received.right.envelope;
    return [{ topic, partition, id, position, refused: check(record, received.right) }];
  });

/** The highest position of this store's events that was found in each partition. */
export const highestPositions = (records: ReadonlyArray<EndRecord>): ReadonlyPartitionMap<number> => {
  const highest = partitionMap<number>();
  for (const record of records) {
    const { position, refused } = record;
    if (refused === undefined && position > (highest.get(record) ?? 0)) highest.set(record, position);
  }
  return highest;
};
