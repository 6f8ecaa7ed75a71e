/** Clients that get nothing done and are told nothing: it is said after a bounded time, and a new client goes on. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withTopicPrefix } from '../../../domain/kernel/topic-prefix';
import { application } from '../../../projections/fulfilment/application';
import { systemClock } from '../../../infra/clock';
import { startConsumerGroup } from '../../../infra/consumption/loop/start-consumer-group';
import { copyToTopics } from '../../../infra/dead-letters/topic/publish';
import type { EventLog } from '../../../infra/kafka/event-log';
import { openRealLog } from '../../../infra/kafka/real-log';
import { silentLogger } from '../../../infra/logger';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { kafkaProxy, silentServer, type KafkaProxy } from '../../support/kafka-proxy';
import { kafkaSpec } from '../../support/kafka-spec';
import { readLog } from '../../support/log-probe';
import { eventually } from '../../support/server';
import { tallyHandler } from '../consumption/tally-handler';
import { relayWorld, statusWhere, type RelayWorld } from '../relay/relay-fixture';
import { temporaryFolder } from '../sqlite/temporary-folder';
import { failureOf, fromZero, pollUntil, recordOf, toldProducer, topicNamed } from './log-fixture';

const { catalog: declared } = application;

const STALL_TIMEOUT_MS = 1_500;
const folder = temporaryFolder();
const payload = { sku: 's', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };

const logOver = (servers: string): Promise<EventLog> =>
  openRealLog({
    connection: { brokers: servers, securityProtocol: 'plaintext' },
    clock: systemClock,
    logger: silentLogger,
    stallTimeoutMs: STALL_TIMEOUT_MS,
  });

const streams = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `stock-s${index}`);

kafkaSpec('with a way to the broker that swallows answers', ({ test, before, after }, broker) => {
  let proxy: KafkaProxy;
  let log: EventLog;
  const worlds: RelayWorld[] = [];
  before(async () => {
    proxy = await kafkaProxy(broker.servers);
    log = await logOver(proxy.servers);
  });
  after(async () => {
    for (const world of worlds) await world.close();
    await log.close();
    await proxy.close();
  });
  const stockOf = ({ catalog }: RelayWorld): string => catalog.byCategory('stock')?.topic.name ?? '';

  test('a producer fails as stalled, saying how much is in flight to where, and another one goes on', async () => {
    const topic = `${broker.topicPrefix()}stalled`;
    await log.ensureTopics([topicNamed(topic)]);
    const first = await toldProducer(log);
    first.producer.send(recordOf(topic, 0));
    assert.is(await first.producer.flush(10_000), true);
    proxy.swallow();
    for (let sequence = 1; sequence < 8; sequence += 1)
      first.producer.send(recordOf(topic, sequence, { partition: 2 }));
    await eventually('it fails', async () => Promise.resolve(first.failures.length > 0));
    assert.is(first.failures[0]?.class, 'stalled');
    assert.match(first.failures[0]?.reason ?? '', new RegExp(`nothing for \\d s: 7 records in flight to ${topic}/2$`));
    proxy.heal();
    await first.producer.close();
    const second = await toldProducer(log);
    second.producer.send(recordOf(topic, 8));
    assert.is(await second.producer.flush(10_000), true);
    await second.producer.close();
  });

  test('a consumer fails as stalled while there is something to read, or nobody says what there is', async () => {
    const topic = `${broker.topicPrefix()}silent`;
    await log.ensureTopics([topicNamed(topic)]);
    const told = await toldProducer(log);
    for (let sequence = 0; sequence < 10; sequence += 1) told.producer.send(recordOf(topic, sequence));
    assert.is(await told.producer.flush(10_000), true);
    await told.producer.close();
    const consumer = await log.openConsumer('tidemark-test');
    consumer.assign(fromZero(topic));
    assert.is((await pollUntil(consumer, 10)).length, 10);
    proxy.swallow();
    const pollForever = async (): Promise<void> => {
      for (let polls = 0; polls < 300; polls += 1) await consumer.poll(100);
    };
    const failure = await failureOf(pollForever());
    assert.is(failure.name, 'LogStalled');
    assert.match(failure.message, /no records have come for \d+ s, and nobody says what there is to read/);
    proxy.heal();
    await consumer.close();
  });

  test(
    'the relay and a group say that they retry and why, never run in between, and go on with new clients, in order and once',
    async () => {
      const world = await relayWorld(broker.servers, broker.topicPrefix());
      worlds.push(world);
      const warnings: string[] = [];
      const logger = { ...silentLogger, warn: (fields: object) => void warnings.push(JSON.stringify(fields)) };
      const reader = openEventReader(world.storeFile);
      const tally = tallyHandler(join(folder, 'stalled.sqlite'), world.catalog, reader);
      await world.append(streams(20), payload);
      const relay = world.start({ log, logger });
      const group = startConsumerGroup({
        log,
        handler: tally,
        topics: world.catalog.aggregates.map(({ topic }) => topic),
        clock: systemClock,
        logger,
        acceptNewLog: false,
        storeLastPosition: async () => Promise.resolve(reader.lastPosition()),
      });
      try {
        await statusWhere(world, 'the relay runs', ({ cursor, state }) => cursor === 20 && state === 'running');
        await eventually('the group has read', async () => Promise.resolve(tally.counts().size === 20));
        proxy.swallow();
        await world.append(streams(20), payload);
        const status = await statusWhere(world, 'the relay retries', ({ state }) => state === 'retrying');
        assert.match(status.reason ?? '', /acknowledged nothing for \d s: 20 records in flight to .*stock\/\d/);
        await eventually('the group retries', async () => Promise.resolve(group.status().state === 'retrying'));
        const states = new Set<string>();
        for (let look = 0; look < 50; look += 1) {
          states.add(world.status()?.state ?? '');
          states.add(group.status().state);
          await systemClock.sleep(20);
        }
        assert.equal([...states], ['retrying']);
        assert.ok(group.status().reason !== null);
        assert.ok(
          warnings.some((line) => line.includes('20 records in flight')),
          'it is logged',
        );
        proxy.heal();
        await world.append(streams(20), payload);
        await statusWhere(
          world,
          'all is published',
          ({ cursor, state }) => cursor === 60 && state === 'running',
          40_000,
        );
        await eventually('the group has read on', async () => Promise.resolve(tally.counts().size === 60), 40_000);
        await eventually('the group runs', async () => Promise.resolve(group.status().state === 'running'));
        assert.equal(
          [...tally.counts().values()],
          Array.from({ length: 60 }, () => 1),
        );
      } finally {
        await Promise.all([relay.stop(), group.stop()]);
        tally.database.close();
        reader.close();
      }
      const records = await readLog(broker.servers, [stockOf(world)]);
      assert.is(records.length, 60);
      const versions = new Map<string, number>();
      for (const { stream, version } of records) {
        assert.is(version, (versions.get(stream) ?? 0) + 1, `${stream} is out of order`);
        versions.set(stream, version);
      }
    },
    { timeoutMs: 90_000 },
  );

  test('the copying of dead letters fails, saying to which topic, and goes on when answers come again', async () => {
    const prefix = broker.topicPrefix();
    const group = 'letters';
    await log.ensureTopics([topicNamed(`${prefix}${group}.dlt`, 1)]);
    let waiting = [{ seq: 1, group, key: null, value: Buffer.from('one'), headers: [] }];
    const calls = {
      copiesWaiting: async () => Promise.resolve(waiting),
      copiesDone: async () => {
        waiting = [];
        return Promise.resolve();
      },
      noteCopying: async () => Promise.resolve(),
    };
    const options = { calls, groups: [group], log, topicPrefix: prefix, clock: systemClock, logger: silentLogger };
    proxy.swallow();
    const failure = await failureOf(copyToTopics(options));
    assert.ok(failure.message.length > 0);
    assert.is(waiting.length, 1);
    proxy.heal();
    await eventually('it is copied', async () => {
      await copyToTopics(options);
      return waiting.length === 0;
    });
  });
});

kafkaSpec('with a broker that accepts connections and never answers', ({ test }, broker) => {
  test(
    'the relay and a group retry with growing pauses, say so, and stop when they are told to',
    async () => {
      const server = await silentServer();
      const log = await logOver(server.servers);
      const world = await relayWorld(broker.servers, broker.topicPrefix());
      const reader = openEventReader(world.storeFile);
      const catalog = withTopicPrefix(declared, 'none-');
      const tally = tallyHandler(join(folder, 'silent.sqlite'), catalog, reader);
      await world.append(streams(5));
      const relay = world.start({ log });
      const group = startConsumerGroup({
        log,
        handler: tally,
        topics: catalog.aggregates.map(({ topic }) => topic),
        clock: systemClock,
        logger: silentLogger,
        acceptNewLog: false,
        storeLastPosition: async () => Promise.resolve(reader.lastPosition()),
      });
      try {
        await statusWhere(world, 'the relay retries', ({ state }) => state === 'retrying');
        await eventually('the group retries', async () => Promise.resolve(group.status().state === 'retrying'));
        assert.ok((world.status()?.reason ?? '').length > 0);
        assert.ok((group.status().reason ?? '').length > 0);
      } finally {
        const beganAtMs = systemClock.monotonicMs();
        await Promise.all([relay.stop(), group.stop()]);
        assert.ok(systemClock.monotonicMs() - beganAtMs < 20_000, 'a stop is bounded');
        tally.database.close();
        reader.close();
        await world.close();
        await log.close();
        await server.close();
      }
    },
    { timeoutMs: 90_000 },
  );
});
