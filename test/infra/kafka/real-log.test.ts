/** A real cluster as the log: the contract, and what only a real one can do. */
import { AdminClient, Producer, type IAdminClient } from '@confluentinc/kafka-javascript';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { OffsetOutOfRange, type EventLog } from '../../../infra/kafka/event-log';
import { murmur2, partitionOf } from '../../../infra/kafka/murmur2';
import { kafkaSpec } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import { kafkaLogContract } from '../../contracts/event-log-contract';
import {
  deliver,
  failureOf,
  fromZero,
  logAt,
  pollUntil,
  recordOf,
  toldProducer,
  topicNamed,
  withConsumer,
} from './log-fixture';

const settled = async (ask: (callback: (error: unknown) => void) => void): Promise<void> =>
  new Promise((resolve, reject) => {
    ask((error) => (error instanceof Error ? reject(error) : resolve()));
  });

kafkaLogContract('a real cluster as the log', ({ servers, topicPrefix }) => ({
  open: () => logAt(servers),
  prefix: topicPrefix(),
}));

kafkaSpec('a topic of a real cluster', ({ test, before, after }, broker) => {
  const prefix = broker.topicPrefix();
  let log: EventLog;
  let admin: IAdminClient;

  const deleteTopic = async (topic: string): Promise<void> => settled((done) => admin.deleteTopic(topic, 5_000, done));

  before(async () => {
    log = await logAt(broker.servers);
    admin = AdminClient.create({ 'bootstrap.servers': broker.servers });
  });
  after(async () => {
    admin.disconnect();
    await log.close();
  });

  test('has the declared partition count, and keeps the one that it had before', async () => {
    const topic = `${prefix}counted`;
    const [made] = await log.ensureTopics([topicNamed(topic, 7)]);
    assert.is(made?.partitions, 7);
    assert.match(made?.logId ?? '', /^kafka:[A-Za-z0-9+/_-]{22}$/);
    const [found] = await log.ensureTopics([topicNamed(topic, 3)]);
    assert.equal(found, made);
  });

  test('has another identity when it was deleted and made again', async () => {
    const topic = `${prefix}again`;
    const [before] = await log.ensureTopics([topicNamed(topic)]);
    await deleteTopic(topic);
    await eventually('the topic is made again', async () => {
      const [after] = await log.ensureTopics([topicNamed(topic)]);
      return after !== undefined && after.logId !== before?.logId;
    });
  });

  test('loses its oldest records loudly', async () => {
    const topic = `${prefix}trimmed`;
    await log.ensureTopics([topicNamed(topic)]);
    await deliver(
      log,
      Array.from({ length: 400 }, (_, sequence) => recordOf(topic, sequence)),
    );
    const records = [{ topic, partition: 1, offset: 60 }];
    await settled((done) => admin.deleteRecords(records, { timeout: 5_000, operationTimeout: 5_000 }, done));
    await withConsumer(log, async (consumer) => {
      assert.equal(await consumer.watermarks(topic, 1), { low: 60, high: 100 });
      consumer.assign(fromZero(topic));
      const failure = await failureOf(pollUntil(consumer, 400));
      assert.instance(failure, OffsetOutOfRange);
      assert.match(failure.message, new RegExp(`${topic}/1: offset 0 is not in the log, which holds 60 to 100`));
      consumer.assign([{ topic, partition: 1, offset: 60 }]);
      assert.is((await pollUntil(consumer, 40))[0]?.offset, 60);
    });
  });

  test('that is made again under a consumer is not read on as if it were the same', async () => {
    const topic = `${prefix}reborn`;
    const forty = Array.from({ length: 40 }, (_, sequence) => recordOf(topic, sequence));
    const [first] = await log.ensureTopics([topicNamed(topic)]);
    await deliver(log, forty);
    await withConsumer(log, async (consumer) => {
      consumer.assign(fromZero(topic));
      await pollUntil(consumer, 40);
      await deleteTopic(topic);
      await eventually('the topic is made again', async () => {
        const [second] = await log.ensureTopics([topicNamed(topic)]);
        return second?.logId !== first?.logId;
      });
      await deliver(log, forty.slice(0, 4));
      const failure = await failureOf(pollUntil(consumer, 1));
      assert.match(`${failure.name} ${failure.message}`, /OffsetOutOfRange|unknown topic/i);
    });
  });

  test('is read on after what was read has been trimmed, however long the reading stands still', async () => {
    const topic = `${prefix}standing`;
    let laterMs = 0;
    const late = await logAt(broker.servers, {
      ...systemClock,
      monotonicMs: () => systemClock.monotonicMs() + laterMs,
    });
    await late.ensureTopics([topicNamed(topic)]);
    await deliver(
      late,
      Array.from({ length: 40 }, (_, sequence) => recordOf(topic, sequence)),
    );
    await withConsumer(late, async (consumer) => {
      consumer.assign(fromZero(topic));
      await pollUntil(consumer, 40);
      const records = fromZero(topic).map((place) => ({ ...place, offset: 10 }));
      await settled((done) => admin.deleteRecords(records, { timeout: 5_000, operationTimeout: 5_000 }, done));
      for (let hour = 0; hour < 3; hour += 1) {
        laterMs += 3_600_000;
        assert.equal(await consumer.poll(100), []);
      }
      await deliver(late, [recordOf(topic, 2)]);
      assert.is((await pollUntil(consumer, 1))[0]?.offset, 10);
    });
    await late.close();
  });

  test('that is deleted under a producer fails it once, by name', async () => {
    const topic = `${prefix}doomed`;
    await log.ensureTopics([topicNamed(topic)]);
    const { producer, delivered, failures } = await toldProducer(log);
    producer.send(recordOf(topic, 0));
    assert.is(await producer.flush(20_000), true);
    await deleteTopic(topic);
    await eventually(
      'the producer has failed',
      async () => {
        producer.send(recordOf(topic, 1));
        await systemClock.sleep(50);
        return failures.length > 0;
      },
      30_000,
    );
    const told = delivered.length;
    for (let sequence = 2; sequence <= 20; sequence += 1) {
      assert.is(producer.send(recordOf(topic, sequence)), 'queue-full', 'nothing is queued after the failure');
    }
    await systemClock.sleep(500);
    assert.is(failures.length, 1);
    assert.is(delivered.length, told, 'nothing is told after the failure');
    assert.match(failures[0]?.reason ?? '', topic);
    assert.match(failures[0]?.class ?? '', /^[a-z-]+$/);
    assert.is(await producer.flush(20_000), false);
    await producer.close();
  });

  test('gets each key where librdkafka and the Java clients put it', async () => {
    const topic = `${prefix}placed`;
    await log.ensureTopics([topicNamed(topic, 12)]);
    const keys = Array.from({ length: 200 }, (_, index) => `schlüssel-${index}-${murmur2(Buffer.from(String(index)))}`);
    const placed = new Map<string, number>();
    const producer = new Producer({
      'bootstrap.servers': broker.servers,
      partitioner: 'murmur2_random',
      dr_cb: true,
    });
    await settled((done) => producer.connect({ allTopics: false, timeout: 5_000 }, done));
    producer.setPollInBackground(true);
    producer.on('delivery-report', (_error, report) => placed.set(String(report.key), report.partition));
    for (const key of keys) producer.produce(topic, null, Buffer.from('{}'), key);
    await eventually('all are delivered', async () => Promise.resolve(placed.size === keys.length));
    await settled((done) => producer.disconnect(1_000, done));
    assert.equal(placed, new Map(keys.map((key) => [key, partitionOf(key, 12)])));
    assert.is(new Set(placed.values()).size, 12);
  });
});
