/** What tests do to a broker behind the engine's back, with the bare client. */
import { AdminClient, Producer, type IAdminClient } from '@confluentinc/kafka-javascript';

const TIMEOUT_MS = 10_000;

/** Runs one call of the admin client. */
export const admin = async (
  servers: string,
  work: (client: IAdminClient, done: (error: unknown) => void) => void,
): Promise<void> => {
  const client = AdminClient.create({ 'bootstrap.servers': servers });
  try {
    await new Promise<void>((resolve, reject) => {
      work(client, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
  } finally {
    client.disconnect();
  }
};

/** Removes the records of a partition before an offset, as an operator or a retention would. */
export const deleteRecordsBefore = async (
  servers: string,
  topic: string,
  partition: number,
  offset: number,
): Promise<void> =>
  admin(servers, (client, done) =>
    client.deleteRecords([{ topic, partition, offset }], { timeout: TIMEOUT_MS }, (error: unknown) => done(error)),
  );

/** Sends one record as it is, whatever it is. */
export const produceRaw = async (
  servers: string,
  record: {
    readonly topic: string;
    readonly partition: number;
    readonly key: string;
    readonly value: Buffer | null;
    readonly headers?: ReadonlyArray<Readonly<Record<string, string | Buffer>>>;
  },
): Promise<void> => {
  const producer = new Producer({ 'bootstrap.servers': servers, 'enable.idempotence': true }, {});
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: TIMEOUT_MS }, (error: unknown) => (error instanceof Error ? reject(error) : resolve()));
  });
  const headers = record.headers?.map((each) => ({ ...each }));
  producer.produce(record.topic, record.partition, record.value, record.key, undefined, undefined, headers);
  await new Promise<void>((resolve, reject) => {
    producer.flush(TIMEOUT_MS, (error: unknown) => (error instanceof Error ? reject(error) : resolve()));
  });
  await new Promise<void>((resolve) => {
    producer.disconnect(() => resolve());
  });
};
