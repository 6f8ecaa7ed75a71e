/** Rebuilds: a candidate catches up with the group, is compared with the served generation, and replaces it. */
import * as assert from 'uvu/assert';
import type { EventLog } from '../../infra/kafka/event-log';
import { silentLogger } from '../../infra/logger';
import { orderSummary } from '../../projections/fulfilment/order-summary';
import type { OpenRebuild } from '../../projections/engine/generations/rebuild-ledger';
import type { RebuildEnd } from '../../projections/engine/rebuild/task';
import { sendTo, viewsClient } from '../../projections/engine/writer-thread/client';
import type { Projection } from '../../projections/projection';
import { salesByDay } from '../../projections/fulfilment/sales-by-day';
import { stockLevel } from '../../projections/fulfilment/stock-level';
import { spec } from '../spec';
import { memoryLog } from './memory-log';
import { asked, control, openRebuilds, request, run as runOn, statusOf, type RunOptions } from './rebuild-fixture';
import {
  caughtUpTo,
  deliver,
  logOf,
  openViews,
  rowsOf,
  storedOf,
  temporaryFolder,
  type Told,
  type Views,
} from './views-fixture';

const received = (sku: string, quantity: number): Told => [
  `stock-${sku}`,
  'StockReceived',
  { sku, receiptId: `r${quantity}`, quantity, receivedAt: '2018-02-01T00:00:00Z' },
];
const told = [received('a', 1), received('c', 2), received('a', 4), received('f', 8)];
const story = storedOf(told);
const log = logOf(story);

/** Runs a rebuild on the whole log, unless the test passes another one. */
const run = (
  views: Views,
  projection: Projection,
  rebuild: OpenRebuild,
  options: RunOptions = {},
): Promise<RebuildEnd> => runOn(views, projection, rebuild, { log: memoryLog({ records: log }), ...options });

const generationOf = ({ database }: Views, projection: string): unknown =>
  database.prepare('SELECT generation FROM projections WHERE name = ?').pluck().get(projection);

const tablesIn = ({ database }: Views): ReadonlyArray<unknown> =>
  database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%#%' ORDER BY name")
    .pluck()
    .all();

/** The served stock after all events, with a rebuild of it requested. */
const withStock = async (
  from: 'kafka' | 'store',
  body: (views: Views, rebuild: OpenRebuild) => Promise<void>,
): Promise<void> => {
  const requests = [request(1, 'stock-level', from)];
  const views = await openViews({ projections: [stockLevel], stored: story, requests });
  try {
    await deliver(views, 'stock-level', log);
    await body(views, await asked(views));
  } finally {
    await views.close();
  }
};

for (const from of ['kafka', 'store'] as const) {
  spec(`a rebuild from the ${from}`, ({ test }) => {
    test('yields the same rows, proves it, and swaps them in without touching the checkpoints', () =>
      withStock(from, async (views, rebuild) => {
        const rows = rowsOf(views.database, 'stock-level');
        const checkpoints = await views.operations.checkpoints({ consumer: 'stock-level' });
        assert.is(await run(views, stockLevel, rebuild), 'done');
        assert.equal(rowsOf(views.database, 'stock-level', 2), rows);
        assert.equal(tablesIn(views), ['stock-level#1', 'stock-level#2'], 'the previous generation is kept');
        assert.is(generationOf(views, 'stock-level'), 2);
        assert.equal(await views.operations.checkpoints({ consumer: 'stock-level' }), checkpoints);
        assert.equal(await views.operations.checkpoints({ consumer: 'rebuild-1' }), []);
        const { state, from: source, reason, done, total, proof, startedAt, finishedAt } = statusOf(views, 1);
        assert.equal([state, source, reason, done, total], ['done', from, null, 4, 4]);
        assert.is(proof?.['rows'], 3);
        assert.is(proof?.['equal'], true);
        assert.match(String(proof?.['hashBefore']), /^[0-9a-f]{64}$/);
        assert.is(proof?.['hashAfter'], proof?.['hashBefore']);
        assert.ok(startedAt !== null && finishedAt !== null && startedAt <= finishedAt);
        assert.equal(await openRebuilds(views), []);
      }));

    test('waits where rows are not what the events yield, shows them with their events, and repairs them when accepted', () =>
      withStock(from, async (views, rebuild) => {
        const rows = rowsOf(views.database, 'stock-level');
        views.database.prepare(`UPDATE "stock-level#1" SET onHand = 999 WHERE sku = 'a'`).run();
        const warnings: string[] = [];
        const logger = { ...silentLogger, warn: (_: unknown, message: string) => void warnings.push(message) };
        assert.is(await run(views, stockLevel, rebuild, { logger }), 'waiting');
        assert.is(generationOf(views, 'stock-level'), 1);
        const { state, reason, proof, differences } = statusOf(views, 1);
        assert.is(state, 'waiting');
        assert.match(reason ?? '', /not what the events yield.*--accept-differences/);
        assert.is(proof?.['equal'], false);
        assert.is.not(proof?.['hashAfter'], proof?.['hashBefore']);
        assert.is(warnings.length, 1);
        const row = { sku: 'a', onHand: 5, reserved: 0, available: 5, version: 2 };
        assert.equal(differences, {
          count: 1,
          rows: [
            {
              table: 'view',
              key: 'a',
              before: { ...row, onHand: 999 },
              after: row,
              events: ['stock-a@1', 'stock-a@2'],
              eventCount: 2,
            },
          ],
        });
        assert.equal(await openRebuilds(views), [], 'it waits for an operator, and delays no other');
        views.requests.push(control(2, { action: 'accept-differences', rebuild: 1 }));
        assert.is(await run(views, stockLevel, await asked(views)), 'done');
        assert.equal(rowsOf(views.database, 'stock-level', 2), rows);
        assert.match(statusOf(views, 1).reason ?? '', /was accepted/);
      }));

    test('rolls back to the previous generation, brought up to date, until that is dropped', () =>
      withStock(from, async (views, rebuild) => {
        assert.is(await run(views, stockLevel, rebuild), 'done');
        const more = storedOf([...told, received('c', 16)]).slice(-1);
        views.stored.push(...more);
        await deliver(views, 'stock-level', logOf([...story, ...more]).slice(-1));
        views.requests.push({
          ...request(2, 'stock-level', 'store'),
          body: JSON.stringify({ projection: 'stock-level', from: 'store', kind: 'rollback' }),
        });
        assert.is(await run(views, stockLevel, await asked(views)), 'done');
        assert.is(generationOf(views, 'stock-level'), 1);
        assert.equal(rowsOf(views.database, 'stock-level', 1), rowsOf(views.database, 'stock-level', 2));
        assert.is(statusOf(views, 2).proof?.['equal'], true);
        views.requests.push(control(3, { action: 'drop-former', projection: 'stock-level' }));
        await openRebuilds(views);
        assert.equal(tablesIn(views), ['stock-level#1']);
        views.requests.push({
          ...request(4, 'stock-level', 'store'),
          body: JSON.stringify({ projection: 'stock-level', from: 'store', kind: 'rollback' }),
        });
        await openRebuilds(views);
        assert.match(statusOf(views, 4).reason ?? '', /no previous generation/);
      }));

    test('is cancelled cleanly, before it begins and in the middle', () =>
      withStock(from, async (views, rebuild) => {
        let isCancelled = false;
        const client = viewsClient((name, input, transfer) => {
          if (!isCancelled && (name === 'applyToCandidates' || name === 'applyStoreToCandidate')) {
            isCancelled = true;
            views.requests.push(control(2, { action: 'cancel', rebuild: 1 }));
            void openRebuilds(views);
          }
          return sendTo(views.client)(name, input, transfer);
        });
        await run(views, stockLevel, rebuild, { client }).then(
          () => assert.unreachable(),
          () => undefined,
        );
        await views.operations.forgetRebuild({ id: 1 });
        assert.is(statusOf(views, 1).state, 'cancelled');
        assert.equal(tablesIn(views), ['stock-level#1']);
        assert.equal(await views.operations.checkpoints({ consumer: 'rebuild-1' }), []);
        assert.equal(await openRebuilds(views), []);
      }));

    test('makes a copy as of a position, which is kept alongside the served generation', () =>
      withStock(from, async (views) => {
        const body = { projection: 'stock-level', from, kind: 'copy', copy: 'friday', until: '2' };
        views.requests.push({ ...request(2, 'stock-level', from), body: JSON.stringify(body) });
        const order = (await openRebuilds(views)).find(({ id }) => id === 2);
        assert.ok(order !== undefined);
        assert.is(await run(views, stockLevel, order), 'done');
        assert.is(generationOf(views, 'stock-level'), 1);
        assert.equal(
          rowsOf(views.database, 'stock-level', 2).map((row) => (row as { sku: string }).sku),
          ['a', 'c'],
        );
        views.requests.push(control(3, { action: 'drop-copy', projection: 'stock-level', copy: 'friday' }));
        await openRebuilds(views);
        assert.equal(tablesIn(views), ['stock-level#1']);
      }));

    test('rebuilds one row and leaves the others unchanged', () =>
      withStock(from, async (views) => {
        const rows = rowsOf(views.database, 'stock-level');
        views.database.prepare(`UPDATE "stock-level#1" SET onHand = 999 WHERE sku IN ('a', 'c')`).run();
        const body = { projection: 'stock-level', from, kind: 'row', key: 'a' };
        views.requests.push({ ...request(2, 'stock-level', from), body: JSON.stringify(body) });
        const order = (await openRebuilds(views)).find(({ id }) => id === 2);
        assert.ok(order !== undefined);
        assert.is(await run(views, stockLevel, order), 'done');
        const [first, second] = rowsOf(views.database, 'stock-level');
        assert.equal(first, rows[0]);
        assert.is((second as { onHand: number }).onHand, 999);
        assert.is(statusOf(views, 2).proof?.['equal'], false);
      }));

    test('stops at the signal and leaves the served rows unchanged; the next run resumes', () =>
      withStock(from, async (views, rebuild) => {
        const stopping = new AbortController();
        const client = viewsClient((name, input, transfer) => {
          if (name === 'applyToCandidates' || name === 'applyStoreToCandidate') stopping.abort();
          return sendTo(views.client)(name, input, transfer);
        });
        assert.is(await run(views, stockLevel, rebuild, { client, signal: stopping.signal }), 'stopped');
        assert.is(generationOf(views, 'stock-level'), 1);
        assert.is(statusOf(views, 1).state, 'running');
        const calls: string[] = [];
        const watched = viewsClient((name, input, transfer) => {
          calls.push(name);
          return sendTo(views.client)(name, input, transfer);
        });
        assert.is(await run(views, stockLevel, await asked(views), { client: watched }), 'done');
        assert.not.ok(
          calls.includes('applyToCandidates') || calls.includes('applyStoreToCandidate'),
          'nothing is read twice',
        );
        assert.equal(rowsOf(views.database, 'stock-level', 2).length, 3);
      }));
  });
}

spec('a rebuild from a log that does not hold everything', ({ test }) => {
  const failsWith = async (broken: EventLog, reason: RegExp): Promise<void> =>
    withStock('kafka', async (views, rebuild) => {
      assert.is(await run(views, stockLevel, rebuild, { log: broken }), 'failed');
      const status = statusOf(views, 1);
      assert.is(status.state, 'failed');
      assert.match(status.reason ?? '', reason);
      assert.match(status.reason ?? '', /rebuild with --from store/);
      assert.equal(tablesIn(views), ['stock-level#1']);
      assert.equal(await views.operations.checkpoints({ consumer: 'rebuild-1' }), []);
    });

  test('fails where its first records are gone, and names the remedy', () =>
    failsWith(memoryLog({ records: log, low: 1 }), /stock\/0 begins at offset 1: the 1 records before it/));

  test('fails where the topic was recreated', () =>
    failsWith(memoryLog({ records: log, logId: 'kafka:other' }), /is not the topic that the rows were made from/));

  test('fails where the log ends before the group does', () =>
    failsWith(memoryLog({ records: log.slice(0, 1) }), /but the log holds only 0 to/));

  test('fails where offsets in the middle hold no record, with the numbers', () => {
    const behind = log.map((record, index) => (index === 0 ? record : { ...record, offset: record.offset + 3 }));
    return failsWith(
      memoryLog({ records: behind }),
      /stock\/\d: after offset -?\d+ the log goes on at \d+, where \d was expected: 3 records are missing.*compaction/,
    );
  });

  test('reads the store instead where the broker is the embedded one, and says why', () =>
    withStock('kafka', async (views, rebuild) => {
      const log = memoryLog({ keepsHistory: false, records: [] });
      assert.is(await run(views, stockLevel, rebuild, { log }), 'done');
      const { from, reason, proof } = statusOf(views, 1);
      assert.is(from, 'store');
      assert.match(reason ?? '', /embedded broker keeps no complete log/);
      assert.is(proof?.['equal'], true);
    }));

  test('reads from the store what the group once read from there, and counts it', async () => {
    const requests = [request(1, 'stock-level', 'kafka')];
    const views = await openViews({ projections: [stockLevel], stored: story, requests });
    await views.operations.applyFromStore({ projection: 'stock-level', afterPosition: 0, untilPosition: 4 });
    await caughtUpTo(views, 'stock-level', 4);
    assert.is(await run(views, stockLevel, await asked(views), { log: memoryLog({ records: [] }) }), 'done');
    const { proof } = statusOf(views, 1);
    assert.equal([proof?.['equal'], proof?.['rows'], proof?.['eventsFromStore']], [true, 3, 4]);
    await views.close();
  });
});

spec('a group after a rebuild', ({ test }) => {
  test('skips what only the rebuild could read when it is delivered again', () =>
    withStock('kafka', async (views, rebuild) => {
      // As an older program leaves it, which could not read the envelopes of these events.
      views.database.prepare(`UPDATE checkpoints SET high_water_position = 0 WHERE consumer = 'stock-level'`).run();
      assert.is(await run(views, stockLevel, rebuild), 'done');
      const rows = rowsOf(views.database, 'stock-level', 2);
      const offsets = new Map<number, number>();
      const again = [...log, ...log].map((record) => {
        const offset = offsets.get(record.partition) ?? 0;
        offsets.set(record.partition, offset + 1);
        return { ...record, offset };
      });
      assert.is((await deliver(views, 'stock-level', again.slice(log.length))).duplicates, log.length);
      assert.equal(rowsOf(views.database, 'stock-level', 2), rows);
    }));
});

spec('the list of rebuilds', ({ test }) => {
  test('picks up each request once, in order, and fails one for an unknown projection', async () => {
    const requests = [
      request(1, 'stock-level', 'kafka'),
      request(2, 'carts', 'store'),
      request(3, 'stock-level', 'store'),
    ];
    const views = await openViews({ projections: [stockLevel], stored: story, requests });
    for (let look = 0; look < 2; look += 1) {
      const open = await openRebuilds(views);
      assert.equal(
        open.map(({ id, from }) => [id, from]),
        [
          [1, 'kafka'],
          [3, 'store'],
        ],
      );
    }
    assert.match(statusOf(views, 2).reason ?? '', /no projection 'carts'/);
    await views.close();
  });

  test('shows the fault after which a rebuild is retried, until it proceeds', () =>
    withStock('store', async (views, rebuild) => {
      await views.operations.noteFault({ id: 1, fault: 'the broker is away' });
      assert.is(statusOf(views, 1).reason, 'the broker is away');
      await views.operations.beginRebuild(rebuild);
      assert.is(statusOf(views, 1).reason, null);
      await views.operations.noteFault({ id: 1, fault: 'the broker is away again' });
      assert.is(await run(views, stockLevel, rebuild), 'done');
      assert.is(statusOf(views, 1).reason, null);
    }));
});

spec('a projection of a new version', ({ test }) => {
  const countedTwice: Projection = {
    ...stockLevel,
    version: 2,
    project: (event) => stockLevel.project(event).map((upsert) => ({ ...upsert, add: { onHand: 2 } })),
  };

  test('is rebuilt from the store automatically, and its different rows are no fault', async () => {
    const file = await inService();
    const views = await openViews({ file, projections: [countedTwice], stored: story });
    const rebuild = await asked(views);
    assert.equal([rebuild.projection, rebuild.from], ['stock-level', 'store']);
    assert.match(rebuild.reason ?? '', /version 1 to 2/);
    assert.equal(await views.operations.prepare({}), ['stock-level'], 'and is noted once');
    assert.is((await openRebuilds(views)).length, 1);
    assert.is(await run(views, countedTwice, rebuild, { isOtherVersion: true }), 'done');
    assert.equal(
      rowsOf(views.database, 'stock-level', 2).map((row) => (row as { onHand: number }).onHand),
      [4, 2, 2],
    );
    assert.is(statusOf(views, rebuild.id).reason, rebuild.reason);
    assert.equal(await views.operations.prepare({}), []);
    await views.close();
  });

  test('restarts where a rebuild by yet another version was in progress', async () => {
    const file = await inService();
    const second = await openViews({ file, projections: [countedTwice], stored: story });
    const rebuild = await asked(second);
    await second.operations.beginRebuild(rebuild);
    second.database.prepare(`INSERT INTO "stock-level#2" VALUES ('leftover', 1, 1, 1, 1)`).run();
    await second.close();
    const third = { ...stockLevel, version: 3 };
    const views = await openViews({ file, projections: [third], stored: story });
    assert.is(await run(views, third, await asked(views), { isOtherVersion: true }), 'done');
    assert.equal(
      rowsOf(views.database, 'stock-level', 2).map((row) => (row as { sku: string }).sku),
      ['a', 'c', 'f'],
    );
    await views.close();
  });

  test('is required where the columns changed without it', async () => {
    const file = await inService();
    const other = { ...stockLevel, view: { ...orderSummary.view } };
    await openViews({ file, projections: [other] }).then(
      () => assert.unreachable(),
      (error: unknown) => assert.match(String(error), /still version 1: its stored rows have other columns/),
    );
  });

  test('added to others starts empty, and leaves their rows unchanged', async () => {
    const file = await inService();
    const views = await openViews({ file, projections: [stockLevel, salesByDay], stored: story });
    assert.equal(rowsOf(views.database, 'stock-level').length, 3);
    assert.equal(rowsOf(views.database, 'sales-by-day'), []);
    assert.equal(await openRebuilds(views), []);
    await views.close();
  });
});

/** A file in which version 1 of stock-level has applied all events. */
const inService = async (): Promise<string> => {
  const file = `${temporaryFolder()}/views.sqlite`;
  const views = await openViews({ file, projections: [stockLevel], stored: story });
  await deliver(views, 'stock-level', log);
  await views.close();
  return file;
};
