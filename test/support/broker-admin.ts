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

/** A record as a test puts it into Kafka. */
export interface RawRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: string;
  readonly value: string | Buffer;
  readonly headers?: ReadonlyArray<Readonly<Record<string, string | Buffer>>>;
}

/** Sends records in one transaction: an aborted one leaves offsets that no consumer gets, a committed one a marker at its end. */
export const produceInTransaction = async (
  servers: string,
  records: ReadonlyArray<RawRecord>,
  ending: 'commit' | 'abort',
): Promise<void> => {
  const id = `test-${process.pid}-${Math.random()}`;
  const producer = new Producer({ 'bootstrap.servers': servers, 'transactional.id': id }, {});
  const call = (work: (done: (error: unknown) => void) => void): Promise<void> =>
    new Promise((resolve, reject) => work((error) => (error instanceof Error ? reject(error) : resolve())));
  await call((done) => producer.connect({ timeout: TIMEOUT_MS }, done));
  try {
    await call((done) => producer.initTransactions(TIMEOUT_MS, done));
    await call((done) => producer.beginTransaction(done));
    for (const { topic, partition, key, value, headers } of records) {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      producer.produce(
        topic,
        partition,
        bytes,
        key,
        undefined,
        undefined,
        headers?.map((each) => ({ ...each })),
      );
    }
    await call((done) => producer.flush(TIMEOUT_MS, done));
    await call((done) =>
      ending === 'commit' ? producer.commitTransaction(TIMEOUT_MS, done) : producer.abortTransaction(TIMEOUT_MS, done),
    );
  } finally {
    await new Promise<void>((resolve) => {
      producer.disconnect(() => resolve());
    });
  }
};
