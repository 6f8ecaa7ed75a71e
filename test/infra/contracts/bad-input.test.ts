/** Bad input on a real topic: each sort is named precisely and set aside, and stops no other key. */
import { Producer } from '@confluentinc/kafka-javascript';
import * as assert from 'uvu/assert';
import { partitionOf } from '../../../infra/kafka/murmur2';
import { admin } from '../../support/broker-admin';
import { kafkaSpec } from '../../support/kafka-spec';
import type { StoredAttributes } from '../../../infra/event-store/event-feed';
import type { Tally } from '../consumption/tally-handler';
import { contractWorld, reached, type ContractWorld } from './contract-world';

type Headers = ReadonlyArray<Readonly<Record<string, string>>>;
const structured: Headers = [{ 'content-type': 'application/cloudevents+json' }];

const data = { sku: 's', receiptId: 'r', quantity: 1, receivedAt: '2018-01-01T00:00:00Z' };
const received = { type: 'StockReceived', schemaVersion: 1, data };
/** A key of its own for each that names an event, in one partition: behind the first of one stream the others would only wait. */
const keyAt = (position: number): string => {
  for (let number = 0; ; number += 1) {
    const key = `poison${position}.${number}`;
    if (partitionOf(key, 4) === partitionOf('bad', 4)) return key;
  }
};
const event = (attributes: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  specversion: '1.0',
  id: `stock-${keyAt(typeof attributes['position'] === 'number' ? attributes['position'] : 1)}@1`,
  source: '/tidemark/stock',
  type: 'StockReceived',
  subject: keyAt(typeof attributes['position'] === 'number' ? attributes['position'] : 1),
  streamversion: 1,
  time: '2018-01-01T00:00:00.000Z',
  dataschema: 'http://schemas.example/StockReceived/1',
  correlationid: 'c',
  causationid: 'r',
  actor: 'tester',
  position: 1,
  data,
  ...attributes,
});
const text = (attributes: Readonly<Record<string, unknown>> = {}): string => JSON.stringify(event(attributes));
const later = (schemaVersion: string, type = 'StockReceived') => ({
  type,
  dataschema: `http://schemas.example/${type}/${schemaVersion}`,
});

/** As many positions as poison with an envelope claims, each its own: what is at or below one seen before is a repeat. */
const CLAIMED_POSITIONS = 4;

/** What the store has at a position that poison claims, as if it had recorded the poison. */
const poisonAt = (position: number): StoredAttributes | undefined => {
  const found = poison.find(([, value]) => value.endsWith('}') && value.includes(`"position":${position},`));
  if (found === undefined) return undefined;
  const { id, type, dataschema } = JSON.parse(found[1]) as Readonly<Record<string, string>>;
  const version = Number(dataschema?.split('/').at(-1));
  return [id?.slice(0, -2) ?? '', 1, type ?? '', version, Date.UTC(2018, 0), 'c', 'r', 'tester', null];
};

/** What arrives, and what is said of it. */
const poison: ReadonlyArray<readonly [what: string, value: string, headers: Headers, reason: RegExp]> = [
  [
    'an unknown event name',
    text({ ...later('1', 'KettleWhistled'), position: 13 }),
    structured,
    /^no contract is named 'KettleWhistled'$/,
  ],
  [
    'a version from the future',
    text({ ...later('9'), position: 14 }),
    structured,
    /^StockReceived has schema version 9; this program knows up to 2$/,
  ],
  [
    'a truncated value',
    text().slice(0, 80),
    structured,
    /^the value is not JSON: .* \(it was cut off after 80 bytes\)$/,
  ],
  ['a value that is not JSON', 'nonsense', structured, /^the value is not JSON: Unexpected token/],
  ['JSON that is no event', '[1]', structured, /^the value is JSON, but not an object$/],
  [
    'a missing header',
    text(),
    [],
    /^the header 'content-type' is missing, and so is 'ce_specversion': this is not a CloudEvent$/,
  ],
  [
    'a missing attribute',
    text({ correlationid: undefined }),
    structured,
    /^the attribute 'correlationid' is missing; it takes a text$/,
  ],
  [
    'a payload that breaks its contract',
    text({ data: { ...data, quantity: 'many' }, position: 15 }),
    structured,
    /^as version 1: \/quantity: must be quantity \(integer, 1 to 1000000\), not "many"$/,
  ],
  [
    'a missing header in binary mode',
    JSON.stringify(data),
    [{ ce_specversion: '1.0' }],
    /^the header 'ce_id' is missing/,
  ],
  [
    'a value of 5 MB that is no payload',
    text({ data: 'x'.repeat(5_242_880), position: 16 }),
    structured,
    /^as version 1: \/: must be StockReceived, not "x{59}…$/,
  ],
  ['5 MB of noise', 'x'.repeat(5_242_880), structured, /^the value is not JSON: Unexpected token/],
];

kafkaSpec('bad input on a real topic', ({ test, before, after }, broker) => {
  let world: ContractWorld;
  let tally: Tally;
  before(async () => {
    world = await contractWorld(broker.servers, broker.topicPrefix());
    await makeTopicForLargeValues(broker.servers, topicOf(world));
    world.start();
    const { eventAt, identity } = world.reader;
    tally = world.consumer('tally', world.catalog, {
      eventAt: (position) => eventAt(position) ?? poisonAt(position),
      // The poison names no store.
      identity: { ...identity, unnamedUntilPosition: Infinity },
    });
  });
  after(() => world.close());

  test('is named and set aside, and every other stream goes on', async () => {
    const keys = Array.from({ length: 12 }, (_, index) => `stock-key${index}`);
    await world.publish(Object.fromEntries(keys.map((key) => [key, received])));
    await produce(broker.servers, topicOf(world), 'bad');
    // The poison claims positions: those of the store are used up elsewhere, as they are when it is no poison.
    const elsewhere = keys.find((key) => partitionOf(key.slice(6), 4) !== partitionOf('bad', 4)) ?? '';
    for (let filler = 0; filler < CLAIMED_POSITIONS; filler += 1) await world.publish({ [elsewhere]: received });
    await world.publish(Object.fromEntries([...keys, 'stock-bad'].map((key) => [key, received])));
    await reached(
      tally,
      'stock-bad@1',
      ...keys.map((key) => (key === elsewhere ? `${key}@${2 + CLAIMED_POSITIONS}` : `${key}@2`)),
    );
    const kept = tally.unreadable();
    for (const [index, [what, value, , reason]] of poison.entries()) {
      assert.match(kept[index]?.reason ?? '', reason, what);
      // Where no event is named there is nothing to refer to: the bytes are kept.
      const isEvent = kept[index]?.value === null;
      assert.is(isEvent, value.includes('"position":1') && !/"position":1[,}]/.test(value), what);
      if (!isEvent) assert.is(kept[index]?.value?.toString('utf8'), value, what);
    }
    assert.is(kept.length, poison.length);
    assert.ok(keys.some((key) => partitionOf(key.slice(6), 4) === partitionOf('bad', 4)));
  });
});

const topicOf = ({ catalog }: ContractWorld): string => catalog.byCategory('stock')?.topic.name ?? '';

/** As an operator may have made it, so that such a value can arrive at all. */
const makeTopicForLargeValues = async (servers: string, topic: string): Promise<void> =>
  admin(servers, (client, done) => {
    const config = { 'max.message.bytes': '8000000', 'retention.ms': '-1' };
    client.createTopic({ topic, num_partitions: 4, replication_factor: 1, config }, TIMEOUT_MS, done);
  });

const TIMEOUT_MS = 10_000;

const produce = async (servers: string, topic: string, key: string): Promise<void> => {
  const settings = { 'bootstrap.servers': servers, 'enable.idempotence': true, 'message.max.bytes': 8_000_000 };
  const producer = new Producer(settings, {});
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: TIMEOUT_MS }, (error: unknown) => (error instanceof Error ? reject(error) : resolve()));
  });
  for (const [, value, headers] of poison) {
    const own = headers.map((each) => ({ ...each }));
    const ownKey = /"subject":"([^"]+)"/.exec(value)?.[1] ?? key;
    producer.produce(topic, partitionOf(key, 4), Buffer.from(value), ownKey, undefined, undefined, own);
  }
  await new Promise<void>((resolve, reject) => {
    producer.flush(TIMEOUT_MS, (error: unknown) => (error instanceof Error ? reject(error) : resolve()));
  });
  await new Promise<void>((resolve) => {
    producer.disconnect(() => resolve());
  });
};
