/** JSON and booleans look the same wherever a row is shown: served, compared, verified, explained, copied, rebuilt. */
import { feedOf } from '../support/reader-feed';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { differenceLines } from '../../api/cli/rebuild';
import { application } from '../../projections/fulfilment/application';
import { StockReceived } from '../../domain/stock/events';
import { verifyProjection } from '../../projections/engine/inspect/verify';
import { rowExplanations } from '../../projections/engine/inspect/explain-row';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import { boolean, defineProjection, defineRollup, integer, json, nullable, text } from '../../projections/projection';
import type { Projection } from '../../projections/projection';
import { spec } from '../spec';
import { memoryLog } from './memory-log';
import { asked, request, run, statusOf } from './rebuild-fixture';
import { deliver, logOf, openViews, storedOf, storeOf, temporaryFolder, type Told, type Views } from './views-fixture';
import { ownClock } from '../support/test-clock';

const { catalog } = application;

const columns = {
  detail: json('What came last.'),
  flag: json('A truth value as JSON.'),
  many: boolean('Whether more than three came at once.'),
  checked: nullable(boolean('Never said.')),
};
const values = (quantity: number) => ({
  detail: { quantity, tags: ['a', null] },
  flag: quantity > 3,
  many: quantity > 3,
});

const receipts = defineProjection({
  name: 'receipts',
  version: 1,
  meaning: 'One row per article.',
  view: { key: { sku: text('The article.') }, columns },
  handles: [StockReceived],
  project: ({ data: { sku, quantity } }) => [{ key: { sku }, set: values(quantity) }],
});

/** The same in the detail table. */
const receiptSums = defineRollup({
  name: 'receipt-sums',
  version: 1,
  meaning: 'One row per size.',
  view: { key: { size: text('The size.') }, columns: { articles: integer('How many.') } },
  memory: { key: { sku: text('The article.') }, columns },
  handles: [StockReceived],
  project: ({ data: { sku, quantity } }) => [{ key: { sku }, set: values(quantity) }],
  contribution: ({ many, detail }) => ({
    key: { size: many && typeof detail === 'object' ? 'large' : 'small' },
    add: { articles: 1 },
  }),
});

const received = (sku: string, quantity: number): Told => [
  `stock-${sku}`,
  'StockReceived',
  { sku, receiptId: `r${quantity}`, quantity, receivedAt: '2018-02-01T00:00:00Z', origin: 'supplier' },
];
const stored = storedOf([received('a', 1), received('b', 2), received('a', 5)]);
const log = logOf(stored);
const rowA = { sku: 'a', ...values(5), checked: null };

const withViews = async (
  projection: Projection,
  body: (views: Views, file: string) => Promise<void>,
  requests: ReadonlyArray<ReturnType<typeof request>> = [],
): Promise<void> => {
  const file = join(temporaryFolder(), 'views.sqlite');
  const views = await openViews({ file, projections: [projection], stored, requests });
  try {
    await deliver(views, projection.name, log);
    await body(views, file);
  } finally {
    await views.close();
  }
};

const spoil = (views: Views): void =>
  void views.database.exec(
    `UPDATE "receipts#1" SET detail = '{"quantity":7}', flag = 'false', many = 0, checked = 1 WHERE sku = 'a'`,
  );
const spoilt = { sku: 'a', detail: { quantity: 7 }, flag: false, many: false, checked: true };

const withBody = (body: object) => ({ ...request(1, 'receipts', 'store'), body: JSON.stringify(body) });

spec('JSON and booleans', ({ test }) => {
  test('are served as values, and booleans can be filtered by', () =>
    withViews(receipts, async (_views, file) => {
      const reader = openViewReader(file, [receipts], catalog);
      assert.equal(reader.find('receipts', 'a'), rowA);
      const filtered = (many: string) => {
        const page = reader.list('receipts', { filters: { many }, limit: 10 });
        return page._tag === 'Right' ? page.right.items.map((row) => row['sku']) : page.left;
      };
      assert.equal([filtered('true'), filtered('false')], [['a'], ['b']]);
      assert.equal(filtered('1'), { _tag: 'InvalidFilter', name: 'many', reason: "it takes true or false, not '1'" });
      reader.close();
      return Promise.resolve();
    }));

  test('are values in the differences of a rebuild, and only real differences are shown on the terminal', () =>
    withViews(
      receipts,
      async (views) => {
        spoil(views);
        assert.is(await run(views, receipts, await asked(views), { log: memoryLog({ records: log }) }), 'waiting');
        const [difference] = statusOf(views, 1).differences?.rows ?? [];
        assert.equal([difference?.before, difference?.after], [spoilt, rowA]);
        assert.equal(difference?.events, ['stock-a@1', 'stock-a@2']);
        if (difference === undefined) throw new Error('there is a difference');
        const [line] = differenceLines({ ...difference, before: { ...rowA, many: false } });
        assert.is(line, '    a: many false -> true');
      },
      [request(1, 'receipts', 'store')],
    ));

  test('are values in the differences of detail rows', () =>
    withViews(
      receiptSums,
      async (views) => {
        views.database.exec(`UPDATE "receipt-sums#1#memory" SET detail = '[1]', many = 1 WHERE sku = 'b'`);
        assert.is(await run(views, receiptSums, await asked(views), { log: memoryLog({ records: log }) }), 'waiting');
        const [difference] = statusOf(views, 1).differences?.rows ?? [];
        assert.equal(difference?.table, 'memory');
        assert.equal(difference?.before, { sku: 'b', detail: [1], flag: false, many: true, checked: null });
        assert.equal(difference?.after, { sku: 'b', ...values(2), checked: null });
      },
      [request(1, 'receipt-sums', 'store')],
    ));

  test('are values in a verification', () =>
    withViews(receipts, async (views, file) => {
      spoil(views);
      const { differences } = await verifyProjection({
        viewsFile: file,
        scratchFile: join(temporaryFolder(), 'scratch.sqlite'),
        store: feedOf(storeOf(stored, [])),
        catalog,
        projection: receipts,
        clock: ownClock,
        onProgress: () => undefined,
      });
      assert.equal([differences?.rows[0]?.before, differences?.rows[0]?.after], [spoilt, rowA]);
    }));

  test('are values in an explanation: the row, the row from its events, and what each changed', () =>
    withViews(receipts, async (views, file) => {
      spoil(views);
      const store = feedOf(storeOf(stored, []));
      const explain = rowExplanations({ viewsFile: file, store, catalog, projections: [receipts] });
      const explanation = await explain('receipts', 'a');
      assert.equal([explanation?.row, explanation?.rowFromEvents, explanation?.agrees], [spoilt, rowA, false]);
      assert.equal(explanation?.history[1]?.changes, {
        detail: { from: values(1).detail, to: values(5).detail },
        flag: { from: false, to: true },
        many: { from: false, to: true },
      });
    }));

  test('are values in the proof of a rebuilt row', () =>
    withViews(
      receipts,
      async (views, file) => {
        spoil(views);
        assert.is(await run(views, receipts, await asked(views), { log: memoryLog({ records: log }) }), 'done');
        const { proof } = statusOf(views, 1);
        assert.equal([proof?.['before'], proof?.['after']], [Object.values(spoilt), Object.values(rowA)]);
        const reader = openViewReader(file, [receipts], catalog);
        assert.equal(reader.find('receipts', 'a'), rowA);
        reader.close();
      },
      [withBody({ projection: 'receipts', from: 'store', kind: 'row', key: 'a' })],
    ));

  test('are values in a copy as of a position', () =>
    withViews(
      receipts,
      async (views, file) => {
        assert.is(await run(views, receipts, await asked(views), { log: memoryLog({ records: log }) }), 'done');
        const reader = openViewReader(file, [receipts], catalog);
        assert.equal(reader.find('receipts@friday', 'a'), { sku: 'a', ...values(1), checked: null });
        reader.close();
      },
      [withBody({ projection: 'receipts', from: 'store', kind: 'copy', copy: 'friday', until: '2' })],
    ));

  test('cannot be part of a key', () => {
    for (const column of [json('A key.'), boolean('A key.')])
      assert.throws(
        () =>
          defineProjection({
            ...receipts,
            view: { key: { sku: column }, columns: {} },
            handles: [],
            project: () => [],
          }),
        /can't have the key 'sku': a key takes texts and integers/,
      );
  });
});
