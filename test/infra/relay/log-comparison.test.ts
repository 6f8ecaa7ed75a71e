/** Comparing the log with the store, on a real broker: missing, extra, misordered and altered events are found and repaired. */
import { feedOf } from '../../support/reader-feed';
import { openEventFeed, openEventReader, type EventReader } from '../../../infra/sqlite/event-feed';
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import { silentLogger } from '../../../infra/logger';
import { compareLog, type LogComparison } from '../../../infra/log-audit/compare-log';
import { repairLog, RepairRefused } from '../../../infra/log-audit/repair';
import { compareCorrupted, corruptedPositions, publishCorrupted } from '../../support/corrupted-log';
import { kafkaSpec } from '../../support/kafka-spec';
import { readLog } from '../../support/log-probe';
import { relayWorld, statusWhere, type RelayWorld } from './relay-fixture';

const EVENTS = 3_000;

const fill = async (world: RelayWorld): Promise<void> => {
  for (let index = 0; index < EVENTS / 100; index += 1) {
    await world.append(
      Array.from({ length: 100 }, (_, stream) => `stock-s${stream}`),
      { sku: 's', quantity: index },
    );
  }
};

const countsOf = ({ missing, extra, outOfOrder, altered }: LogComparison): ReadonlyArray<number> => [
  missing,
  extra,
  outOfOrder,
  altered,
];

kafkaSpec('the log held against the store', ({ test, before, after }, broker) => {
  let world: RelayWorld;
  let store: EventReader;
  const worlds: RelayWorld[] = [];
  const filled = async (): Promise<RelayWorld> => {
    const made = await relayWorld(broker.servers, broker.topicPrefix());
    worlds.push(made);
    await fill(made);
    return made;
  };
  const compare = (of: RelayWorld, reader: EventReader): Promise<LogComparison> =>
    compareLog({
      store: feedOf(reader),
      log: of.log,
      catalog: of.catalog,
      clock: systemClock,
      encode: cloudEventEncoder({
        catalog: of.catalog,
        mode: 'structured',
        schemaBaseUrl: 'http://schemas.example',
        storeId: reader.identity.storeId,
      }),
      untilPosition: EVENTS,
      onProgress: () => undefined,
    });
  const repair = (of: RelayWorld, reader: EventReader, found: LogComparison, recreateTopics: boolean) =>
    repairLog({
      log: of.log,
      catalog: of.catalog,
      clock: systemClock,
      logger: silentLogger,
      leaseTtlMs: 1_000,
      file: of.relayFile,
      outbox: () => openEventFeed(of.storeFile),
      cloudEventsMode: 'structured',
      schemaBaseUrl: 'http://schemas.example',
      found,
      lastPosition: async () => Promise.resolve(reader.lastPosition()),
      recreateTopics,
    });

  before(async () => {
    world = await filled();
    store = openEventReader(world.storeFile);
  });
  after(async () => {
    store.close();
    for (const each of worlds) await each.close();
  });

  test('finds nothing where nothing differs', async () => {
    const relay = world.start();
    await statusWhere(world, 'all is published', ({ cursor }) => cursor === EVENTS);
    const found = await compare(world, store);
    assert.equal(countsOf(found), [0, 0, 0, 0]);
    assert.equal([found.events, found.records], [EVENTS, EVENTS]);
    await relay.stop();
  });

  test('finds each of four corruptions, and names the event and the place', async () => {
    const prefix = broker.topicPrefix();
    await publishCorrupted(world.log, store, prefix, EVENTS);
    const found = await compareCorrupted(world.log, store, prefix, EVENTS);
    assert.equal(countsOf(found), [1, 1, 1, 1]);
    const positions = corruptedPositions(EVENTS);
    const at = (kind: string) => found.findings.find((each) => each.kind === kind);
    assert.is(at('missing')?.position, positions.missing);
    assert.is(at('out of order')?.position, positions.late);
    assert.match(at('out of order')?.detail ?? '', /after later events of its own key/);
    assert.is(at('altered')?.position, positions.altered);
    assert.match(at('altered')?.detail ?? '', /payload/);
    assert.is(at('extra')?.id, 'order-invented@1');
    assert.is(
      found.partitions.reduce((sum, { gaps }) => sum + gaps, 0),
      1,
    );
  });

  test('has what is missing at the end published in order, and refuses while the relay runs', async () => {
    const own = await relayWorld(broker.servers, broker.topicPrefix());
    worlds.push(own);
    await fill(own);
    const reader = openEventReader(own.storeFile);
    const relay = own.start();
    await statusWhere(own, 'all is published', ({ cursor }) => cursor === EVENTS);
    // A cluster that has lost what it had acknowledged: the log of a store that goes on behind its end.
    for (let index = 0; index < 5; index += 1) await own.append(['stock-s1', 'stock-s2'], { sku: 's', quantity: 1 });
    await statusWhere(own, 'the rest is published', ({ cursor }) => cursor === EVENTS + 10);
    const found = await compare(own, reader);
    const wish = {
      ...found,
      missing: 1,
      partitions: found.partitions.map((each) => ({ ...each, tail: 1, tailFrom: EVENTS + 1 })),
    };
    await repair(own, reader, wish, false).then(
      () => assert.unreachable(),
      (error: unknown) => {
        assert.instance(error, RepairRefused);
        assert.match(String(error), /the relay runs/);
      },
    );
    await relay.stop();
    await repair(own, reader, wish, false);
    const topic = own.catalog.byCategory('stock')?.topic.name ?? '';
    assert.is((await readLog(broker.servers, [topic])).length, EVENTS + 10, 'nothing is published twice');
    reader.close();
  });

  test(
    'makes a topic anew that has a gap, where that is asked for, and explains itself where not',
    async () => {
      const own = await filled();
      const reader = openEventReader(own.storeFile);
      const relay = own.start();
      await statusWhere(own, 'all is published', ({ cursor }) => cursor === EVENTS);
      await relay.stop();
      const found = await compare(own, reader);
      const topic = own.catalog.byCategory('stock')?.topic.name ?? '';
      const broken = {
        ...found,
        missing: 1,
        partitions: found.partitions.map((each) =>
          each.topic === topic && each.partition === 0 ? { ...each, gaps: 1 } : each,
        ),
      };
      const explained = await repair(own, reader, broken, false);
      assert.match(explained.join('\n'), /not repaired.*high-water.*--recreate-topics/);
      const [before] = await own.log.describe([topic]);
      const done = await repair(own, reader, broken, true);
      assert.match(done.join('\n'), /recreated with all their events.*ACCEPT_NEW_LOG=true/);
      const [now] = await own.log.describe([topic]);
      assert.is.not(now?.logId, before?.logId);
      assert.equal(countsOf(await compare(own, reader)), [0, 0, 0, 0]);
      reader.close();
    },
    { timeoutMs: 60_000 },
  );
});
