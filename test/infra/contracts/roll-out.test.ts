/** Old and new code side by side on one real topic: two versions live at the same time, and nobody loses an event. */
import * as assert from 'uvu/assert';
import type { NewEvent } from '../../../domain/kernel/event-store';
import type { Role } from '../../../infra/running/role';
import { kafkaSpec } from '../../support/kafka-spec';
import { eventually } from '../../support/server';
import type { Tally } from '../consumption/tally-handler';
import { contractWorld, reached, type ContractWorld } from './contract-world';
import { olderCatalog } from './older-catalog';

const at = '2018-01-01T00:00:00Z';
const payment = { paymentId: 'p', orderId: 'o', currency: 'BRL', amount: 5 };
const terms = { ...payment, instalments: 1, authorisedAt: at };
const authorised = (instrument: string, funding: string): NewEvent => ({
  type: 'PaymentAuthorised',
  schemaVersion: 2,
  data: { ...terms, instrument, funding },
});
const authorisedByOldCode = { type: 'PaymentAuthorised', schemaVersion: 1, data: { ...terms, method: 'boleto' } };
const captured = { type: 'PaymentCaptured', schemaVersion: 1, data: { ...payment, capturedAt: at } };
const release = { sku: 's', orderId: 'o', quantity: 1, releasedAt: at };
const released = { type: 'StockReservationReleased', schemaVersion: 2, data: release };

kafkaSpec('a roll-out on one real topic', ({ test, before, after }, broker) => {
  let world: ContractWorld;
  let older: Tally;
  let newer: Tally;
  let relay: Role;

  before(async () => {
    world = await contractWorld(broker.servers, broker.topicPrefix());
    // The producer is new code, told to write what old consumers read.
    const writeVersions = new Map([
      ['PaymentAuthorised', 1],
      ['StockReservationReleased', 1],
    ]);
    relay = world.start({ writeVersions });
    older = world.consumer('older', olderCatalog(world.catalog));
    newer = world.consumer('newer', world.catalog);
  });
  after(() => world.close());

  test('writes the older version until consumers are ready, and both read it', async () => {
    await world.publish({
      'payment-p1': authorised('card', 'credit'),
      'payment-p2': authorisedByOldCode,
      'payment-p3': authorised('boleto', 'debit'),
      'stock-s1': released,
    });
    for (const group of [newer, older])
      await reached(group, 'payment-p1@1', 'payment-p2@1', 'payment-p3@1', 'stock-s1@1');
    assert.equal(older.unreadable(), []);
  });

  test('says in the headers since when a version is deprecated, until when it is written, and what comes next', async () => {
    const records = await world.records();
    const recordOf = (id: string) => records.find(({ value }) => value?.includes(`"id":"${id}"`));
    const headers = (id: string): unknown =>
      Object.fromEntries((recordOf(id)?.headers ?? []).map(([name, bytes]) => [name, bytes.toString('utf8')]));
    const dates = { deprecation: '2026-11-24', sunset: '2027-05-24', 'content-type': 'application/cloudevents+json' };
    assert.equal(headers('payment-p1@1'), { ...dates, 'successor-version': 'PaymentAuthorised/2' });
    assert.equal(headers('stock-s1@1'), { ...dates, 'successor-version': 'StockReservationReleased/2' });
    const { dataschema, data } = JSON.parse(recordOf('payment-p1@1')?.value?.toString('utf8') ?? '') as {
      readonly dataschema: string;
      readonly data: { readonly method: string };
    };
    assert.equal([dataschema, data.method], ['http://schemas.example/PaymentAuthorised/1', 'credit-card']);
  });

  test('bends nothing that the older version cannot say: old code keeps that aside by name and goes on', async () => {
    await world.publish({ 'payment-p4': authorised('card', 'prepaid') });
    await world.publish({ 'payment-p5': captured });
    await reached(newer, 'payment-p4@1', 'payment-p5@1');
    await reached(older, 'payment-p5@1');
    await eventually('it is kept aside', async () => Promise.resolve(older.unreadable().length === 1));
    const reasons = older.unreadable().map(({ reason }) => reason);
    assert.equal(reasons, ['PaymentAuthorised has schema version 2; this program knows up to 1']);
  });

  test('writes the newest version once it is told to, and code that is not ready misses no event silently', async () => {
    await relay.stop();
    world.start();
    await world.publish({ 'payment-p6': authorised('card', 'debit'), 'stock-s1': released, 'payment-p7': captured });
    await reached(newer, 'payment-p6@1', 'stock-s1@2', 'payment-p7@1');
    await reached(older, 'payment-p7@1');
    await eventually('both are kept aside', async () => Promise.resolve(older.unreadable().length === 3));
    const reasons = older.unreadable().map(({ reason }) => reason);
    assert.ok(reasons.includes("no contract is named 'StockReservationReleased'"));
    assert.equal(newer.unreadable(), []);
  });
});
