/** Events that can't be published: their partition waits and says so, everything else goes on, and a person may decide. */
import * as assert from 'uvu/assert';
import { admin } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import { rawRecords, readLog } from '../../support/log-probe';
import { systemClock } from '../../../infra/clock';
import { partitionOf } from '../../../infra/kafka/murmur2';
import { catalogOf, type Aggregate } from '../../../domain/kernel/aggregate';
import { relayWorld, statusWhere, type RelayWorld } from './relay-fixture';

const topicOf = ({ catalog }: RelayWorld, end: string): string =>
  catalog.aggregates.map(({ topic }) => topic.name).find((name) => name.endsWith(end)) ?? '';

/** A topic of stock that takes no record above 5,000 bytes. */
const smallTopic = (servers: string, world: RelayWorld): Promise<void> =>
  admin(servers, (client, done) =>
    client.createTopic(
      {
        topic: topicOf(world, 'stock'),
        num_partitions: 4,
        replication_factor: 1,
        config: { 'max.message.bytes': '5000', 'retention.ms': '-1' },
      },
      10_000,
      done,
    ),
  );

/** Text that no compression makes small. */
const noise = (bytes: number): string => {
  let state = 42;
  let text = '';
  while (text.length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += state.toString(36);
  }
  return text.slice(0, bytes);
};

const keyIn = (partition: number, from = 0): string => {
  for (let index = from; ; index += 1) if (partitionOf(`k${index}`, 4) === partition) return `k${index}`;
};

/** A catalog has each event type once. */
const eventless = (aggregate: Aggregate): Aggregate => ({ ...aggregate, events: new Map() });

kafkaSpec('an event that Kafka refuses', ({ test, after }, broker) => {
  const { servers } = broker;
  const worlds: RelayWorld[] = [];
  const newWorld = async (): Promise<RelayWorld> => {
    const world = await relayWorld(servers, broker.topicPrefix());
    worlds.push(world);
    return world;
  };
  after(async () => {
    for (const world of worlds) await world.close();
  });

  test('for the limit of its topic blocks its partition alone, and is named with its size and its topic', async () => {
    const world = await newWorld();
    await smallTopic(servers, world);
    const others = Array.from({ length: 60 }, (_, index) => `stock-o${index}`);
    const own = `stock-${keyIn(2)}`;
    await world.append(others);
    await world.append([own], { text: noise(9_000) });
    await world.append([...others, own]);
    const relay = world.start();
    const status = await statusWhere(
      world,
      'the rest is published',
      ({ state, cursor }) => state === 'blocked' && cursor === 122,
    );
    const [blocked] = status.blocked;
    assert.is(status.blocked.length, 1);
    assert.is(blocked?.eventId, `${own}@1`);
    assert.is(blocked?.partition, 2);
    assert.is(blocked?.position, 61);
    assert.match(
      status.reason ?? '',
      new RegExp(`${topicOf(world, 'stock')}/2 is blocked.*${own}@1.*payload of 90\\d\\d bytes.*too large`),
    );
    const records = await readLog(servers, [topicOf(world, 'stock')]);
    const elsewhere = others.filter((stream) => partitionOf(stream.slice(6), 4) !== 2).length;
    assert.is(records.filter(({ partition }) => partition !== 2).length, 2 * elsewhere);
    assert.is(
      records.filter(({ partition }) => partition === 2).length,
      60 - elsewhere,
      'nothing behind the event is sent',
    );
    // The event itself, those behind it in its partition, and its stream's next.
    const held = 1 + (60 - elsewhere) + 1;
    assert.equal([blocked?.events, status.lagEvents], [held, held]);
    assert.ok(status.lagSeconds > 0);
    // Read again from an earlier place, nothing is counted twice; what comes is.
    await relay.stop();
    await world.append([own]);
    world.start();
    const later = await statusWhere(
      world,
      'it has come on',
      ({ state, cursor }) => state === 'blocked' && cursor === 123,
    );
    assert.equal([later.blocked[0]?.events, later.lagEvents], [held + 1, held + 1]);
  });

  test('is never followed by a status of running, and is tried again with growing pauses', async () => {
    const world = await newWorld();
    await smallTopic(servers, world);
    await world.append(['stock-big'], { text: noise(9_000) });
    world.start();
    await statusWhere(world, 'it is blocked', ({ state }) => state === 'blocked');
    const states = new Set<string>();
    for (let look = 0; look < 40; look += 1) {
      states.add(world.status()?.state ?? '');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal([...states], ['blocked']);
    const [blocked] = world.status()?.blocked ?? [];
    assert.is(blocked?.attempts, 1);
    assert.ok(Date.parse(blocked?.nextAttemptAt ?? '') - Date.parse(blocked?.since ?? '') >= 10_000);
  });

  test('lets its partition go on in order, once an operator has decided to withhold it', async () => {
    const world = await newWorld();
    await smallTopic(servers, world);
    await world.append(['stock-big'], { text: noise(9_000) });
    await world.append(['stock-big', 'stock-big2']);
    const relay = world.start();
    await statusWhere(world, 'it is blocked', ({ state }) => state === 'blocked');
    world.store.submit({
      kind: 'relay-skip',
      actor: 'ann',
      body: JSON.stringify({ eventId: 'stock-x@1', reason: 'a slip' }),
    });
    world.store.submit({
      kind: 'relay-skip',
      actor: 'ann',
      body: JSON.stringify({ eventId: 'stock-big@1', reason: 'too large' }),
    });
    const status = await statusWhere(
      world,
      'all is published',
      ({ state, cursor }) => state === 'running' && cursor === 3,
    );
    assert.equal(status.blocked, []);
    await relay.stop();
    const records = await rawRecords(servers, [topicOf(world, 'stock')]);
    const own = records
      .filter(({ key }) => String(key) === 'big')
      .map(({ value }) => JSON.parse(String(value)) as Record<string, unknown>);
    assert.equal(
      own.map(({ id }) => id),
      ['stock-big@1', 'stock-big@2'],
    );
    assert.is(own[0]?.['withheld'], 'too large');
    assert.is(own[0]?.['data'], null);
    assert.is(own[1]?.['withheld'], undefined);
  });

  test('goes out by itself, and its partition after it, once its topic takes it', async () => {
    const world = await newWorld();
    await smallTopic(servers, world);
    await world.append(['stock-big'], { text: noise(9_000) });
    await world.append(['stock-big']);
    const first = world.start();
    await statusWhere(world, 'it is blocked', ({ state }) => state === 'blocked');
    await first.stop();
    // The limit is another one where the topic was made anew; the relay is told that this is meant.
    await admin(servers, (client, done) => client.deleteTopic(topicOf(world, 'stock'), 10_000, done));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    let offsetMs = 0;
    world.start({ acceptNewLog: true, clock: { ...systemClock, nowMs: () => systemClock.nowMs() + offsetMs } });
    await statusWhere(world, 'it is blocked still', ({ state }) => state === 'blocked');
    offsetMs = 20_000;
    await statusWhere(world, 'all is published', ({ state, cursor }) => state === 'running' && cursor === 2);
    assert.equal(
      (await readLog(servers, [topicOf(world, 'stock')])).map(({ id }) => id),
      ['stock-big@1', 'stock-big@2'],
    );
  });

  test('of an aggregate that the program does not have stops nothing, is listed, and is published once it has', async () => {
    const world = await newWorld();
    await world.append(['stock-a', 'widget-w1', 'stock-b']);
    await world.append(['widget-w1', 'stock-a', 'gadget-g1']);
    const relay = world.start();
    const status = await statusWhere(
      world,
      'the rest is published',
      ({ state, cursor }) => state === 'running' && cursor === 6,
    );
    assert.equal(
      status.unroutable.map(({ category, events, firstEventId }) => ({ category, events, firstEventId })),
      [
        { category: 'gadget', events: 1, firstEventId: 'gadget-g1@1' },
        { category: 'widget', events: 2, firstEventId: 'widget-w1@1' },
      ],
    );
    assert.match(status.reason ?? '', /3 events are not published.*gadget, widget/);
    await relay.stop();
    const [stock] = world.catalog.aggregates.filter(({ category }) => category === 'stock');
    assert.ok(stock !== undefined);
    const prefix = topicOf(world, 'stock').slice(0, -'stock'.length);
    const widget = {
      ...stock,
      category: 'widget',
      path: 'widgets',
      topic: { ...stock.topic, name: `${prefix}widgets` },
    };
    const widgets = eventless(widget);
    world.start({ catalog: catalogOf([...world.catalog.aggregates, widgets]) });
    const later = await statusWhere(
      world,
      'the widgets are published',
      ({ cursor, unroutable }) => cursor === 6 && unroutable.length === 1,
    );
    assert.match(later.reason ?? '', /1 events are not published.*gadget/);
    assert.equal(
      (await readLog(servers, [`${prefix}widgets`])).map(({ id }) => id),
      ['widget-w1@1', 'widget-w1@2'],
    );
    assert.is((await readLog(servers, [topicOf(world, 'stock')])).length, 3, 'nothing is published twice');
  });
});
