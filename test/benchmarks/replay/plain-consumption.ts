/** Reads whole topics with the bare client and does nothing with them: what a rebuild is measured against. */
import { KafkaConsumer } from '@confluentinc/kafka-javascript';
import { systemClock } from '../../../infra/clock';

/** Answers in how many seconds so many records were read. */
export const consumePlainly = async (
  servers: string,
  topics: ReadonlyArray<string>,
  records: number,
): Promise<number> => {
  const consumer = new KafkaConsumer({
    'bootstrap.servers': servers,
    'group.id': 'plain',
    'enable.auto.commit': false,
    'auto.offset.reset': 'earliest',
    'fetch.queue.backoff.ms': 5,
    'queued.max.messages.kbytes': 16_384,
  });
  await new Promise<void>((resolve, reject) => {
    consumer.connect({ timeout: 10_000 }, (error: unknown) => (error instanceof Error ? reject(error) : resolve()));
  });
  consumer.setDefaultConsumeTimeout(100);
  consumer.assign(
    topics.flatMap((topic) => Array.from({ length: 4 }, (_, partition) => ({ topic, partition, offset: 0 }))),
  );
  const startedMs = systemClock.monotonicMs();
  for (let read = 0; read < records;) {
    read += await new Promise<number>((resolve, reject) => {
      consumer.consume(5_000, (error, messages) => (error instanceof Error ? reject(error) : resolve(messages.length)));
    });
  }
  const seconds = (systemClock.monotonicMs() - startedMs) / 1_000;
  await new Promise<void>((resolve) => {
    consumer.disconnect(() => resolve());
  });
  return seconds;
};
