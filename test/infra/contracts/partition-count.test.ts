/** Another number of partitions on a real broker: a new topic, filled from the store, taken over without a gap or a repeat. */
import * as assert from 'uvu/assert';
import { catalogOf, type Catalog } from '../../../domain/kernel/aggregate';
import { partitionOf } from '../../../infra/kafka/murmur2';
import { eventually } from '../../support/server';
import { kafkaSpec } from '../../support/kafka-spec';
import { readLog } from '../../support/log-probe';
import { contractWorld, reached, type ContractWorld } from './contract-world';

const data = { sku: 's', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };
const received = { type: 'StockReceived', schemaVersion: 1, data };
const keys = Array.from({ length: 30 }, (_, index) => `stock-s${index}`);

/** The catalog as the procedure says: stock on a topic of its own, with seven partitions. */
const withNewTopic = (catalog: Catalog): Catalog =>
  catalogOf(
    catalog.aggregates.map((each) => {
      const { name, partitions } = each.topic;
      if (each.category !== 'stock') return each;
      return { ...each, topic: { ...each.topic, name: `${name}-2`, partitions: 7, earlier: [{ name, partitions }] } };
    }),
  );

kafkaSpec('another number of partitions', ({ test, before, after }, broker) => {
  let world: ContractWorld;
  let next: Catalog;
  const newTopic = (): string => next.byCategory('stock')?.topic.name ?? '';
  before(async () => {
    world = await contractWorld(broker.servers, broker.topicPrefix());
    next = withNewTopic(world.catalog);
  });
  after(() => world.close());

  test('is a new topic that the relay fills from the store, and every key keeps its order there', async () => {
    const relay = world.start();
    for (let round = 0; round < 3; round += 1)
      await world.publish(Object.fromEntries(keys.map((key) => [key, received])));
    await relay.stop();
    world.start({ catalog: next });
    await world.publish(Object.fromEntries(keys.map((key) => [key, received])));
    const records = await readLog(broker.servers, [newTopic()]);
    assert.is(records.length, 120);
    const versions = new Map<string, number>();
    for (const { stream, version, key, partition } of records) {
      assert.is(partition, partitionOf(key, 7));
      assert.is(version, (versions.get(stream) ?? 0) + 1, stream);
      versions.set(stream, version);
    }
    const old = await readLog(broker.servers, [world.catalog.byCategory('stock')?.topic.name ?? '']);
    assert.is(old.length, 90);
  });

  test('a group that stood anywhere in the earlier topic applies the rest from the new one, each event once', async () => {
    const before = world.consumer('switching', world.catalog);
    await reached(before, ...keys.map((key) => `${key}@3`));
    // As if it had been stopped earlier: some partitions further than others.
    const behind = before.database.prepare<[number, number]>(
      `UPDATE checkpoints SET high_water_position = ? WHERE topic LIKE '%stock' AND "partition" = ?`,
    );
    await world.stopGroups();
    [90, 45, 0, 17].forEach((position, partition) => behind.run(position, partition));
    const applied = (id: string): boolean => {
      const [stream = '', version] = id.split('@');
      const position = keys.indexOf(stream) + 1 + (Number(version) - 1) * keys.length;
      return position <= ([90, 45, 0, 17][partitionOf(stream.slice(6), 4)] ?? 0);
    };
    const forget = before.database.prepare<[string]>('DELETE FROM tally WHERE id = ?');
    for (const id of before.counts().keys()) if (!applied(id)) forget.run(id);
    before.database.close();

    const tally = world.consumer('switching', next);
    await reached(tally, ...keys.map((key) => `${key}@4`));
    await eventually('all are applied', async () => Promise.resolve(tally.counts().size === 120));
    for (const [id, count] of tally.counts()) assert.is(count, 1, id);
  });

  test('a group that never read the earlier topic begins with the new one', async () => {
    const tally = world.consumer('fresh', next);
    await reached(tally, ...keys.map((key) => `${key}@4`));
    assert.is(tally.counts().size, 120);
  });
});
