/** The projections role on a real broker: it follows, rebuilds under live writes, and adds new projections. */
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import { systemClock } from '../../infra/clock';
import { decodeHeaders } from '../../infra/sqlite/consumer-file/header-codec';
import { openDatabase, openForReading } from '../../infra/sqlite/database';
import { LeaseLost } from '../../infra/sqlite/lease';
import type { StoreProof } from '../../projections/engine/inspect/store-proof';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { deleteRecordsBefore, produceRaw } from '../support/broker-admin';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually } from '../support/server';
import { projections as changedProjections } from './changed-definitions';
import { ordersStory, projectionsWorld, type ProjectionsWorld } from './projections-world';

const { catalog: declaredCatalog, projections } = application;

kafkaSpec('the projections on a real broker', ({ test }, broker) => {
  const inWorld = async (body: (world: ProjectionsWorld) => Promise<void>): Promise<void> => {
    const world = await projectionsWorld(broker.servers, broker.topicPrefix());
    try {
      await body(world);
    } finally {
      await world.close();
    }
  };

  const allAsExpected = async (world: ProjectionsWorld): Promise<void> => {
    for (const projection of projections) {
      assert.equal(world.shown(projection.name), await world.expected(projection), projection.name);
    }
  };

  /** Keeps writing while the work is done. */
  const whileWriting = async (world: ProjectionsWorld, from: number, work: () => Promise<void>): Promise<void> => {
    const ended = new AbortController();
    const writer = (async () => {
      for (let number = from; !ended.signal.aborted; number += 20) {
        await world.tell(ordersStory(number, 20));
        await systemClock.sleep(5);
      }
    })();
    try {
      await work();
    } finally {
      ended.abort();
      await writer;
    }
  };

  test('follow the log, and continue after a restart', () =>
    inWorld(async (world) => {
      const role = await world.startRole();
      await world.tell(ordersStory(0, 100));
      await world.caughtUp();
      await allAsExpected(world);
      await role.stop();
      await role.done;
      await world.tell(ordersStory(100, 50));
      await world.startRole();
      await world.caughtUp();
      await allAsExpected(world);
      assert.equal(
        world.reader.groups().map(({ group, state }) => [group, state]),
        projections.map(({ name }) => [name, 'running']).sort(),
      );
    }));

  for (const from of ['kafka', 'store'] as const) {
    test(
      `are rebuilt from the ${from} under live writes to the same rows, with a proof`,
      () =>
        inWorld(async (world) => {
          await world.startRole();
          await world.tell(ordersStory(0, 2_000));
          await world.caughtUp();
          await whileWriting(world, 2_000, async () => {
            const asked = projections.map(({ name }) => world.ask(name, from));
            for (const id of asked) {
              const status = await world.ended(id);
              assert.is(status.state, 'done', status.reason ?? '');
              assert.is(status.from, from);
              assert.is(status.reason, null);
              assert.is(status.proof?.['equal'], true);
              const proven = status.proof?.['store'] as StoreProof;
              assert.is(proven.equal, true);
              for (const { events, eventsInStore, digest, digestInStore } of proven.topics) {
                assert.ok(events > 0);
                assert.equal([events, digest], [eventsInStore, digestInStore]);
              }
              assert.is(status.proof?.['eventsFromStore'], undefined);
              assert.is(status.done, status.total);
              assert.ok(status.done > 1_000);
            }
          });
          await world.caughtUp();
          await allAsExpected(world);
          assert.equal(
            world.reader.projections().map(({ generation }) => generation),
            [2, 2, 2, 2],
          );
        }),
      { timeoutMs: 90_000 },
    );
  }

  test('refuse topics of other names, from which everything would be applied again', () =>
    inWorld(async (world) => {
      const role = await world.startRole();
      await world.tell(ordersStory(0, 20));
      await world.caughtUp();
      await role.stop();
      const catalog = withTopicPrefix(declaredCatalog, broker.topicPrefix());
      await world.log.ensureTopics(catalog.aggregates.map(({ topic }) => topic));
      await world.startRole({ catalog });
      await eventually('every group has halted', async () =>
        Promise.resolve(world.reader.groups().every(({ state }) => state === 'halted')),
      );
      for (const { reason } of world.reader.groups())
        assert.match(reason ?? '', /has read .* so far, and now it is to/);
    }));

  test('cannot be rebuilt from a topic whose first records are gone, and can from the store', () =>
    inWorld(async (world) => {
      await world.startRole();
      await world.tell(ordersStory(0, 100));
      await world.caughtUp();
      const topic = world.catalog.byCategory('order')?.topic.name ?? '';
      await deleteRecordsBefore(broker.servers, topic, 1, 5);
      const failed = await world.ended(world.ask('customer-orders', 'kafka'));
      assert.is(failed.state, 'failed');
      assert.match(failed.reason ?? '', /orders\/1 begins at offset 5: the 5 records before it .* --from store/);
      const done = await world.ended(world.ask('customer-orders', 'store'));
      assert.is(done.proof?.['equal'], true);
      await allAsExpected(world);
    }));

  test('dead-letter a record that is not an event, and continue', () =>
    inWorld(async (world) => {
      await world.startRole();
      await world.tell(ordersStory(0, 10));
      await world.caughtUp();
      const topic = world.catalog.byCategory('stock')?.topic.name ?? '';
      const value = Buffer.from([0, 1, 2, 255]);
      await produceRaw(broker.servers, { topic, partition: 2, key: 'a key', value, headers: [{ trace: 'é' }] });
      await world.tell(ordersStory(10, 10));
      await world.caughtUp();
      await eventually('it is kept', async () => Promise.resolve(keptIn(world.viewsFile).length === 1));
      const [kept] = keptIn(world.viewsFile);
      assert.equal([kept?.consumer, kept?.topic, kept?.partition], ['stock-level', topic, 2]);
      assert.equal(kept?.value, value);
      assert.equal(kept?.key, Buffer.from('a key'));
      assert.equal(decodeHeaders(kept?.headers ?? ''), [['trace', Buffer.from('é')]]);
      await allAsExpected(world);
      const { proof } = await world.ended(world.ask('stock-level', 'kafka'));
      assert.is(proof?.['equal'], true);
      assert.is(keptIn(world.viewsFile).length, 1, 'a rebuild does not keep it again');
    }));

  test('apply an added projection from the first event, and rebuild a changed one alongside its live rows', () =>
    inWorld(async (world) => {
      const before = await world.startRole();
      await world.tell(ordersStory(0, 200));
      await world.caughtUp();
      await before.stop();
      const oldRows = world.shown('sales-by-day');
      await world.tell(ordersStory(200, 50));
      const applicationFile = join(__dirname, 'changed-definitions.js');
      await world.startRole({ projections: changedProjections, applicationFile });
      await eventually('the changed one is served', async () =>
        Promise.resolve(world.reader.projections()[3]?.version === 2),
      );
      const [status] = world.reader.projections().slice(3);
      assert.is(status?.rebuild?.state, 'done');
      assert.match(status?.rebuild?.reason ?? '', /sales-by-day changed from version 1 to 2/);
      await world.caughtUp();
      const [changed] = changedProjections.filter(({ name }) => name === 'sales-by-day');
      if (changed === undefined) throw new Error('the changed one is there');
      assert.equal(world.shown('sales-by-day'), await world.expected(changed));
      assert.is.not(JSON.stringify(world.shown('sales-by-day')), JSON.stringify(oldRows));
      const rows = openForReading(world.viewsFile);
      await eventually('the added one has it all', async () =>
        Promise.resolve(rows.prepare('SELECT sum(orders) FROM "orders-by-currency#1"').pluck().get() === 250),
      );
      rows.close();
    }));

  test('end with the reason when another process takes the lease of their file', () =>
    inWorld(async (world) => {
      const role = await world.startRole({ leaseTtlMs: 600 });
      await world.tell(ordersStory(0, 10));
      await world.caughtUp();
      const intruder = openDatabase({ file: world.viewsFile, synchronous: 'NORMAL', migrations: viewsMigrations });
      intruder.prepare('UPDATE lease SET epoch = epoch + 1').run();
      intruder.close();
      await role.done.then(
        () => assert.unreachable(),
        (error: unknown) => assert.instance(error, LeaseLost),
      );
    }));

  test('wait for the lease of another process, and can be stopped while they wait', () =>
    inWorld(async (world) => {
      await world.startRole();
      await world.tell(ordersStory(0, 10));
      await world.caughtUp();
      const waiting: string[] = [];
      const logger = {
        debug: () => undefined,
        info: (_: unknown, message: string) => void waiting.push(message),
        warn: () => undefined,
        error: () => undefined,
      };
      const second = await world.startRole({ logger });
      await eventually('it says so', async () => Promise.resolve(waiting.some((each) => /this one waits/.test(each))));
      await second.stop();
      await second.done;
    }));
});

interface KeptRecord {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer;
  readonly value: Buffer;
  readonly headers: string;
}

const keptIn = (file: string): ReadonlyArray<KeptRecord> => {
  const database = openForReading(file);
  try {
    return database.prepare<[], KeptRecord>('SELECT * FROM dead_letters').all();
  } finally {
    database.close();
  }
};
