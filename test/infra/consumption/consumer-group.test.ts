/** The loop of a consumer group on a real broker: every event once, whatever fails, repeats or is gone. */
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { CheckpointMoved } from '../../../infra/consumption/checkpoints/checkpoint';
import { destinationOf } from '../../../infra/kafka/cloud-events';
import { silentLogger } from '../../../infra/logger';
import { groupMetrics } from '../../../infra/metrics/group-metrics';
import { openMetrics } from '../../../infra/metrics/registry';
import { parseExposition } from '../../support/exposition';
import { admin, deleteRecordsBefore, produceRaw } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords, repeatLog } from '../../support/log-probe';
import { eventually } from '../../support/server';
import { statusWhere } from '../relay/relay-fixture';
import { countsAre, groupWorld, stateIs, type GroupWorld } from './group-world';

kafkaSpec('a consumer group', ({ test, before, after }, broker) => {
  let world: GroupWorld;
  const worlds: GroupWorld[] = [];
  const newWorld = async (): Promise<GroupWorld> => {
    const made = await groupWorld(broker.servers, broker.topicPrefix());
    worlds.push(made);
    return made;
  };
  const topics = (): ReadonlyArray<string> => world.catalog.aggregates.map(({ topic }) => topic.name);
  const stockTopic = (of: GroupWorld): string => of.catalog.byCategory('stock')?.topic.name ?? '';

  before(async () => {
    world = await newWorld();
    world.start();
  });
  after(async () => {
    for (const each of worlds) await each.close();
  });

  test('applies every event once, also where every record is delivered again, and says so', async () => {
    const tally = world.open();
    const group = world.run(tally);
    await world.publish(200);
    await countsAre(tally, 200);
    await repeatLog(broker.servers, topics());
    await eventually('the repeats are counted', async () =>
      Promise.resolve(group.status().outcomes.duplicates === 200),
    );
    await eventually('the group knows that nothing is left', async () => Promise.resolve(group.status().lag === 0));
    await countsAre(tally, 200);
    await group.stop();
    assert.is(group.status().state, 'stopped');
    tally.database.close();
  });

  test('goes on at its checkpoint after a restart', async () => {
    const tally = world.open();
    await world.publish(50);
    const group = world.run(tally);
    await countsAre(tally, 250);
    assert.is(group.status().outcomes.applied, 50);
    await group.stop();
  });

  test('tries a batch that fails again, in place, until it goes through, and counts the attempts', async () => {
    const tally = world.open();
    tally.failNext(14);
    const metrics = openMetrics(silentLogger);
    const group = world.run(tally, { observer: groupMetrics(metrics) });
    await world.publish(20);
    await eventually('the group says that it retries', async () =>
      Promise.resolve(/says the test/.test(group.status().reason ?? '')),
    );
    await countsAre(tally, 270);
    await stateIs(group, 'running');
    assert.is(group.status().outcomes.retries, 14);
    await group.stop();
    const { sum } = parseExposition(await metrics.text());
    assert.is(sum('tidemark_retries_total', { group: tally.group }), 14);
    assert.ok(sum('tidemark_processing_seconds_count', { group: tally.group }) > 0);
  });

  test('keeps a record that is no event aside, byte for byte, and goes on', async () => {
    const tally = world.open();
    const group = world.run(tally);
    const garbage = Buffer.from([0xff, 0x00, 0x7b, 0x22]);
    await produceRaw(broker.servers, { topic: stockTopic(world), partition: 0, key: 'k', value: garbage });
    await world.publish(10);
    await countsAre(tally, 280);
    const [kept] = tally.unreadable();
    assert.equal(kept?.value, garbage);
    assert.match(kept?.reason ?? '', /content-type/);
    assert.is(group.status().outcomes.malformed, 1);
    await group.stop();
  });

  test('ends where another process has moved its checkpoint, with nothing of the batch applied', async () => {
    const tally = world.open();
    const group = world.run(tally);
    await stateIs(group, 'running');
    tally.database.prepare('UPDATE checkpoints SET next_offset = next_offset + 1').run();
    const before = tally.counts().size;
    await world.publish(5);
    const error: unknown = await group.done.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    assert.instance(error, CheckpointMoved);
    assert.is(tally.counts().size, before);
    tally.database.prepare('UPDATE checkpoints SET next_offset = next_offset - 1').run();
  });

  test('holds still at a batch boundary while other work runs', async () => {
    const tally = world.open();
    const group = world.run(tally);
    await countsAre(tally, 285);
    await group.pausedWhile(async () => {
      await world.publish(5);
      await delay(300);
      assert.is(tally.counts().size, 285);
    });
    await countsAre(tally, 290);
    await group.stop();
  });

  test('halts where records are gone that it has not read, with the numbers, and skips nothing', async () => {
    const own = await newWorld();
    const relay = own.start();
    await own.publish(40);
    const first = own.run(own.open());
    await stateIs(first, 'running');
    await first.stop();
    await own.publish(40);
    const end = first.status().partitions.find(({ topic }) => topic === stockTopic(own));
    await deleteRecordsBefore(broker.servers, stockTopic(own), end?.partition ?? 0, (end?.nextOffset ?? 0) + 3);
    const group = own.run(own.open());
    await stateIs(group, 'halted');
    assert.match(group.status().reason ?? '', /3 records are gone.*ACCEPT_NEW_LOG=true/);
    await group.stop();
    const tally = own.open();
    own.run(tally, { acceptNewLog: true });
    await countsAre(tally, 80);
    await relay.stop();
  });

  test('halts on a recreated topic; where that is meant, it goes on and applies nothing twice', async () => {
    const own = await newWorld();
    const relay = own.start();
    const tally = own.open();
    const first = own.run(tally);
    await own.publish(30);
    await countsAre(tally, 30);
    await first.stop();
    await relay.stop();
    await admin(broker.servers, (client, done) => client.deleteTopic(stockTopic(own), 10_000, done));
    await delay(1_500);
    own.start({ acceptNewLog: true });
    await statusWhere(own, 'all is published again', ({ cursor, state }) => cursor === 30 && state === 'running');
    const halted = own.run(tally);
    await stateIs(halted, 'halted');
    assert.match(halted.status().reason ?? '', /ACCEPT_NEW_LOG=true/);
    await halted.stop();
    const accepted = own.run(tally, { acceptNewLog: true });
    await own.publish(30);
    await countsAre(tally, 60);
    assert.is(accepted.status().outcomes.duplicates, 30);
  });

  test('holds one partition while the store stands in for a recreated topic, and goes on with the others', async () => {
    const own = await newWorld();
    const relay = own.start();
    const first = own.run(own.open());
    await own.publish(30);
    await eventually('all is applied', async () => Promise.resolve(first.status().outcomes.applied === 30));
    await first.stop();
    await own.publish(30);
    await relay.stop();
    await admin(broker.servers, (client, done) => client.deleteTopic(stockTopic(own), 10_000, done));
    await delay(1_500);
    own.start({ acceptNewLog: true });
    await statusWhere(own, 'all is published again', ({ cursor, state }) => cursor === 60 && state === 'running');
    const ends = new Map<number, number>();
    for (const { topic, partition, offset } of await rawRecords(broker.servers, [stockTopic(own)]))
      if (topic === stockTopic(own)) ends.set(partition, offset + 1);
    for (const [partition, end] of ends) await deleteRecordsBefore(broker.servers, stockTopic(own), partition, end);

    let isAway = true;
    const tally = own.open({
      handle: ({ stream }) => (isAway && stream === 'stock-s3' ? { class: 'transient', reason: 'away' } : 'applied'),
    });
    const group = own.run(tally, { acceptNewLog: true });
    await own.publish(30);
    const { partition } = destinationOf(own.catalog)('stock-s3');
    const others = Array.from({ length: 30 }, (_, index) => `stock-s${index}`).filter(
      (stream) => destinationOf(own.catalog)(stream).partition !== partition,
    );
    await eventually('the other partitions are read to their ends', async () =>
      Promise.resolve(others.every((stream) => tally.counts().has(`${stream}@3`))),
    );
    await stateIs(group, 'retrying');
    const held = group.status().partitions.filter(({ state }) => state !== 'running');
    assert.equal(
      held.map((each) => [each.topic, each.partition, each.state, each.reason]),
      [[stockTopic(own), partition, 'retrying', 'away']],
    );
    assert.is(tally.counts().has('stock-s3@2'), false);
    isAway = false;
    await countsAre(tally, 90);
    await stateIs(group, 'running');
    assert.ok(group.status().outcomes.retries > 1);
  });

  test('lets the store stand in for the beginning of a log that a new group finds without it', async () => {
    const own = await newWorld();
    own.start();
    await own.publish(120);
    await deleteRecordsBefore(broker.servers, stockTopic(own), 0, 20);
    const tally = own.open();
    const group = own.run(tally);
    await countsAre(tally, 120);
    await own.publish(10);
    await countsAre(tally, 130);
    assert.is(group.status().state, 'running');
  });
});
