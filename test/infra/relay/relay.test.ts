/** The relay on a real broker: what it publishes, once and in order, and where it halts. */
import * as assert from 'uvu/assert';
import { partitionOf } from '../../../infra/kafka/murmur2';
import { relayMigrations } from '../../../infra/sqlite/relay-file/relay-file';
import { openForWriting } from '../../../infra/sqlite/database';
import { storeMigrations } from '../../../infra/sqlite/store-migrations';
import { admin } from '../../support/broker-admin';
import { ownKafka } from '../../support/kafka';
import { kafkaSpec } from '../../support/kafka-spec';
import { readLog, type ProbedRecord } from '../../support/log-probe';
import { relayWorld, statusWhere, type RelayWorld } from './relay-fixture';

const topicsOf = ({ catalog }: RelayWorld): ReadonlyArray<string> => catalog.aggregates.map(({ topic }) => topic.name);

const caughtUp = (world: RelayWorld, storePosition: number) =>
  statusWhere(world, `everything up to ${storePosition} is published`, ({ cursor }) => cursor >= storePosition);

const lastPosition = async ({ store }: RelayWorld): Promise<number> => {
  const last = await store.lastPosition()();
  return last._tag === 'Right' ? last.right : -1;
};

/** Each event once, in version order within its stream. */
const assertOnceInOrder = (records: ReadonlyArray<ProbedRecord>, expected: number): void => {
  assert.is(records.length, expected);
  const versions = new Map<string, number>();
  for (const { stream, version } of records) {
    assert.is(version, (versions.get(stream) ?? 0) + 1, `${stream}: the versions have gaps or repeats`);
    versions.set(stream, version);
  }
};

const streams = (count: number): ReadonlyArray<string> =>
  Array.from({ length: count }, (_, index) => `stock-s${index}`);

kafkaSpec('the relay', ({ test, after }, broker) => {
  const { servers } = broker;
  const worlds: RelayWorld[] = [];
  const newWorld = async (prefix = broker.topicPrefix()): Promise<RelayWorld> => {
    const world = await relayWorld(servers, prefix);
    worlds.push(world);
    return world;
  };
  after(async () => {
    for (const world of worlds) await world.close();
  });

  test('publishes each event once, in the order of its key, to the partition of its key', async () => {
    const world = await newWorld();
    const relay = world.start();
    for (let round = 0; round < 40; round += 1) await world.append(streams(50));
    await caughtUp(world, 2_000);
    const records = await readLog(servers, topicsOf(world));
    assertOnceInOrder(records, 2_000);
    for (const { key, partition } of records) assert.is(partition, partitionOf(key, 4));
    await relay.stop();
    assert.is(world.status()?.state, 'stopped');
  });

  test('publishes nothing twice after a crash between the delivery reports and the saving of the cursor', async () => {
    const world = await newWorld();
    await world.append(streams(30));
    await world.append(streams(30));
    const first = world.start();
    await caughtUp(world, 60);
    await first.stop();
    // As after a crash: Kafka has everything, but the cursor is at the beginning.
    const file = openForWriting({ file: world.relayFile, synchronous: 'NORMAL', migrations: relayMigrations });
    file.prepare('UPDATE relay_cursor SET position = 0').run();
    file.close();
    await world.append(streams(30));
    world.start();
    const status = await statusWhere(
      world,
      'all is published',
      ({ cursor, state }) => cursor === 90 && state === 'running',
    );
    assert.is(status.skipped, 60);
    assert.is(status.published, 30);
    assertOnceInOrder(await readLog(servers, topicsOf(world)), 90);
  });

  test('makes a second relay wait, and take over where the first one stopped', async () => {
    const world = await newWorld();
    await world.append(streams(10));
    const first = world.start();
    await caughtUp(world, 10);
    const waited: string[] = [];
    const logger = {
      debug: () => {},
      info: (_: unknown, message: string) => void waited.push(message),
      warn: () => {},
      error: () => {},
    };
    const second = world.start({ logger });
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok(waited.some((message) => /this one waits/.test(message)));
    await first.stop();
    await world.append(streams(10));
    await caughtUp(world, 20);
    assertOnceInOrder(await readLog(servers, topicsOf(world)), 20);
    await second.stop();
  });

  test(
    'refuses a recreated topic, and publishes everything again where that is meant',
    async () => {
      const world = await newWorld();
      await world.append(streams(20));
      const first = world.start();
      await caughtUp(world, 20);
      await first.stop();
      const [stock = ''] = topicsOf(world).filter((name) => name.endsWith('stock'));
      await admin(servers, (client, done) => client.deleteTopic(stock, 10_000, done));
      await new Promise((resolve) => setTimeout(resolve, 1_500));
      const halted = world.start();
      const status = await statusWhere(world, 'the relay is halted', ({ state }) => state === 'halted');
      assert.match(status.reason ?? '', /recreated.*ACCEPT_NEW_LOG=true/);
      await halted.stop();
      world.start({ acceptNewLog: true });
      await statusWhere(world, 'all is published again', ({ cursor, state }) => cursor === 20 && state === 'running');
      assertOnceInOrder(await readLog(servers, topicsOf(world)), 20);
    },
    { timeoutMs: 60_000 },
  );

  test('refuses topics with another partition count than declared', async () => {
    const world = await newWorld();
    const [orders = ''] = topicsOf(world);
    await admin(servers, (client, done) =>
      client.createTopic({ topic: orders, num_partitions: 3, replication_factor: 1 }, 10_000, done),
    );
    world.start();
    const status = await statusWhere(world, 'the relay is halted', ({ state }) => state === 'halted');
    assert.match(status.reason ?? '', /3 partitions, declared are 4/);
  });

  test("refuses another store's topics, and a store that is older than its topics", async () => {
    const prefix = broker.topicPrefix();
    const world = await newWorld(prefix);
    await world.append(streams(10));
    await caughtUp(world, await startAndLast(world));
    const stranger = await newWorld(prefix);
    await stranger.append(streams(12).map((stream) => `${stream}x`));
    stranger.start();
    const foreign = await statusWhere(stranger, 'the relay is halted', ({ state }) => state === 'halted');
    assert.match(foreign.reason ?? '', /belong to another store.*KAFKA_TOPIC_PREFIX/);
    assert.is(foreign.cause, 'other-store');
    const older = await newWorld(prefix);
    await older.append(['stock-s0']);
    // The same store, as a backup of it may be that was made before the rest was published.
    setStoreId(older.storeFile, world.store.identity.storeId);
    older.start();
    const backup = await statusWhere(older, 'the relay is halted', ({ state }) => state === 'halted');
    assert.match(backup.reason ?? '', /ends at 1.*the store is older.*tidemark store new-history/);
    assert.is(backup.cause, 'store-behind');
  });

  test('blocks only the partition of an event that Kafka always rejects, and names it', async () => {
    const world = await newWorld();
    await world.append(streams(5));
    await world.append(['stock-huge'], { text: 'x'.repeat(2_000_000) });
    await world.append(streams(50));
    world.start();
    const status = await statusWhere(
      world,
      'the rest is published',
      ({ state, cursor }) => state === 'blocked' && cursor === 56,
    );
    assert.match(status.reason ?? '', /stock-huge@1 at position 6.*larger/);
    const records = await readLog(servers, topicsOf(world));
    const elsewhere = streams(50).filter((stream) => partitionOf(stream.slice(6), 4) !== partitionOf('huge', 4));
    assert.is(
      records.filter(({ offset, partition }) => offset >= 0 && partition !== partitionOf('huge', 4)).length >=
        elsewhere.length,
      true,
    );
  });
});

kafkaSpec('the relay, when its broker dies', ({ test }) => {
  test(
    'loses, doubles and reorders nothing over kill -9 and a restart of the broker',
    async () => {
      const own = await ownKafka();
      const world = await relayWorld(own.servers, '');
      try {
        const relay = world.start();
        await world.append(streams(100));
        await caughtUp(world, 100);
        const writing = (async () => {
          for (let round = 0; round < 100; round += 1) {
            await world.append(streams(100));
            await new Promise((resolve) => setTimeout(resolve, 10));
          }
        })();
        await new Promise((resolve) => setTimeout(resolve, 300));
        await own.kill();
        await writing;
        assert.is(await lastPosition(world), 10_100, 'the store takes events while Kafka is away');
        await own.restart();
        await statusWhere(world, 'all is published', ({ cursor }) => cursor === 10_100, 60_000);
        assertOnceInOrder(await readLog(own.servers, topicsOf(world)), 10_100);
        await relay.stop();
      } finally {
        await world.close();
        await own.stop();
      }
    },
    { timeoutMs: 120_000 },
  );
});

const setStoreId = (file: string, storeId: string): void => {
  const database = openForWriting({ file, synchronous: 'FULL', migrations: storeMigrations });
  database.prepare('UPDATE store_identity SET store_id = ?').run(storeId);
  database.close();
};

const startAndLast = async (world: RelayWorld): Promise<number> => {
  world.start();
  return lastPosition(world);
};
