/** Reads and repeats whole topics with the bare client, so that no code of the engine vouches for itself. */
import { KafkaConsumer, Producer, type Message } from '@confluentinc/kafka-javascript';

/** A record as the tests look at it. */
export interface ProbedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string;
  readonly id: string;
  readonly stream: string;
  readonly version: number;
}

const TIMEOUT_MS = 10_000;

/** Every record of the topics, in offset order within each partition. */
export const readLog = async (servers: string, topics: ReadonlyArray<string>): Promise<ReadonlyArray<ProbedRecord>> =>
  (await rawRecords(servers, topics)).map((message) => {
    const event = JSON.parse(message.value?.toString('utf8') ?? 'null') as { id: string; subject: string };
    return {
      topic: message.topic,
      partition: message.partition,
      offset: message.offset,
      key: String(message.key),
      id: event.id,
      stream: event.id.slice(0, event.id.lastIndexOf('@')),
      version: Number(event.id.slice(event.id.lastIndexOf('@') + 1)),
    };
  });

/** Delivers every record of the topics once more, byte for byte, each to its own partition. */
export const repeatLog = async (servers: string, topics: ReadonlyArray<string>): Promise<void> => {
  const messages = await rawRecords(servers, topics);
  const producer = new Producer({ 'bootstrap.servers': servers, 'enable.idempotence': true }, {});
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: TIMEOUT_MS }, (error) => (error instanceof Error ? reject(error) : resolve()));
  });
  for (const { topic, partition, value, key, headers } of messages) {
    producer.produce(topic, partition, value, key ?? null, undefined, undefined, headers);
  }
  await new Promise<void>((resolve, reject) => {
    producer.flush(TIMEOUT_MS, (error: unknown) => (error instanceof Error ? reject(error) : resolve()));
  });
  await new Promise<void>((resolve) => {
    producer.disconnect(() => resolve());
  });
};

/** Every record of the topics as it is. */
export const rawRecords = async (servers: string, topics: ReadonlyArray<string>): Promise<ReadonlyArray<Message>> => {
  const consumer = new KafkaConsumer({
    'bootstrap.servers': servers,
    'group.id': 'tidemark-log-probe',
    'enable.auto.commit': false,
    'auto.offset.reset': 'earliest',
  });
  const metadata = await new Promise<{ topics: { name: string; partitions: { id: number }[] }[] }>(
    (resolve, reject) => {
      consumer.connect({ timeout: TIMEOUT_MS, allTopics: true }, (error, found) =>
        error instanceof Error ? reject(error) : resolve(found),
      );
    },
  );
  try {
    const partitions = metadata.topics
      .filter(({ name }) => topics.includes(name))
      .flatMap(({ name, partitions: all }) => all.map(({ id }) => ({ topic: name, partition: id, offset: 0 })));
    let open = 0;
    for (const { topic, partition } of partitions) open += await endOffset(consumer, topic, partition);
    consumer.setDefaultConsumeTimeout(100);
    consumer.assign(partitions);
    const messages: Message[] = [];
    while (messages.length < open) messages.push(...(await consume(consumer)));
    return messages.sort((left, right) => left.offset - right.offset);
  } finally {
    await new Promise<void>((resolve) => {
      consumer.disconnect(() => resolve());
    });
  }
};

const endOffset = async (consumer: KafkaConsumer, topic: string, partition: number): Promise<number> =>
  new Promise((resolve, reject) => {
    consumer.queryWatermarkOffsets(topic, partition, TIMEOUT_MS, (error, { lowOffset, highOffset }) =>
      error instanceof Error ? reject(error) : resolve(highOffset - lowOffset),
    );
  });

const consume = async (consumer: KafkaConsumer): Promise<ReadonlyArray<Message>> =>
  new Promise((resolve, reject) => {
    consumer.consume(1_000, (error, messages) => (error instanceof Error ? reject(error) : resolve(messages)));
  });
