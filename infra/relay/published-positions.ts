/** What Kafka already holds: the highest position in each partition, read from its last records. */
import * as E from 'fp-ts/Either';
import type { EventEnvelope } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import { readCloudEvent } from '../kafka/cloud-events';
import type { EventLog, LogConsumer, LogRecord, LogTopic } from '../kafka/event-log';

/** The event with the highest position that a partition holds. */
export interface PublishedEvent extends Pick<EventEnvelope, 'id' | 'position'> {
  readonly topic: string;
  readonly partition: number;
}

/**
 * So many records at the end of a partition are looked at: the very last one may be foreign, or an old event that
 * somebody delivered again. Any of them proves what it says: a partition is published in the order of positions.
 */
const LOOK_BACK_RECORDS = 20;
const DEADLINE_MS = 30_000;

/** Reads the ends of all partitions. Partitions that hold no event of ours are left out. Rejects where Kafka does not answer. */
export const readPublishedEvents = async (
  log: EventLog,
  topics: ReadonlyArray<LogTopic>,
  clock: Clock,
): Promise<ReadonlyArray<PublishedEvent>> => {
  const consumer = await log.openConsumer('tidemark-relay');
  try {
    return highestOf(await readEnds(consumer, topics, clock));
  } finally {
    await consumer.close();
  }
};

const readEnds = async (
  consumer: LogConsumer,
  topics: ReadonlyArray<LogTopic>,
  clock: Clock,
): Promise<ReadonlyArray<LogRecord>> => {
  const open = new Map<string, number>();
  const from = [];
  for (const { topic, partitions } of topics) {
    for (let partition = 0; partition < partitions; partition += 1) {
      const { low, high } = await consumer.watermarks(topic, partition);
      if (high === low) continue;
      open.set(`${topic}/${partition}`, high);
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
      const place = `${record.topic}/${record.partition}`;
      if (record.offset + 1 >= (open.get(place) ?? Infinity)) open.delete(place);
    }
    // The last offsets may hold no record: whoever reads them halts for it, and no position is found there.
    for (const { topic, partition, foundOffset } of consumer.gaps()) {
      const place = `${topic}/${partition}`;
      if (foundOffset >= (open.get(place) ?? Infinity)) open.delete(place);
    }
    if (clock.monotonicMs() > deadlineMs) {
      throw new Error(`the last records of ${[...open.keys()].join(', ')} did not come within ${DEADLINE_MS} ms`);
    }
  }
  return records;
};

const highestOf = (records: ReadonlyArray<LogRecord>): ReadonlyArray<PublishedEvent> => {
  const highest = new Map<string, PublishedEvent>();
  for (const record of records) {
    const event = readCloudEvent(record);
    // A foreign record proves nothing; consumers keep it aside by themselves.
    if (E.isLeft(event)) continue;
    const { topic, partition } = record;
    const { id, position } = event.right.envelope;
    const place = `${topic}/${partition}`;
    if (position > (highest.get(place)?.position ?? 0)) highest.set(place, { topic, partition, id, position });
  }
  return [...highest.values()];
};
