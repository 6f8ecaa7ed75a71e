/** The views as the API reads them, alongside the writer and before there is one. */
import { existsSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { noCounts } from '../../infra/consumption/status/outcome-counts';
import { withTopicPrefix } from '../../domain/kernel/topic-prefix';
import { application } from '../../projections/fulfilment/application';
import { openDatabase } from '../../infra/sqlite/database';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { defineProjection, integer, json, nullable, text } from '../../projections/projection';
import type { Projection } from '../../projections/projection';
import { orderSummary } from '../../projections/fulfilment/order-summary';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import type { ViewPage, ViewReader } from '../../projections/view-reader';
import { StockReceived } from '../../domain/stock/events';
import { defaultRebuildSpec } from '../../projections/engine/generations/rebuild-ledger';
import { spec } from '../spec';
import {
  caughtUpTo,
  deliver,
  logOf,
  openViews,
  storedOf,
  temporaryFolder,
  type Told,
  type Views,
} from './views-fixture';

const { catalog, projections } = application;

const received = (sku: string, receiptId: string, quantity: number): Told => [
  `stock-${sku}`,
  'StockReceived',
  { sku, receiptId, quantity, receivedAt: '2018-02-01T00:00:00Z', origin: 'supplier' },
];

/** A view with a key of two parts, one of them an integer, and with JSON. */
const receipts = defineProjection({
  name: 'receipts',
  version: 1,
  meaning: 'One row per receipt and quantity.',
  view: {
    key: { receiptId: text('The receipt.'), quantity: integer('How many.') },
    columns: { sku: text('The article.'), detail: json('The event.'), note: nullable(text('Never set.')) },
    indexes: [['sku']],
  },
  handles: [StockReceived],
  project: ({ data }) => [
    { key: { receiptId: data.receiptId, quantity: data.quantity }, set: { sku: data.sku, detail: { of: data } } },
  ],
});

const story = storedOf([
  received('a', 'r:1', 1),
  received('b', 'r:1', 20),
  received('c', 'r:1', 3),
  received('a', 'r2', 4),
  received('a:b', 'r10', 5),
]);

interface Opened {
  readonly views: Views;
  readonly reader: ViewReader;
}

const withReader = async (
  served: ReadonlyArray<Projection>,
  body: (opened: Opened) => Promise<void> | void,
): Promise<void> => {
  const file = `${temporaryFolder()}/views.sqlite`;
  const views = await openViews({ file, projections: served, stored: story });
  const reader = openViewReader(file, served, catalog);
  try {
    for (const { name } of served) await deliver(views, name, logOf(story));
    await body({ views, reader });
  } finally {
    reader.close();
    await views.close();
  }
};

const page = (reader: ViewReader, view: string, query: Partial<Parameters<ViewReader['list']>[1]> = {}): ViewPage => {
  const found = reader.list(view, { filters: {}, limit: 100, ...query });
  if (found._tag === 'Left') throw new Error(JSON.stringify(found.left));
  return found.right;
};

const failure = (reader: ViewReader, view: string, query: Partial<Parameters<ViewReader['list']>[1]>) => {
  const found = reader.list(view, { filters: {}, limit: 100, ...query });
  return found._tag === 'Left' ? found.left : undefined;
};

spec('a list', ({ test }) => {
  test('is in key order, integers by value', () =>
    withReader([receipts], ({ reader }) => {
      assert.equal(
        page(reader, 'receipts').items.map(({ receiptId, quantity }) => [receiptId, quantity]),
        [
          ['r10', 5],
          ['r2', 4],
          ['r:1', 1],
          ['r:1', 3],
          ['r:1', 20],
        ],
      );
      const [first] = page(reader, 'receipts').items;
      assert.equal(Object.keys(first ?? {}), ['receiptId', 'quantity', 'sku', 'detail', 'note']);
      assert.equal(first?.['detail'], { of: JSON.parse(story[4]?.payload ?? '') as unknown });
      assert.is(first?.['note'], null);
    }));

  test('comes in pages that meet without a gap, also where rows are written meanwhile', () =>
    withReader([receipts], ({ views, reader }) => {
      const whole = page(reader, 'receipts').items;
      assert.is(page(reader, 'receipts', { limit: 5 }).nextCursor, undefined, 'a full last page is the end');
      const insert = views.database.prepare(`INSERT INTO "receipts#1" VALUES ('a', ?, 's', NULL, NULL)`);
      const seen: unknown[] = [];
      let cursor: string | undefined;
      do {
        const part = page(reader, 'receipts', { limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...part.items);
        cursor = part.nextCursor;
        // Before the rows already read: the next page is unaffected.
        insert.run(seen.length);
      } while (cursor !== undefined);
      assert.equal(seen, whole);
      assert.is(page(reader, 'receipts').items.length, whole.length + 3);
    }));

  test('has pages that are bounded by the size of the rows, too', () =>
    withReader([receipts], ({ views, reader }) => {
      const insert = views.database.prepare(`INSERT INTO "receipts#1" VALUES (?, 1, 's', ?, NULL)`);
      for (let index = 10; index < 40; index += 1) insert.run(`big${index}`, JSON.stringify('x'.repeat(100_000)));
      insert.run('huge', JSON.stringify('x'.repeat(3_000_000)));
      const sizes: number[] = [];
      const seen: unknown[] = [];
      let cursor: string | undefined;
      do {
        const part = page(reader, 'receipts', { limit: 1_000, ...(cursor === undefined ? {} : { cursor }) });
        sizes.push(part.items.length);
        seen.push(...part.items.map(({ receiptId }) => receiptId));
        cursor = part.nextCursor;
      } while (cursor !== undefined);
      assert.is(seen.length, story.length + 31);
      assert.is(new Set(seen).size, seen.length - 2, 'r:1 stands under three quantities');
      assert.ok(
        sizes.every((size) => size <= 15),
        sizes.join(),
      );
    }));

  test('takes filters of text and of whole numbers, together with a cursor', () =>
    withReader([receipts], ({ reader }) => {
      const quantities = (filters: Readonly<Record<string, string>>): ReadonlyArray<unknown> =>
        page(reader, 'receipts', { filters }).items.map(({ quantity }) => quantity);
      assert.equal(quantities({ sku: 'a' }), [4, 1]);
      assert.equal(quantities({ sku: 'a', quantity: '4' }), [4]);
      assert.equal(quantities({ quantity: '-4' }), []);
      assert.equal(quantities({ sku: "a' OR 1 = 1 --" }), []);
      const first = page(reader, 'receipts', { filters: { sku: 'a' }, limit: 1 });
      const { nextCursor } = first;
      if (nextCursor === undefined) throw new Error('there is a second page');
      const second = page(reader, 'receipts', { filters: { sku: 'a' }, limit: 1, cursor: nextCursor });
      assert.equal(
        second.items.map(({ quantity }) => quantity),
        [1],
      );
      assert.is(second.nextCursor, undefined);
    }));

  test('rejects a filter on an unknown column, and a value that is not a number', () =>
    withReader([receipts], ({ reader }) => {
      const known = ['receiptId', 'quantity', 'sku', 'note'];
      for (const name of ['colour', 'detail', 'constructor']) {
        assert.equal(failure(reader, 'receipts', { filters: { [name]: '1' } }), { _tag: 'UnknownFilter', name, known });
      }
      for (const value of ['', 'x', '1.5', '1e3', ' 1', '9007199254740993']) {
        const left = failure(reader, 'receipts', { filters: { quantity: value } });
        assert.is(left?._tag, 'InvalidFilter', value);
        assert.match(JSON.stringify(left), /whole number/);
      }
    }));

  test('rejects a cursor that no page returned', () =>
    withReader([receipts], ({ reader }) => {
      const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
      const bad = ['', 'x', '€', encode(1), encode(['r2']), encode(['r2', 'x']), encode([2, 2]), encode(['r', 1, 1])];
      for (const cursor of [...bad, encode(['r2', 1.5]), `${encode(['r2', 4])}=`]) {
        assert.equal(failure(reader, 'receipts', { cursor }), { _tag: 'InvalidCursor' }, cursor);
      }
      assert.is(page(reader, 'receipts', { cursor: encode(['r2', 4]) }).items.length, 3);
    }));
});

spec('a row', ({ test }) => {
  test('is found by its key, whose parts are joined by colons and may contain them', () =>
    withReader([receipts, stockLevel], ({ reader }) => {
      assert.is(reader.find('receipts', 'r:1:20')?.['sku'], 'b');
      assert.is(reader.find('receipts', 'r2:4')?.['sku'], 'a');
      for (const key of ['r2', 'r2:x', 'r2:', ':4', 'r2:4:4', '', '4']) {
        assert.is(reader.find('receipts', key), undefined, key);
      }
      assert.is(reader.find('stock-level', 'a:b')?.['onHand'], 5);
      assert.is(reader.find('stock-level', 'a')?.['onHand'], 5);
      assert.is(reader.find('stock-level', 'z'), undefined);
    }));

  test('has every column, in the order in which they are declared', () =>
    withReader([orderSummary], async ({ views, reader }) => {
      const paid = storedOf([
        [
          'payment-p',
          'PaymentCaptured',
          { paymentId: 'p', orderId: 'o', currency: 'EUR', amount: 1, capturedAt: '2018-01-01T00:00:00Z' },
        ],
      ]).map((event) => ({ ...event, position: 99 }));
      await deliver(views, 'order-summary', logOf(paid));
      assert.equal(Object.keys(reader.find('order-summary', 'o') ?? {}), [
        'orderId',
        ...Object.keys(orderSummary.view.columns),
      ]);
    }));
});

spec('the events that a view has applied', ({ test }) => {
  test('are those at or below the high-water position of their partition', () =>
    withReader([stockLevel], ({ reader }) => {
      const { topic, partition } = logOf(story)[3] ?? { topic: '', partition: -1 };
      assert.is(reader.hasSeen('stock-level', { topic, partition, position: 4 }), true);
      assert.is(reader.hasSeen('stock-level', { topic, partition, position: 1 }), true);
      assert.is(reader.hasSeen('stock-level', { topic, partition, position: 99 }), false);
      const other = Array.from({ length: 4 }, (_, index) => index).find(
        (index) => !logOf(story).some((record) => record.partition === index),
      );
      if (other !== undefined)
        assert.is(reader.hasSeen('stock-level', { topic, partition: other, position: 1 }), false);
    }));

  test('include every event of a topic that it does not read', () =>
    withReader([stockLevel], ({ reader }) => {
      assert.is(reader.hasSeen('stock-level', { topic: 'payments', partition: 0, position: 1_000 }), true);
    }));

  test('are announced by a counter that changes with every commit, and with nothing else', () =>
    withReader([stockLevel], async ({ views, reader }) => {
      const before = reader.changeCounter();
      reader.list('stock-level', { filters: {}, limit: 1 });
      reader.projections();
      assert.is(reader.changeCounter(), before);
      await caughtUpTo(views, 'stock-level', 10);
      assert.is.not(reader.changeCounter(), before);
      assert.is(reader.hasSeen('stock-level', { topic: 'stock', partition: 3, position: 10 }), true);
    }));
});

spec('the status of projections and groups', ({ test }) => {
  test('includes the served rows and the last rebuild', () =>
    withReader([stockLevel], async ({ views, reader }) => {
      const name = 'stock-level';
      assert.equal(reader.projections(), [
        { name, version: 1, generation: 1, rows: 4, rebuild: null, former: null, copies: [] },
      ]);
      assert.equal(reader.groups(), []);
      const status = {
        group: name,
        state: 'running' as const,
        reason: null,
        since: '2018-03-01T12:00:00.000Z',
        lag: 0,
        outcomes: { ...noCounts(), applied: 1, retries: 0 },
        partitions: [],
        updatedAt: '2018-03-01T12:30:45.678Z',
      };
      await views.operations.report({ status });
      assert.equal(reader.groups(), [status]);
      assert.is(reader.rebuild(1), undefined);
    }));

  test('follows a swap of the tables, with the old rows served up to it', () =>
    withReader([stockLevel], async ({ views, reader }) => {
      const rebuild = { ...defaultRebuildSpec('stock-level', 'store'), id: 7, reason: null };
      views.database
        .prepare(
          `INSERT INTO rebuilds (id, projection, kind, source, state, accept_differences, done)
             VALUES (7, 'stock-level', 'rebuild', 'store', 'requested', 0, 0)`,
        )
        .run();
      await views.operations.beginRebuild({ ...rebuild, version: null, generation: null });
      assert.is(page(reader, 'stock-level').items.length, 4);
      assert.is(reader.projections()[0]?.rebuild?.state, 'running');
      await views.operations.finishRebuild({ id: 7, reason: 'because', proof: { equal: false } });
      assert.equal(page(reader, 'stock-level').items, []);
      const [status] = reader.projections();
      assert.equal([status?.generation, status?.rows], [2, 0]);
      assert.equal(reader.rebuild(7)?.proof, { equal: false });
      assert.equal(status?.rebuild, reader.rebuild(7));
    }));

  test('shows rows of an older version while they are served: new columns are null, old ones left out', () =>
    withReader([stockLevel], ({ views, reader }) => {
      assert.is(reader.find('stock-level', 'a')?.['onHand'], 5);
      const { onHand, version } = stockLevel.view.columns;
      if (onHand === undefined || version === undefined) throw new Error('the columns are there');
      const changed: Projection = {
        ...stockLevel,
        version: 2,
        view: { ...stockLevel.view, columns: { onHand, place: nullable(text('Where.')), version } },
      };
      const newer = openViewReader(views.database.name, [changed], catalog);
      assert.equal(newer.find('stock-level', 'a'), { sku: 'a', onHand: 5, place: null, version: 2 });
      assert.equal(page(newer, 'stock-level', { filters: { place: 'here' } }).items, []);
      assert.is(page(newer, 'stock-level', { filters: { onHand: '5' } }).items.length, 2);
      assert.is(newer.projections()[0]?.version, 1);
      newer.close();
    }));
});

spec('a reader of a file that does not exist', ({ test }) => {
  test('returns no rows and no applied events, and opens the file when it appears', async () => {
    const file = `${temporaryFolder()}/views.sqlite`;
    const reader = openViewReader(file, projections, catalog);
    assert.not.ok(existsSync(file));
    const before = reader.changeCounter();
    assert.equal(page(reader, 'order-summary'), { items: [] });
    assert.is(failure(reader, 'order-summary', { filters: { colour: 'red' } })?._tag, 'UnknownFilter');
    assert.is(reader.find('order-summary', 'o1'), undefined);
    assert.is(reader.hasSeen('order-summary', { topic: 'orders', partition: 0, position: 1 }), false);
    assert.is(reader.hasSeen('stock-level', { topic: 'orders', partition: 0, position: 1 }), true);
    assert.equal(reader.groups(), []);
    assert.is(reader.rebuild(1), undefined);
    assert.is(reader.projections().length, projections.length);
    const views = await openViews({ file });
    await deliver(views, 'stock-level', logOf(story));
    assert.is.not(reader.changeCounter(), before);
    assert.is(reader.find('stock-level', 'a')?.['onHand'], 5);
    reader.close();
    await views.close();
  });

  test('waits for the schema, and refuses one that is newer', () => {
    const file = `${temporaryFolder()}/views.sqlite`;
    openDatabase({ file, synchronous: 'NORMAL', migrations: viewsMigrations.slice(0, 1) }).close();
    const reader = openViewReader(file, projections, catalog);
    assert.equal(page(reader, 'order-summary'), { items: [] });
    const newer = [...viewsMigrations, { name: 'to come', sql: 'CREATE TABLE to_come (id INTEGER)' }];
    openDatabase({ file, synchronous: 'NORMAL', migrations: newer }).close();
    assert.throws(() => page(reader, 'order-summary'), /run the newer program/);
    reader.close();
    assert.throws(() => page(reader, 'order-summary'), /closed/);
  });

  test('describes its views from their declarations, under the names that topics have here', () => {
    const reader = openViewReader('/nowhere', projections, withTopicPrefix(catalog, 'p-'));
    assert.equal(
      reader.views.map(({ name, key, topics }) => ({ name, key, topics })),
      [
        { name: 'order-summary', key: ['orderId'], topics: ['p-orders', 'p-payments'] },
        { name: 'stock-level', key: ['sku'], topics: ['p-stock'] },
        { name: 'customer-orders', key: ['customerId'], topics: ['p-orders'] },
        { name: 'sales-by-day', key: ['day', 'currency'], topics: ['p-orders', 'p-payments'] },
      ],
    );
    assert.equal(reader.views[1]?.columns[0], {
      name: 'sku',
      type: 'text',
      nullable: false,
      meaning: 'The article, by its stock keeping unit.',
    });
    reader.close();
  });
});
