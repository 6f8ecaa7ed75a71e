/** Logs, topics and records for the tests of the Kafka room. */
import type { Topic } from '../../../domain/kernel/topic';
import { systemClock, type Clock } from '../../../infra/clock';
import type { EventLog, LogConsumer, LogProducer, LogRecord, OutgoingRecord } from '../../../infra/kafka/event-log';
import { openLog } from '../../../infra/broker/open-log';
import { silentLogger } from '../../../infra/logger';

/** A real cluster as the engine opens it. */
export const logAt = async (brokers: string, clock: Clock = systemClock): Promise<EventLog> =>
  openLog({
    configuration: { kafka: { brokers, securityProtocol: 'plaintext' } },
    clock,
    logger: silentLogger,
  });

/** A declared topic, kept for ever. */
export const topicNamed = (name: string, partitions = 4): Topic => ({
  name,
  partitions,
  retention: 'forever',
  key: { is: 'the id', because: 'it is a test', concurrency: 'x', skew: 'x' },
});

/** The time of record zero: now, for Kafka forgets a producer whose records are dated a day back. */
export const timeZeroMs = systemClock.nowMs();

/** Record number `sequence`, spread over the partitions unless said otherwise. */
export const recordOf = (topic: string, sequence: number, changes: Partial<OutgoingRecord> = {}): OutgoingRecord => ({
  topic,
  partition: sequence % 4,
  key: `key-${sequence % 7}`,
  value: JSON.stringify({ sequence }),
  headers: [{ 'content-type': 'application/json' }],
  timestampMs: timeZeroMs + sequence,
  sequence,
  ...changes,
});

/** A producer that remembers what it told. */
export interface ToldProducer {
  readonly producer: LogProducer;
  readonly delivered: ReadonlyArray<number>;
  readonly failures: ReadonlyArray<{ readonly class: string; readonly reason: string }>;
}

export const toldProducer = async (log: EventLog): Promise<ToldProducer> => {
  const delivered: number[] = [];
  const failures: { readonly class: string; readonly reason: string }[] = [];
  const producer = await log.openProducer({
    onDelivered: (sequence) => void delivered.push(sequence),
    onFailed: (failure) => void failures.push(failure),
  });
  return { producer, delivered, failures };
};

/** Delivers records through a producer of their own. */
export const deliver = async (log: EventLog, records: ReadonlyArray<OutgoingRecord>): Promise<void> => {
  const { producer, failures } = await toldProducer(log);
  for (const record of records) if (producer.send(record) !== 'queued') throw new Error('the queue is full');
  const flushed = await producer.flush(20_000);
  await producer.close();
  if (!flushed) throw new Error(`not delivered: ${JSON.stringify(failures)}`);
};

/** Polls until so many records came, or fails. */
export const pollUntil = async (
  consumer: LogConsumer,
  count: number,
  deadlineMs = 20_000,
): Promise<ReadonlyArray<LogRecord>> => {
  const records: LogRecord[] = [];
  const untilMs = systemClock.monotonicMs() + deadlineMs;
  while (records.length < count) {
    if (systemClock.monotonicMs() > untilMs) throw new Error(`only ${records.length} of ${count} records came`);
    records.push(...(await consumer.poll(1_000)));
  }
  return records;
};

/** Every partition of a topic from its first offset on. */
export const fromZero = (topic: string, partitions = 4) =>
  Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 }));

/** Runs `work` with a consumer that is closed afterwards. */
export const withConsumer = async <Result>(
  log: EventLog,
  work: (consumer: LogConsumer) => Promise<Result>,
): Promise<Result> => {
  const consumer = await log.openConsumer('tidemark-test');
  try {
    return await work(consumer);
  } finally {
    await consumer.close();
  }
};

/** The error that a promise ends with. */
export const failureOf = async (work: Promise<unknown>): Promise<Error> => {
  try {
    await work;
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`rejected with something that is not an Error: ${String(error)}`);
  }
  throw new Error('it was expected to fail, and did not');
};
