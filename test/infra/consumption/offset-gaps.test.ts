/** Offsets without a record, on a real broker: a group never skips them silently, wherever they are. */
import { feedOf } from '../../support/reader-feed';
import * as assert from 'uvu/assert';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import { systemClock } from '../../../infra/clock';
import { beforeGaps, passTo } from '../../../infra/kafka/offset-gaps';
import { compareLog } from '../../../infra/log-audit/compare-log';
import { relayMigrations } from '../../../infra/sqlite/relay-file/relay-file';
import { openDatabase } from '../../../infra/sqlite/database';
import { openEventReader } from '../../../infra/sqlite/event-feed';
import { produceInTransaction, type RawRecord } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import { spec } from '../../spec';
import { countsAre, groupWorld, stateIs, type GroupWorld } from './group-world';

spec('offsets without a record', ({ test }) => {
  const at = { topic: 'orders', partition: 1 };

  test('are a gap where some are left out, and none where they follow or come again', () => {
    const position = { ...at, next: 5 };
    assert.is(passTo(position, 5), undefined);
    position.next = 6;
    assert.is(passTo(position, 3), undefined);
    assert.is(position.next, 6, 'what comes again takes nothing back');
    assert.equal(passTo(position, 9), { ...at, expectedOffset: 6, foundOffset: 9 });
    assert.is(passTo(position, 9), undefined, 'and is told once');
  });

  test('leave the records before a gap, and those of other partitions', () => {
    const records = [4, 5, 9]
      .map((offset) => ({ ...at, offset }))
      .concat([{ topic: 'orders', partition: 2, offset: 9 }]);
    const kept = beforeGaps(records, [{ ...at, expectedOffset: 6, foundOffset: 9 }]);
    assert.equal(
      kept.map(({ partition, offset }) => [partition, offset]),
      [
        [1, 4],
        [1, 5],
        [2, 9],
      ],
    );
  });
});

kafkaSpec('a group whose log has gaps', ({ test }, broker) => {
  const inWorld = async (body: (world: GroupWorld) => Promise<void>): Promise<void> => {
    const world = await groupWorld(broker.servers, broker.topicPrefix());
    try {
      await body(world);
    } finally {
      await world.close();
    }
  };
  const stock = (world: GroupWorld): string => world.catalog.byCategory('stock')?.topic.name ?? '';
  const invisible = (world: GroupWorld, count: number): ReadonlyArray<RawRecord> =>
    Array.from({ length: count }, (_, index) => ({ topic: stock(world), partition: 0, key: `k${index}`, value: '{}' }));
  const partitionZero = (world: GroupWorld, group: ReturnType<GroupWorld['run']>) =>
    group.status().partitions.find(({ topic, partition }) => topic === stock(world) && partition === 0);

  test('halts at one between records with the numbers, with everything before it applied and nothing after it', () =>
    inWorld(async (world) => {
      world.start();
      await world.publish(40);
      const tally = world.open();
      const group = world.run(tally);
      await countsAre(tally, 40);
      const expected = partitionZero(world, group)?.nextOffset ?? 0;
      await produceInTransaction(broker.servers, invisible(world, 3), 'abort');
      await world.publish(40);
      await stateIs(group, 'halted');
      const { reason } = group.status();
      // Three records that were given up, and the marker behind them, if the group looked after that.
      assert.match(
        reason ?? '',
        new RegExp(
          `${stock(world)}/0: after offset ${expected - 1} the log goes on at (${expected + 3}|${expected + 4})`,
        ),
      );
      assert.match(reason ?? '', /[34] records are missing.*compaction.*transactions.*ACCEPT_NEW_LOG=true/);
      assert.is(partitionZero(world, group)?.nextOffset, expected);
    }));

  test('halts at one at the very end, where no record follows', () =>
    inWorld(async (world) => {
      world.start();
      await world.publish(10);
      const tally = world.open();
      const group = world.run(tally);
      await countsAre(tally, 10);
      const expected = partitionZero(world, group)?.nextOffset ?? 0;
      await produceInTransaction(broker.servers, invisible(world, 1), 'commit');
      await stateIs(group, 'halted');
      // The record itself is there, and no event; the marker behind it takes an offset that nobody gets.
      assert.match(
        group.status().reason ?? '',
        new RegExp(`after offset ${expected} the log goes on at ${expected + 2}`),
      );
      assert.match(group.status().reason ?? '', /1 record is missing/);
      assert.is(group.status().outcomes.malformed, 1);
    }));

  test('halts at one where it starts reading, as a new group and after a restart', () =>
    inWorld(async (world) => {
      await world.log.ensureTopics(world.catalog.aggregates.map(({ topic }) => topic));
      await produceInTransaction(broker.servers, invisible(world, 2), 'abort');
      world.start();
      await world.publish(40);
      for (let start = 0; start < 2; start += 1) {
        const group = world.run(world.open());
        await stateIs(group, 'halted');
        assert.match(group.status().reason ?? '', /after offset -1 the log goes on at 3, where 0 was expected/);
        await group.stop();
      }
    }));

  test('catches up from the store where that is accepted: lost events are applied, each once', () =>
    inWorld(async (world) => {
      const relay = world.start();
      await world.publish(20);
      await relay.stop();
      await loseNextEvents(world, 12);
      world.start();
      await world.publish(20);
      const halted = world.run(world.open());
      await stateIs(halted, 'halted');
      await halted.stop();
      const tally = world.open();
      const group = world.run(tally, { acceptNewLog: true });
      await countsAre(tally, 52);
      await stateIs(group, 'running');
      await world.publish(20);
      await countsAre(tally, 72);
      await eventually('nothing is left to read', async () => Promise.resolve(group.status().lag === 0));
      const found = await compared(world);
      assert.is(found.missing, 12);
      assert.ok(found.offsetGaps.length > 0, 'and a comparison with the store shows where');
    }));

  /** Events that were published in a transaction which was given up, by a relay that counts them as published. */
  const loseNextEvents = async (world: GroupWorld, count: number): Promise<void> => {
    const reader = openEventReader(world.storeFile);
    const before = reader.lastPosition();
    await world.append(
      Array.from({ length: count }, (_, index) => `stock-s${index}`),
      { sku: 's', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' },
    );
    const encode = cloudEventEncoder({
      catalog: world.catalog,
      mode: 'structured',
      schemaBaseUrl: 'urn:x',
      storeId: reader.identity.storeId,
    });
    const records = reader.readAll({ afterPosition: before, limit: count }).map((event) => encode(event));
    reader.close();
    await produceInTransaction(broker.servers, records, 'abort');
    const relay = openDatabase({ file: world.relayFile, synchronous: 'NORMAL', migrations: relayMigrations });
    relay.prepare('UPDATE relay_cursor SET position = ?').run(before + count);
    relay.close();
  };

  const compared = async (world: GroupWorld) => {
    const store = openEventReader(world.storeFile);
    try {
      return await compareLog({
        store: feedOf(store),
        log: world.log,
        catalog: world.catalog,
        clock: systemClock,
        encode: cloudEventEncoder({
          catalog: world.catalog,
          mode: 'structured',
          schemaBaseUrl: 'http://schemas.example',
          storeId: store.identity.storeId,
        }),
        untilPosition: store.lastPosition(),
        onProgress: () => undefined,
      });
    } finally {
      store.close();
    }
  };
});
