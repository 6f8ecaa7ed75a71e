/** What every log promises, real or embedded. */
import * as assert from 'uvu/assert';
import { keepsHistory, OffsetOutOfRange, RecordTooLarge, type EventLog } from '../../infra/kafka/event-log';
import { partitionFor } from '../../infra/kafka/placement';
import { outgoingHeaders, recordHeaders } from '../../infra/kafka/record-headers';
import { spec, type Spec } from '../spec';
import type { RealKafka } from '../support/kafka';
import { kafkaSpec } from '../support/kafka-spec';
import {
  deliver,
  failureOf,
  fromZero,
  pollUntil,
  recordOf,
  toldProducer,
  topicNamed,
  withConsumer,
} from '../infra/kafka/log-fixture';

export interface LogUnderTest {
  readonly open: () => Promise<EventLog>;
  /** Put before each topic's name. */
  readonly prefix: string;
}

const RECORDS = 2_000;

const defineContract = ({ test, before, after }: Spec, { open, prefix }: LogUnderTest): void => {
  const opened: EventLog[] = [];
  const log = (): EventLog => {
    const [first] = opened;
    if (first === undefined) throw new Error('the log is not open');
    return first;
  };
  let topics = 0;
  const freshTopic = async (): Promise<string> => {
    topics += 1;
    const topic = `${prefix}topic-${topics}`;
    await log().ensureTopics([topicNamed(topic)]);
    return topic;
  };

  before(async () => void opened.push(await open()));
  after(async () => log().close());

  test('makes the topics that are missing, finds them made, and tells each by its own identity', async () => {
    const declared = [topicNamed(`${prefix}a`), topicNamed(`${prefix}b`)];
    const made = await log().ensureTopics(declared);
    assert.equal(
      made.map(({ topic, partitions }) => ({ topic, partitions })),
      declared.map((each) => ({ topic: each.name, partitions: 4 })),
    );
    assert.is.not(made[0]?.logId, made[1]?.logId);
    assert.equal(await log().ensureTopics(declared), made);
    assert.equal(await log().describe([`${prefix}b`, `${prefix}a`]), [made[1], made[0]]);
  });

  test('says in each topic id whether it keeps history, and places keys where every consumer looks for them', async () => {
    const [topic] = await log().ensureTopics([topicNamed(`${prefix}capable`)]);
    assert.is(keepsHistory(topic?.logId ?? ''), log().keepsHistory);
    for (const key of ['a', 'o1', 'größe', '']) {
      for (const partitions of [1, 4, 12]) {
        assert.is(log().partitionOf({ partitions }, key), partitionFor({ partitions }, key));
      }
    }
  });

  test('lets two make the same topics at the same time', async () => {
    const declared = [topicNamed(`${prefix}race-1`), topicNamed(`${prefix}race-2`)];
    const [left, right] = await Promise.all([log().ensureTopics(declared), log().ensureTopics(declared)]);
    assert.equal(left, right);
  });

  test('rejects the description of a topic that is missing, by its name', async () => {
    const { message } = await failureOf(log().describe([`${prefix}nowhere`]));
    assert.match(message, new RegExp(`no topic ${prefix}nowhere`));
  });

  test('hands out what was sent: key, value, headers, time, in the order of each partition', async () => {
    const topic = await freshTopic();
    const headers = outgoingHeaders([
      ['Content-Type', Buffer.from('a/b')],
      ['Twice', Buffer.from('first')],
      ['twice', Buffer.from('ü')],
      ['', Buffer.from([0, 255])],
      ['twice', Buffer.of()],
      ['__proto__', Buffer.from('no prototype')],
    ]);
    const sent = Array.from({ length: RECORDS }, (_, sequence) => recordOf(topic, sequence, { headers }));
    await deliver(log(), sent);
    const received = await withConsumer(log(), async (consumer) => {
      consumer.assign(fromZero(topic));
      return pollUntil(consumer, RECORDS);
    });
    assert.is(received.length, RECORDS);
    for (let partition = 0; partition < 4; partition += 1) {
      const expected = sent.filter((record) => record.partition === partition);
      assert.equal(
        received
          .filter((record) => record.partition === partition)
          .map(({ offset, key, value, timestampMs }) => [offset, String(key), String(value), timestampMs]),
        expected.map(({ key, value, timestampMs }, offset) => [offset, key, value, timestampMs]),
      );
    }
    for (const record of received) assert.equal(record.headers, recordHeaders(headers));
  });

  test('reports each record once, and those of a partition in the order of sending', async () => {
    const topic = await freshTopic();
    const { producer, delivered, failures } = await toldProducer(log());
    for (let sequence = 0; sequence < RECORDS; sequence += 1) producer.send(recordOf(topic, sequence));
    assert.is(await producer.flush(20_000), true);
    await producer.close();
    assert.equal(failures, []);
    assert.is(delivered.length, RECORDS);
    for (let partition = 0; partition < 4; partition += 1) {
      const ofPartition = delivered.filter((sequence) => sequence % 4 === partition);
      assert.equal(
        ofPartition,
        Array.from({ length: RECORDS / 4 }, (_, index) => index * 4 + partition),
      );
    }
  });

  test('throws for a record that is too large, and goes on with the next', async () => {
    const topic = await freshTopic();
    const { producer, delivered, failures } = await toldProducer(log());
    const large = recordOf(topic, 0, { value: 'x'.repeat(5_000_000) });
    assert.throws(
      () => producer.send(large),
      (error: unknown) => error instanceof RecordTooLarge && error.sizeBytes === 5_000_000,
    );
    producer.send(recordOf(topic, 1));
    assert.is(await producer.flush(20_000), true);
    await producer.close();
    assert.equal([delivered, failures], [[1], []]);
  });

  test('answers an empty poll soon, and a later record after that', async () => {
    const topic = await freshTopic();
    await withConsumer(log(), async (consumer) => {
      consumer.assign(fromZero(topic));
      assert.equal(await consumer.poll(10), []);
      await deliver(log(), [recordOf(topic, 1)]);
      const [record] = await pollUntil(consumer, 1);
      assert.is(record?.partition, 1);
    });
  });

  test('begins at the offsets of the newest assignment, and reads nothing else', async () => {
    const topic = await freshTopic();
    await deliver(
      log(),
      Array.from({ length: 40 }, (_, sequence) => recordOf(topic, sequence)),
    );
    await withConsumer(log(), async (consumer) => {
      consumer.assign(fromZero(topic));
      await pollUntil(consumer, 1);
      consumer.assign([{ topic, partition: 2, offset: 7 }]);
      const records = await pollUntil(consumer, 3);
      assert.equal(
        records.map(({ partition, offset }) => [partition, offset]),
        [
          [2, 7],
          [2, 8],
          [2, 9],
        ],
      );
      assert.equal(await consumer.watermarks(topic, 2), { low: 0, high: 10 });
    });
  });

  for (const [where, offset] of [
    ['after the end', 11],
    ['far after the end', 1_000_000],
  ] as const) {
    test(`rejects an offset ${where} by topic and partition, although other partitions have records`, async () => {
      const topic = await freshTopic();
      await deliver(
        log(),
        Array.from({ length: 40 }, (_, sequence) => recordOf(topic, sequence)),
      );
      await withConsumer(log(), async (consumer) => {
        consumer.assign([{ topic, partition: 3, offset }, ...fromZero(topic, 3)]);
        const failure = await failureOf(pollUntil(consumer, 100));
        if (!(failure instanceof OffsetOutOfRange)) throw failure;
        assert.equal([failure.topic, failure.partition], [topic, 3]);
      });
    });
  }

  test('survives assignments that follow each other at once, and reads by the last one', async () => {
    const topic = await freshTopic();
    await deliver(
      log(),
      Array.from({ length: 8 }, (_, sequence) => recordOf(topic, sequence)),
    );
    await withConsumer(log(), async (consumer) => {
      for (let round = 0; round < 8; round += 1) {
        // They are being read when the next assignments come.
        consumer.assign(fromZero(topic));
        await pollUntil(consumer, 8);
        for (let times = 0; times < 10; times += 1) consumer.assign(fromZero(topic));
      }
      assert.is((await pollUntil(consumer, 8)).length, 8);
    });
  });

  test('closes with records outstanding, in bounded time, and closes twice', async () => {
    const topic = await freshTopic();
    const { producer } = await toldProducer(log());
    for (let sequence = 0; sequence < RECORDS; sequence += 1) producer.send(recordOf(topic, sequence));
    await Promise.all([producer.close(), producer.close()]);
    const consumer = await log().openConsumer('tidemark-test');
    consumer.assign(fromZero(topic));
    const polling = consumer.poll(1_000).catch(() => []);
    await Promise.all([consumer.close(), consumer.close()]);
    await polling;
  });
};

/** Holds a log to the contract. */
export const holdLogContract = (name: string, log: LogUnderTest): void =>
  spec(name, (tools) => defineContract(tools, log));

/** Holds a log on the broker of the run to it. */
export const kafkaLogContract = (name: string, logOn: (broker: RealKafka) => LogUnderTest): void =>
  kafkaSpec(name, (tools, broker) => defineContract(tools, logOn(broker)));
