/**
 * Records that the store does not have, or has elsewhere, planted on a real broker: a rebuild from Kafka never treats rows
 * made from them as verified. Either the records are dead-lettered, and the rows are those of the store's events, or the
 * rebuild fails and says where.
 */
import * as assert from 'uvu/assert';
import { cloudEventEncoder, type EncodedEvent } from '../../infra/kafka/cloud-events';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { relayMigrations } from '../../infra/sqlite/relay-file/relay-file';
import { openForWriting } from '../../infra/sqlite/database';
import { orderSummary } from '../../projections/fulfilment/order-summary';
import type { StoreProof } from '../../projections/engine/inspect/store-proof';
import { produceRaw } from '../support/broker-admin';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually } from '../support/server';
import { statusWhere } from '../infra/relay/relay-fixture';
import { ordersStory, projectionsWorld, type ProjectionsWorld } from './projections-world';

kafkaSpec('a rebuild from a log that somebody has touched', ({ test }, broker) => {
  const inWorld = async (body: (world: ProjectionsWorld) => Promise<void>): Promise<void> => {
    const world = await projectionsWorld(broker.servers, broker.topicPrefix());
    try {
      await body(world);
    } finally {
      await world.close();
    }
  };
  const published = async (world: ProjectionsWorld): Promise<void> => {
    const last = (await world.stored()).length;
    await statusWhere(world, `everything up to ${last} is published`, ({ cursor }) => cursor >= last);
  };
  /** Waits until the group has read everything, whatever the outcome. */
  const readToTheEnd = (world: ProjectionsWorld): Promise<void> =>
    eventually('the group has come to the end', async () => {
      const group = world.reader.groups().find((each) => each.group === 'order-summary');
      const ends = await Promise.all(
        (group?.partitions ?? []).map(async ({ topic, partition, nextOffset }) => {
          const [end] = await world.log.offsetsAtTime([{ topic, partition }], 4_000_000_000_000);
          return end?.offset === nextOffset;
        }),
      );
      return ends.length > 0 && ends.every((isThere) => isThere);
    });
  const encode = (world: ProjectionsWorld, event: StoredEvent): EncodedEvent =>
    cloudEventEncoder({
      catalog: world.catalog,
      mode: 'structured',
      schemaBaseUrl: 'http://schemas.example',
      storeId: world.store.identity.storeId,
    })(event);
  const plant = async (record: EncodedEvent): Promise<void> =>
    produceRaw(broker.servers, { ...record, value: Buffer.from(record.value) });
  const placedOrder = async (world: ProjectionsWorld, orderId: string): Promise<StoredEvent> => {
    const event = (await world.stored()).find(({ id }) => id === `order-${orderId}@1`);
    if (event === undefined) throw new Error(`no order ${orderId}`);
    return event;
  };

  /** Some orders, something planted among them, and others; then a rebuild from Kafka. */
  const rebuiltWith = (planted: (world: ProjectionsWorld) => Promise<void>): Promise<void> =>
    inWorld(async (world) => {
      await world.startRole();
      await world.tell(ordersStory(0, 30));
      await published(world);
      await planted(world);
      await world.tell(ordersStory(30, 30));
      await published(world);
      await readToTheEnd(world);
      const status = await world.ended(world.ask('order-summary', 'kafka'));
      const store = status.proof?.['store'] as StoreProof | undefined;
      if (status.state === 'done') {
        assert.is(store?.equal, true);
        assert.equal(
          world.shown('order-summary'),
          await world.expected(orderSummary),
          'the planted record was dead-lettered',
        );
        return;
      }
      assert.match(
        status.reason ?? '',
        /other events than the store holds \(.*\d+ events were applied, the store holds \d+/,
      );
      assert.match(status.reason ?? '', /verify --log.*--from store/);
      assert.is(store?.equal, false);
      const again = world.ask('order-summary', 'store');
      const isOver = (): boolean => ['done', 'waiting'].includes(world.reader.rebuild(again)?.state ?? '');
      // The served rows were made from the same log: where they differ, an operator accepts that.
      await eventually('the rebuild from the store is over', async () => Promise.resolve(isOver()));
      const fromStore = world.reader.rebuild(again);
      assert.is((fromStore?.proof?.['store'] as StoreProof).equal, true);
    });

  test('finds an event that the store does not have, at the position of another event', () =>
    rebuiltWith(async (world) => {
      const event = await placedOrder(world, 'o1');
      const position = (await world.stored()).length + 1;
      const payload = event.payload.replaceAll('"o1"', '"forged"');
      await plant(
        encode(world, { ...event, id: 'order-forged@1', stream: 'order-forged', version: 1, position, payload }),
      );
    }));

  test('finds an event that was never published', () =>
    inWorld(async (world) => {
      await world.startRole();
      await world.tell(ordersStory(0, 30));
      await published(world);
      await world.relay.stop();
      await world.tell(ordersStory(30, 5));
      const relay = openForWriting({ file: world.relayFile, synchronous: 'NORMAL', migrations: relayMigrations });
      relay.prepare('UPDATE relay_cursor SET position = ?').run((await world.stored()).length);
      relay.close();
      world.start();
      await world.tell(ordersStory(35, 30));
      await published(world);
      await readToTheEnd(world);
      const { state, reason, proof } = await world.ended(world.ask('order-summary', 'kafka'));
      assert.is(state, 'failed');
      assert.match(reason ?? '', /other events than the store holds/);
      const store = proof?.['store'] as StoreProof;
      const missing = store.topics.reduce((sum, { events, eventsInStore }) => sum + eventsInStore - events, 0);
      assert.ok(missing > 0);
    }));

  test('finds a copy of a record in another partition', () =>
    rebuiltWith(async (world) => {
      const last = (await world.stored()).filter(({ stream }) => stream.startsWith('order-')).at(-1);
      if (last === undefined) throw new Error('there are orders');
      const record = encode(world, last);
      await plant({ ...record, partition: (record.partition + 1) % 4 });
    }));

  test('finds the records of another store', () =>
    rebuiltWith(async (world) => {
      const event = await placedOrder(world, 'o2');
      const position = (await world.stored()).length + 3;
      await plant(encode(world, { ...event, position, recordedAt: '2019-01-01T00:00:00.000Z' }));
    }));
});
