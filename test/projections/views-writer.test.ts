/** Batches and checkpoints: each event is applied once, however often it is delivered, and nothing is half done. */
import * as assert from 'uvu/assert';
import { noCounts } from '../../infra/consumption/status/outcome-counts';
import { customerOrders } from '../../projections/fulfilment/customer-orders';
import { decodeHeaders } from '../../infra/sqlite/consumer-file/header-codec';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { LogRecord } from '../../infra/kafka/event-log';
import { STRUCTURED_HEADERS } from '../../infra/kafka/record-headers';
import { packBatch } from '../../projections/engine/apply/packed-batch';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import { spec } from '../spec';
import {
  caughtUpTo,
  deliver,
  LOG_ID,
  logOf,
  movesOf,
  recordAt,
  openViews,
  rowsOf,
  storedOf,
  temporaryFolder,
  type Told,
  type Views,
} from './views-fixture';

const received = (sku: string, quantity: number, receiptId = `r${quantity}`): Told => [
  `stock-${sku}`,
  'StockReceived',
  { sku, receiptId, quantity, receivedAt: '2018-02-01T00:00:00Z' },
];

const story = storedOf([received('a', 1), received('a', 2), received('c', 4), received('a', 8)]);
const log = logOf(story);

const stockRow = (sku: string, onHand: number, version: number) => ({
  sku,
  onHand,
  reserved: 0,
  available: onHand,
  version,
});
const allRows = [stockRow('a', 11, 3), stockRow('c', 4, 1)];

const withViews = async (body: (views: Views) => Promise<void>, options?: Parameters<typeof openViews>[0]) => {
  const views = await openViews({ projections: [stockLevel], stored: story, ...options });
  try {
    await body(views);
  } finally {
    await views.close();
  }
};

const fails = async (work: () => unknown, name: string): Promise<void> => {
  try {
    await work();
  } catch (error) {
    assert.is((error as Error).name, name);
    return;
  }
  assert.unreachable(`expected ${name}`);
};

const nextOffsets = async ({ operations }: Views): Promise<ReadonlyArray<string>> =>
  (await operations.checkpoints({ consumer: 'stock-level' }))
    .filter(({ topic, nextOffset }) => topic === 'stock' && nextOffset > 0)
    .map(({ partition, nextOffset, highWaterPosition }) => `${partition}: ${nextOffset} @${highWaterPosition}`);

spec('a batch of records', ({ test }) => {
  test('is applied, and moves offsets and high-water positions in the same transaction', () =>
    withViews(async (views) => {
      const outcome = await deliver(views, 'stock-level', log);
      assert.equal(outcome, { ...noCounts(), applied: 4 });
      assert.equal(rowsOf(views.database, 'stock-level'), allRows);
      const [a, c] = [log[0]?.partition, log[2]?.partition];
      assert.is.not(a, c, 'the two articles are in different partitions');
      assert.equal(await nextOffsets(views), [`${a}: 3 @4`, `${c}: 1 @3`].sort());
    }));

  test('applies an event once that is delivered again, in the same batch or a later one', () =>
    withViews(async (views) => {
      const [first, second, , third] = log;
      if (first === undefined || second === undefined || third === undefined) throw new Error('the log is short');
      const twice = [first, second, { ...first, offset: 2 }, { ...third, offset: 3 }];
      assert.is((await deliver(views, 'stock-level', twice)).duplicates, 1);
      const again = twice.map((record, index) => ({ ...record, offset: 4 + index }));
      assert.equal(await deliver(views, 'stock-level', again), {
        ...noCounts(),
        duplicates: 4,
      });
      assert.equal(rowsOf(views.database, 'stock-level'), [stockRow('a', 11, 3)]);
    }));

  test('that does not start at its checkpoint belongs to a zombie, and changes nothing', () =>
    withViews(async (views) => {
      await deliver(views, 'stock-level', log);
      const late = log.map((record) => ({ ...record, value: Buffer.from('not even readable') }));
      await fails(() => deliver(views, 'stock-level', late), 'CheckpointMoved');
      assert.equal(rowsOf(views.database, 'stock-level'), allRows);
      assert.equal(views.database.prepare('SELECT * FROM dead_letters').all(), []);
    }));

  test('without the moves of all its partitions is rejected before anything is done', () =>
    withViews(async () => {
      assert.throws(
        () => packBatch({ records: log, moves: movesOf(log.slice(0, 1)) }),
        /has no move of its checkpoint/,
      );
      await Promise.resolve();
    }));

  test('fails after another process has taken the lease of the file, and changes nothing', () =>
    withViews(async (views) => {
      views.database.prepare('UPDATE lease SET epoch = epoch + 1').run();
      await fails(() => deliver(views, 'stock-level', log), 'LeaseLost');
      assert.equal(rowsOf(views.database, 'stock-level'), []);
      assert.equal(await nextOffsets(views), []);
      views.database.prepare('UPDATE lease SET epoch = epoch - 1').run();
    }));

  test('skips events that the projection does not handle', () =>
    withViews(
      async (views) => {
        assert.equal(await deliver(views, 'customer-orders', logOf(views.stored)), { ...noCounts(), notApplicable: 1 });
      },
      { projections: [customerOrders], stored: storedOf([['order-1', 'OrderConfirmed', {}]]) },
    ));

  test('dead-letters an event of an unknown type, since a later program may handle it', () =>
    withViews(
      async (views) => {
        const outcome = await deliver(views, 'stock-level', logOf(views.stored));
        assert.equal(outcome, { ...noCounts(), applied: 1, unknownContract: 1, parked: 1 });
      },
      { stored: storedOf([['stock-a', 'StockCounted', {}], received('a', 1), received('c', 4)]) },
    ));
});

spec('a record that cannot be read', ({ test }) => {
  const [first] = log;
  const fromTheFuture = { ...story[0], schemaVersion: 9 } as StoredEvent;
  const ofSchemaToCome = recordAt(fromTheFuture, 0);
  const place = { topic: 'stock', partition: first?.partition ?? 0, timestampMs: 1_519_907_445_678 };
  const unreadable: ReadonlyArray<readonly [string, Pick<LogRecord, 'key' | 'value' | 'headers'>, RegExp]> = [
    ['a tombstone', { key: Buffer.from('a'), value: null, headers: [] }, /tombstone/],
    ['truncated JSON', { key: null, value: Buffer.from('{"specversion":'), headers: STRUCTURED_HEADERS }, /not JSON/],
    [
      'bytes that are not text, with additional headers',
      {
        key: Buffer.from([0, 255, 1]),
        value: Buffer.from([255, 254, 0]),
        headers: [
          ['Trace', Buffer.from([1, 2, 255])],
          ['trace', Buffer.from('again')],
          ['trace', Buffer.of()],
        ],
      },
      /not a CloudEvent/,
    ],
    [
      'an event that breaks its contract',
      {
        key: Buffer.from('a'),
        value: Buffer.from(first?.value?.toString('utf8').replace('"quantity":1', '"quantity":-1') ?? ''),
        headers: STRUCTURED_HEADERS,
      },
      /\/quantity: must be quantity/,
    ],
    [
      'an event of a newer schema',
      {
        key: Buffer.from('a'),
        value: Buffer.from(ofSchemaToCome.value ?? ''),
        headers: STRUCTURED_HEADERS,
      },
      /schema version 9; this program knows up to 2/,
    ],
  ];

  for (const [what, bytes, reason] of unreadable) {
    const stored = what === 'an event of a newer schema' ? [fromTheFuture, ...story.slice(1)] : story;
    test(`(${what}) is stored byte for byte, with the reason, and delays nothing`, () =>
      withViews(
        async (views) => {
          const next = log[2];
          if (next === undefined) throw new Error('the log is short');
          const records: ReadonlyArray<LogRecord> = [{ ...place, offset: 0, ...bytes }, next];
          const outcome = await deliver(views, 'stock-level', records);
          assert.is(outcome.applied, 1);
          assert.is(outcome.malformed + outcome.unknownContract, 1);
          const [kept, ...others] = views.database
            .prepare(
              'SELECT d.*, o.value AS copied FROM dead_letters d JOIN dead_letter_outbox o ON o.dead_letter_id = d.id',
            )
            .all() as [Record<string, unknown>];
          assert.equal(others, []);
          assert.is(kept['consumer'], 'stock-level');
          assert.is(kept['log_id'], LOG_ID);
          assert.equal([kept['topic'], kept['partition'], kept['offset']], ['stock', place.partition, 0]);
          assert.equal(kept['key'], bytes.key);
          assert.equal(kept['copied'], bytes.value);
          // Events of the store are stored by reference.
          assert.equal(kept['value'], kept['event_id'] === null ? bytes.value : null);
          assert.is(kept['timestamp_ms'], place.timestampMs);
          assert.match(String(kept['reason']), reason);
          assert.equal(decodeHeaders(String(kept['headers'])), bytes.headers);
        },
        { stored },
      ));
  }
});

spec('the store in place of the log', ({ test }) => {
  const page = { projection: 'stock-level', afterPosition: 0, untilPosition: 4 };

  test('yields the same rows, and the log then repeats known events', () =>
    withViews(async (views) => {
      const { reachedPosition, outcome } = await views.operations.applyFromStore(page);
      assert.is(reachedPosition, 4);
      assert.is(outcome.applied, 4);
      await caughtUpTo(views, 'stock-level', 4);
      assert.is((await deliver(views, 'stock-level', log)).duplicates, 4);
      assert.equal(rowsOf(views.database, 'stock-level'), allRows);
    }));

  test('reads a partition up to its bound, and one without a bound not at all', () =>
    withViews(async (views) => {
      const { partition } = log[0] ?? { partition: -1 };
      const bounds = [{ topic: 'stock', partition, highWaterPosition: 2 }];
      const { reachedPosition, outcome } = await views.operations.applyFromStore({ ...page, bounds });
      assert.equal([reachedPosition, outcome.applied], [4, 2]);
      const marks = await views.operations.checkpoints({ consumer: 'stock-level' });
      assert.equal(
        marks.filter(({ highWaterPosition }) => highWaterPosition > 0).map((each) => [each.topic, each.partition]),
        [['stock', partition]],
      );
      assert.is((await views.operations.applyFromStore(page)).outcome.applied, 2);
    }));

  test('continues from the checkpoints of the log, partition by partition', () =>
    withViews(async (views) => {
      await deliver(views, 'stock-level', log.slice(2, 3));
      const { outcome } = await views.operations.applyFromStore(page);
      assert.is(outcome.duplicates, 1, 'the third event came from the log before');
      assert.is(outcome.applied, 3);
      assert.equal(rowsOf(views.database, 'stock-level'), allRows);
      assert.is((await views.operations.applyFromStore(page)).outcome.duplicates, 4);
    }));

  test('is read in pages that end at the requested position', () =>
    withViews(async (views) => {
      const { operations } = views;
      const first = await operations.applyFromStore({ ...page, untilPosition: 2 });
      assert.equal([first.reachedPosition, first.outcome.applied], [2, 2]);
      const rest = await operations.applyFromStore({ ...page, afterPosition: 2, untilPosition: 9 });
      assert.equal([rest.reachedPosition, rest.outcome.applied], [9, 2]);
      const none = await operations.applyFromStore({ ...page, afterPosition: 9, untilPosition: 9 });
      assert.equal([none.reachedPosition, none.outcome.applied], [9, 0]);
    }));

  test('is read in several pages where it is long', () =>
    withViews(
      async ({ database, operations }) => {
        let pages = 0;
        for (let afterPosition = 0; afterPosition < 12_000; pages += 1) {
          const all = { projection: 'stock-level', afterPosition, untilPosition: 12_000 };
          afterPosition = (await operations.applyFromStore(all)).reachedPosition;
        }
        assert.is(pages, 3);
        assert.equal(rowsOf(database, 'stock-level'), [stockRow('a', 12_000, 12_000)]);
      },
      { stored: storedOf(Array.from({ length: 12_000 }, (_, index) => received('a', 1, `r${index}`))) },
    ));

  test('dead-letters what it cannot read, too', () =>
    withViews(
      async (views) => {
        const { outcome } = await views.operations.applyFromStore({ ...page, untilPosition: 2 });
        assert.equal(outcome, { ...noCounts(), malformed: 1, parked: 1 });
        const kept = views.database.prepare('SELECT log_id, "offset", event_id FROM dead_letters').all();
        assert.equal(kept, [{ log_id: 'store', offset: 1, event_id: 'stock-a@1' }]);
      },
      { stored: storedOf([['stock-a', 'StockReceived', { sku: 'a' }], received('a', 1)]) },
    ));

  test('skips streams of an aggregate that the program no longer has', () =>
    withViews(
      async (views) => {
        const { outcome } = await views.operations.applyFromStore({ ...page, untilPosition: 2 });
        assert.equal(outcome, { ...noCounts(), applied: 1 });
      },
      { stored: storedOf([['cart-1', 'CartFilled', {}], received('a', 1)]) },
    ));

  test('is not read for a partition that was never begun', () =>
    withViews(async (views) => {
      views.database.prepare('DELETE FROM checkpoints').run();
      await fails(() => views.operations.applyFromStore(page), 'Error');
      assert.equal(rowsOf(views.database, 'stock-level'), []);
    }));
});

spec('the file', ({ test }) => {
  test('serves the same rows after it was closed and opened again, and goes on', async () => {
    const file = `${temporaryFolder()}/views.sqlite`;
    await withViews(
      async (views) => {
        await deliver(views, 'stock-level', log.slice(0, 2));
      },
      { file },
    );
    await withViews(
      async (views) => {
        assert.equal(rowsOf(views.database, 'stock-level'), [stockRow('a', 3, 2)]);
        await deliver(views, 'stock-level', log.slice(2));
        assert.equal(rowsOf(views.database, 'stock-level'), allRows);
      },
      { file },
    );
  });

  test('moves checkpoints without effects, by compare-and-swap', () =>
    withViews(async ({ operations }) => {
      const [at] = await operations.checkpoints({ consumer: 'stock-level' });
      if (at === undefined) throw new Error('there is no checkpoint');
      const move = { ...at, logId: 'kafka:new', nextOffset: 7, fromLogId: LOG_ID, fromOffset: 0 };
      await operations.move({ consumer: 'stock-level', moves: [move] });
      const [moved] = await operations.checkpoints({ consumer: 'stock-level' });
      assert.equal([moved?.logId, moved?.nextOffset], ['kafka:new', 7]);
      await fails(() => operations.move({ consumer: 'stock-level', moves: [move] }), 'CheckpointMoved');
    }));
});
