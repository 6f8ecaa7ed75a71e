/** What is accepted from the log: this store's events, in their place, and nothing else, whatever a record claims. */
import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import type { OutcomeCounts } from '../../../infra/consumption/status/outcome-counts';
import type { StoreFacts } from '../../../infra/consumption/intake/store-facts';
import { deadLetterReader } from '../../../infra/sqlite/consumer-file/dead-letters-reader';
import { cloudEventEncoder } from '../../../infra/kafka/cloud-events';
import type { LogRecord } from '../../../infra/kafka/event-log';
import { recordHeaders } from '../../../infra/kafka/record-headers';
import { LOG_ID, storedOf, STORE_ID, storeOf, type Told } from '../../projections/views-fixture';
import { spec } from '../../spec';
import { tallyHandler, type Tally } from './tally-handler';

const { catalog } = application;

const received = (sku: string, index: number): Told => [
  `stock-${sku}`,
  'StockReceived',
  { sku, receiptId: `r${index}`, quantity: 1, receivedAt: '2018-01-01T00:00:00Z' },
];
/** The stream of the record under test goes on after it, and others stand beside it. */
const story = storedOf(['b', 'a', 'c', 'a', 'b', 'a'].map(received));
const EVENT = story[1] as StoredEvent;
const LAST = story.length;

/** What a test puts under an attribute. */
type JsonValue = string | number | boolean | null | undefined | object;

type Mode = 'structured' | 'binary';

const recordOf = (event: StoredEvent, mode: Mode, storeId: string = STORE_ID): LogRecord => {
  const encode = cloudEventEncoder({ catalog, mode, schemaBaseUrl: 'urn:test', storeId });
  const { topic, partition, key, value, headers } = encode(event);
  const bytes = { key: Buffer.from(key), value: Buffer.from(value), headers: recordHeaders(headers) };
  return { topic, partition, offset: 0, timestampMs: 0, ...bytes };
};

/** The record with another value under one attribute; without it where the value is undefined. */
const withAttribute = (record: LogRecord, mode: Mode, name: string, value: JsonValue): LogRecord => {
  if (mode === 'structured') {
    const attributes = JSON.parse(String(record.value)) as Record<string, unknown>;
    attributes[name] = value;
    return { ...record, value: Buffer.from(JSON.stringify(attributes)) };
  }
  const others = record.headers.filter(([header]) => header !== `ce_${name}`);
  return {
    ...record,
    headers:
      value === undefined
        ? others
        : [...others, [`ce_${name}`, Buffer.from(encodeURIComponent(JSON.stringify(value).replace(/^"|"$/g, '')))]],
  };
};

interface World {
  readonly tally: Tally;
  readonly deliver: (records: ReadonlyArray<LogRecord>) => Promise<OutcomeCounts>;
  readonly marks: () => Promise<ReadonlyArray<number>>;
  readonly letters: () => ReadonlyArray<{ readonly class: string; readonly reason: string }>;
}

const withWorld = async (body: (world: World) => Promise<void>, facts: Partial<StoreFacts> = {}): Promise<void> => {
  const tally = tallyHandler(':memory:', catalog, { ...storeOf(story, []), ...facts });
  const begin = catalog.aggregates.flatMap(({ topic }) =>
    Array.from({ length: topic.partitions }, (_, partition) => ({
      topic: topic.name,
      partition,
      logId: LOG_ID,
      nextOffset: 0,
      highWaterPosition: 0,
    })),
  );
  await tally.begin(begin);
  const offsets = new Map<string, number>();
  try {
    await body({
      tally,
      deliver: (given) => {
        const ends = new Map(offsets);
        const records = given.map((record) => {
          const place = `${record.topic}/${record.partition}`;
          const offset = ends.get(place) ?? 0;
          ends.set(place, offset + 1);
          return { ...record, offset };
        });
        const moves = begin.flatMap(({ topic, partition, logId }) => {
          const place = `${topic}/${partition}`;
          const [from, to] = [offsets.get(place) ?? 0, ends.get(place) ?? 0];
          return from === to ? [] : [{ topic, partition, logId, nextOffset: to, fromLogId: logId, fromOffset: from }];
        });
        for (const [place, end] of ends) offsets.set(place, end);
        return tally.apply({ records, moves });
      },
      marks: async () => (await tally.checkpoints()).map(({ highWaterPosition }) => highWaterPosition),
      letters: () => deadLetterReader(tally.database).list({}, { limit: 1_000 }),
    });
  } finally {
    tally.database.close();
  }
};

/** Set aside under a class, without an effect; and the real one still goes through, once. */
const assertRefused = async (forged: LogRecord, classes: ReadonlyArray<string>, facts?: Partial<StoreFacts>) =>
  withWorld(async ({ tally, deliver, marks, letters }) => {
    const outcome = await deliver([forged]);
    const shown = JSON.stringify([outcome, letters(), String(forged.value).slice(0, 600)]);
    assert.is(outcome.applied + outcome.duplicates + outcome.parked, 0, shown);
    assert.ok(
      (await marks()).every((mark) => mark === 0),
      'no mark has moved',
    );
    assert.ok(classes.includes(letters()[0]?.class ?? 'none'), shown);
    const after = await deliver(story.map((event) => recordOf(event, 'structured')));
    assert.is(after.applied, story.length, 'every real event counts');
    assert.ok([...tally.counts().values()].every((count) => count === 1));
  }, facts);

const modes = fc.constantFrom<Mode>('structured', 'binary');

spec('a record from the log', ({ test }) => {
  test('of this store in its place is applied, in both modes', () =>
    withWorld(async ({ deliver }) => {
      const outcome = await deliver(
        story.map((event, index) => recordOf(event, index % 2 === 0 ? 'structured' : 'binary')),
      );
      assert.is(outcome.applied, story.length);
    }));

  test('that differs from a real one in any attribute is never applied and moves no mark', async () => {
    const names = [
      ...['id', 'specversion', 'type', 'subject', 'time', 'dataschema', 'correlationid', 'causationid', 'actor'],
      ...['storeid', 'streamversion', 'position', 'traceparent'],
    ];
    const values = fc.oneof(
      fc.constantFrom<JsonValue>(undefined, '', '__proto__', 'x'.repeat(5_000), 0, -1, 1.5, 9e15, 1, LAST, LAST + 1),
      fc.constantFrom<JsonValue>(...story.flatMap(({ id, position, stream }) => [id, position, stream.slice(6)])),
      fc.constantFrom<JsonValue>(
        'StockReleased',
        `${STORE_ID} `,
        STORE_ID.toUpperCase(),
        'stock-a@01',
        ' 2',
        '02',
        '2e0',
      ),
      fc.constantFrom<JsonValue>(
        '2018-03-01T12:30:45.678+00:00',
        'urn:test/StockReceived/1',
        'urn:test/StockReceived/02',
      ),
      fc.string(),
      fc.integer(),
    );
    await fc.assert(
      fc.asyncProperty(modes, fc.constantFrom(...names), values, async (mode, name, value) => {
        const genuine = recordOf(EVENT, mode);
        const forged = withAttribute(genuine, mode, name, value);
        fc.pre(!(name === 'traceparent' && value === undefined) && !isSame(genuine, forged));
        await assertRefused(forged, ['foreign', 'misplaced', 'malformed', 'unknown-contract']);
      }),
      { numRuns: 400, seed: 12 },
    );
  });

  test('that names a value of another sort as its store is foreign', async () => {
    for (const storeId of [null, 5, true, [STORE_ID], { id: STORE_ID }, '', 'x'.repeat(100_000)]) {
      await assertRefused(withAttribute(recordOf(EVENT, 'structured'), 'structured', 'storeid', storeId), ['foreign']);
    }
  });

  test("whose source is another store's is foreign, whatever storeid it gives", () =>
    assertRefused(withAttribute(recordOf(EVENT, 'binary'), 'binary', 'source', '/tidemark/another-store/stock'), [
      'foreign',
    ]));

  const genuine = recordOf(EVENT, 'structured');
  const places: ReadonlyArray<readonly [string, Partial<LogRecord>]> = [
    ['in another partition', { partition: (genuine.partition + 1) % 4 }],
    ['in another topic', { topic: 'orders' }],
    ['under another key', { key: Buffer.from('b') }],
    ['under a key of bytes that are not text', { key: Buffer.from([0xff]) }],
    ['without a key', { key: null }],
  ];
  for (const [where, change] of places) {
    test(`that stands ${where} is misplaced`, () => assertRefused({ ...genuine, ...change }, ['misplaced']));
  }

  test('that was delivered before is a duplicate, and no more', () =>
    withWorld(async ({ deliver, letters }) => {
      await deliver(story.map((event) => recordOf(event, 'structured')));
      assert.is((await deliver([genuine, recordOf(EVENT, 'binary')])).duplicates, 2);
      assert.equal(letters(), []);
    }));

  test('that names no store counts as its own up to where the store was before it had an id, and only as what it holds', async () => {
    const identity = { storeId: STORE_ID, unnamedUntilPosition: 4, requestFloor: 0 };
    const unnamed = (event: StoredEvent, stem: (event: StoredEvent) => StoredEvent = (same) => same) => {
      const record = withAttribute(recordOf(stem(event), 'structured'), 'structured', 'storeid', undefined);
      return withAttribute(record, 'structured', 'source', '/tidemark/stock');
    };
    await withWorld(
      async ({ deliver }) => {
        const outcome = await deliver(story.map((event) => unnamed(event)));
        assert.equal([outcome.applied, outcome.foreign], [4, 2]);
      },
      { identity },
    );
    const another = unnamed(EVENT, (event) => ({ ...event, id: 'stock-a@7', version: 7 }));
    await assertRefused(another, ['misplaced'], { identity });
  });

  test('is kept byte for byte, but not without end: a flood is counted, and halts the group', () =>
    withWorld(async ({ tally, deliver, marks, letters }) => {
      const others = storedOf(Array.from({ length: 400 }, (_, index) => received(`x${index}`, index)));
      const flood = others.map((event) => recordOf(event, 'structured', 'another-store'));
      await deliver(story.map((event) => recordOf(event, 'structured')));
      const before = await marks();
      await deliver(flood.slice(0, 2));
      assert.equal(
        tally.unreadable().map(({ value }) => String(value)),
        flood.slice(0, 2).map(({ value }) => String(value)),
      );
      let refused: unknown;
      await deliver(flood.slice(2, 300)).catch((error: unknown) => (refused = error));
      assert.instance(refused, Error);
      assert.match(
        (refused as Error).message,
        /300 of the last 306 records are not events of this store.*'another-store'.*KAFKA_TOPIC_PREFIX/,
      );
      assert.equal(await marks(), before);
      assert.is(letters().length, 2);
      assert.equal([...tally.counts().keys()].sort(), story.map(({ id }) => id).sort());
    }));

  test('is kept a hundred times at most, where they come slowly enough to halt nothing', () =>
    withWorld(async ({ deliver, letters }) => {
      const forged = recordOf({ ...EVENT, position: 9_000_000_000_000_000 }, 'structured');
      for (let round = 0; round < 3; round += 1) {
        // Among repeats of a real event, so that the forged ones are few.
        await deliver([...Array.from({ length: 1_000 }, () => genuine), ...Array.from({ length: 60 }, () => forged)]);
        await deliver(Array.from({ length: 1_000 }, () => genuine));
      }
      assert.is(letters().length, 100);
    }));
});

const isSame = (left: LogRecord, right: LogRecord): boolean => {
  const headers = ({ headers: all }: LogRecord) => new Map(all.map(([name, value]) => [name, String(value)]));
  return (
    String(left.value) === String(right.value) &&
    JSON.stringify([...headers(left)].sort()) === JSON.stringify([...headers(right)].sort())
  );
};
