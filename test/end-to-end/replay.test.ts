/** Replaying as an operator does it, on a real broker, while orders go on arriving: rebuild, verify, explain, offsets, move. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openForWriting } from '../../infra/sqlite/database';
import { openEventReader } from '../../infra/sqlite/event-feed';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import type { RebuildStatus } from '../../projections/view-reader';
import { openStore } from '../infra/sqlite/store-fixture';
import { kafkaSpec } from '../support/kafka-spec';
import { ownKafka, type OwnKafka } from '../support/own-kafka';
import { lastStatuses } from '../support/rebuild-statuses';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';
import { playOrder, readView, stockUp } from '../support/workload';

const PROJECTIONS = ['order-summary', 'stock-level', 'customer-orders', 'sales-by-day'];
const RECEIPTS = 10_000;

kafkaSpec('replaying, day by day', ({ test, before, after }, broker) => {
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let server: ServerProcess | undefined;
  let second: OwnKafka | undefined;
  const data = mkdtempSync(join(tmpdir(), 'tidemark-replay-'));
  const viewsFile = join(data, 'views.sqlite');

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<void> => {
    server = startTidemark(['serve'], { ...environment, ...more });
    await eventually('the server is ready', () => isReady(url)).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server?.output() ?? ''}`);
    });
  };
  const tidemark = (...parameters: ReadonlyArray<string>) => runTidemark(parameters, environment);
  const get = async (path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();
  const allRows = async (): Promise<string> =>
    JSON.stringify(await Promise.all(PROJECTIONS.map((view) => readView(url, view))));
  const settled = async (): Promise<void> =>
    eventually(
      'nothing is on its way',
      async () => {
        const relay = (await get('/ops/relay')) as { lagEvents: number; state: string };
        const { items } = (await get('/ops/groups')) as { items: { lag: number | null; state: string }[] };
        const still = relay.lagEvents === 0 && relay.state === 'running';
        return still && items.length >= 5 && items.every(({ lag, state }) => lag === 0 && state === 'running');
      },
      60_000,
    );
  /** Breaks something behind the engine's back, as a bug in a projector would have. */
  const tamper = (sql: string): void => {
    const database = openForWriting({ file: viewsFile, synchronous: 'NORMAL', migrations: viewsMigrations });
    try {
      assert.ok(database.prepare(sql).run().changes > 0, sql);
    } finally {
      database.close();
    }
  };
  const generation = async (projection: string): Promise<number> => {
    const { items } = (await get('/ops/projections')) as { items: { name: string; generation: number }[] };
    return items.find(({ name }) => name === projection)?.generation ?? 0;
  };
  /** Stock with a long history, made before anybody serves it. */
  const fillStore = async (): Promise<void> => {
    const store = await openStore({ file: join(data, 'store.sqlite') });
    for (let batch = 0; batch < RECEIPTS / 500; batch += 1) {
      const streams = Array.from({ length: 50 }, (_, sku) => ({
        stream: `stock-old${sku}`,
        expectedVersion: 'any' as const,
        events: Array.from({ length: 10 }, (__, index) => ({
          type: 'StockReceived',
          schemaVersion: 1,
          data: { sku: `old${sku}`, receiptId: `r${batch}-${index}`, quantity: 1, receivedAt: '2018-01-01T00:00:00Z' },
        })),
      }));
      await store.append({ streams, metadata: { correlationId: `b${batch}`, causationId: 'fill', actor: 'tester' } })();
    }
    await store.close();
  };

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: data,
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: broker.topicPrefix(),
    };
    await fillStore();
    await start();
    await stockUp(url, 'd-');
    for (let index = 0; index < 10; index += 1) await playOrder(url, 'd-', index);
    await settled();
  });
  after(async () => {
    await server?.end('SIGKILL');
    await second?.stop();
  });

  test(
    'several projections are rebuilt in one pass, proven equal, while orders arrive',
    async () => {
      let next = 10;
      const playing = new AbortController();
      const playAll = (async () => {
        while (!playing.signal.aborted) await playOrder(url, 'd-', next++);
      })();
      const { status, output } = await tidemark('rebuild', ...PROJECTIONS, '--json');
      playing.abort();
      await playAll;
      assert.is(status, 0, output);
      const last = lastStatuses(output);
      for (const name of PROJECTIONS) {
        const rebuilt = last.get(name);
        assert.is(rebuilt?.state, 'done', name);
        assert.is(rebuilt?.proof?.['equal'], true, name);
        assert.is(await generation(name), 2);
      }
      await settled();
    },
    { timeoutMs: 90_000 },
  );

  test('verify agrees with every row, without Kafka and beside a running program', async () => {
    const { status, output } = await tidemark('verify');
    assert.is(status, 0, output);
    for (const name of PROJECTIONS) assert.match(output, new RegExp(`${name}: \\d+ rows match the`));
  });

  test(
    'a wrong row is found by verify, told by explain, and mended by a rebuild that waits for a word',
    async () => {
      const rows = await allRows();
      tamper(`UPDATE "order-summary#2" SET paid = paid + 7 WHERE orderId = 'd-o0'`);
      const verified = await tidemark('verify', 'order-summary');
      assert.is(verified.status, 1, verified.output);
      assert.match(verified.output, /1 differ[\s\S]*d-o0: paid \d+ -> \d+[\s\S]*payment-d-o0-1@2/);
      const explained = await tidemark('explain', 'order-summary', 'd-o0');
      assert.match(explained.output, /but its events make/);
      assert.match(explained.output, /order-d-o0@1 OrderPlaced:.*status null -> "placed"/);
      assert.match(explained.output, /payment-d-o0-1@2 PaymentCaptured: paid 0 -> \d+/);
      assert.match(explained.output, /stock-d-sku0@\d+ StockReserved, caused by/, 'the chain goes across streams');
      const rebuilt = await tidemark('rebuild', 'order-summary');
      assert.is(rebuilt.status, 2, rebuilt.output);
      assert.match(rebuilt.output, /d-o0: paid \d+ -> \d+/);
      assert.is(await generation('order-summary'), 2, 'what is served stays');
      const id = /--accept-differences (\d+)/.exec(rebuilt.output)?.[1] ?? '';
      const accepted = await tidemark('rebuild', '--accept-differences', id);
      assert.is(accepted.status, 0, accepted.output);
      assert.is(await allRows(), rows);
    },
    { timeoutMs: 60_000 },
  );

  test(
    'the former build comes back on demand, wrong as it was, until it is dropped',
    async () => {
      const rows = await allRows();
      const back = await tidemark('rebuild', '--rollback', 'order-summary');
      assert.is(back.status, 0, back.output);
      assert.is.not(await allRows(), rows);
      assert.is((await tidemark('verify', 'order-summary')).status, 1);
      assert.is((await tidemark('rebuild', '--rollback', 'order-summary')).status, 0);
      assert.is(await allRows(), rows);
      assert.is((await tidemark('rebuild', '--drop-former', 'order-summary')).status, 0);
      await eventually('it is dropped', async () => {
        const { items } = (await get('/ops/projections')) as { items: { name: string; former: unknown }[] };
        return items.find(({ name }) => name === 'order-summary')?.former === null;
      });
      const none = await tidemark('rebuild', '--rollback', 'order-summary');
      assert.is(none.status, 1);
      assert.match(none.output, /no previous generation/);
    },
    { timeoutMs: 60_000 },
  );

  for (const from of ['kafka', 'store']) {
    test(
      `a copy as of a moment is read beside what is served, from the ${from}`,
      async () => {
        const { position } = ((await get('/streams/order-d-o3?limit=1')) as { items: { position: number }[] })
          .items[0] ?? { position: 0 };
        const until = String(position);
        const made = await tidemark(
          'rebuild',
          'order-summary',
          '--until',
          until,
          '--copy',
          `before-${from}`,
          '--from',
          from,
        );
        assert.is(made.status, 0, made.output);
        const row = (await get(`/views/order-summary@before-${from}/d-o3`)) as { status: string; version: number };
        assert.equal([row.status, row.version], ['placed', 1]);
        const list = (await get(`/views/order-summary@before-${from}?limit=100`)) as { items: { orderId: string }[] };
        assert.ok(list.items.every(({ orderId }) => ['d-o0', 'd-o1', 'd-o2', 'd-o3'].includes(orderId)));
        assert.is((await fetch(`${url}/views/order-summary@never`)).status, 404);
        assert.is((await tidemark('rebuild', 'order-summary', '--drop-copy', `before-${from}`)).status, 0);
      },
      { timeoutMs: 60_000 },
    );
  }

  test(
    'one row is made again alone, of a table of sums too',
    async () => {
      const rows = await allRows();
      const key = '2018-03-02:EUR';
      tamper(`UPDATE "sales-by-day#2" SET amountPlaced = 1 WHERE day = '2018-03-02'`);
      tamper(`UPDATE "sales-by-day#2#memory" SET paid = 99 WHERE orderId = 'd-o1'`);
      const made = await tidemark('rebuild', 'sales-by-day', '--key', key);
      assert.is(made.status, 0, made.output);
      assert.is(await allRows(), rows);
      assert.is((await tidemark('verify', 'sales-by-day')).status, 0);
    },
    { timeoutMs: 60_000 },
  );

  test(
    'offsets are shown with the event that comes next, and moved only on demand, by the role, and noted',
    async () => {
      const rows = await allRows();
      const shown = await tidemark('offsets', '--group', 'stock-level');
      assert.is(shown.status, 0, shown.output);
      assert.match(shown.output, /stock-level +\S*stock +\d +\d+ +0 +\d+ +0/);
      const dry = await tidemark('offsets', '--group', 'stock-level', '--shift', '-5');
      assert.match(dry.output, /5 records are read again[\s\S]*dry run: nothing was moved/);
      const place = `${environment['KAFKA_TOPIC_PREFIX'] ?? ''}stock`;
      const done = await tidemark('offsets', '--group', 'stock-level', '--shift', '-5', '--execute');
      assert.is(done.status, 0, done.output);
      await eventually('the five are dropped as duplicates', async () => {
        const { items } = (await get('/ops/groups')) as {
          items: { group: string; lag: number; outcomes: { duplicates: number } }[];
        };
        const group = items.find((each) => each.group === 'stock-level');
        return group?.lag === 0 && group.outcomes.duplicates === 20;
      });
      assert.is(await allRows(), rows);
      const history = await tidemark('offsets', '--history');
      assert.match(history.output, new RegExp(`anonymous: stock-level ${place}/0 \\d+ -> \\d+`));
      const outside = await tidemark('offsets', '--group', 'stock-level', '--to-offset', '999999', '--execute');
      assert.is(outside.status, 1);
      assert.match(outside.output, /not in the log, which holds 0 to/);
      const byTime = await tidemark('offsets', '--group', 'stock-level', '--to-time', '2001-01-01T00:00:00Z');
      assert.match(byTime.output, /-> 0: /);
      const file = join(data, 'offsets.jsonl');
      writeFileSync(file, `${JSON.stringify({ topic: place, partition: 0, offset: 1 })}\n`);
      const byFile = await tidemark('offsets', '--group', 'stock-level', '--from-file', file);
      assert.match(byFile.output, /stock\/0: \d+ -> 1: /);
      assert.not.match(byFile.output, /stock\/1/);
      writeFileSync(
        file,
        `${readFileSync(file, 'utf8')}${JSON.stringify({ topic: 'nowhere', partition: 0, offset: 1 })}\n`,
      );
      const stray = await tidemark('offsets', '--group', 'stock-level', '--from-file', file, '--execute');
      assert.is(stray.status, 1);
      assert.match(stray.output, /line 2 of .* names nowhere\/0, in which stock-level has no checkpoint/);
      const here = await tidemark('offsets', '--group', 'stock-level', '--to-time', '2001-01-01T01:00:00+01:00');
      assert.is(here.output, byTime.output);
      assert.is((await tidemark('offsets', '--group', 'stock-level', '--to-time', '2001-01-01T00:00:00')).status, 1);
    },
    { timeoutMs: 60_000 },
  );

  test('a rebuild is cancelled cleanly in the middle', async () => {
    const response = await fetch(`${url}/ops/projections/stock-level/rebuild`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    const { id } = (await response.json()) as { id: number };
    const before = await generation('stock-level');
    const cancelled = await tidemark('rebuild', '--cancel', String(id));
    // So small a log may have been read before the word came.
    const { state } = (await get(`/ops/rebuilds/${id}`)) as RebuildStatus;
    assert.is(cancelled.status, state === 'cancelled' ? 0 : 1, cancelled.output);
    if (state === 'cancelled') assert.is(await generation('stock-level'), before);
    assert.is((await tidemark('rebuild', '--cancel', String(id))).status, 1);
  });

  test(
    'the log is held against the store, and is its history',
    async () => {
      await settled();
      const { status, output } = await tidemark('verify', '--log', '--json');
      assert.is(status, 0, output);
      const found = JSON.parse(output.trim().split('\n').at(-1) ?? '') as { events: number; records: number };
      assert.ok(found.events > RECEIPTS);
      assert.is(found.records, found.events);
    },
    { timeoutMs: 60_000 },
  );

  test(
    'the store goes to a file and comes back elsewhere, byte for byte',
    async () => {
      const file = join(data, 'events.jsonl');
      assert.is((await tidemark('export', file)).status, 0);
      const copy = mkdtempSync(join(tmpdir(), 'tidemark-import-'));
      const imported = await runTidemark(['import', file], { DATA_DIR: copy });
      assert.is(imported.status, 0, imported.output);
      const [from, to] = [data, copy].map((folder) => openEventReader(join(folder, 'store.sqlite')));
      assert.ok(from !== undefined && to !== undefined);
      assert.is(to.lastPosition(), from.lastPosition());
      for (let position = 0; position < from.lastPosition(); position += 1_000) {
        const page = { afterPosition: position, limit: 1_000 };
        assert.equal(to.readAll(page), from.readAll(page));
      }
      from.close();
      to.close();
      const again = await runTidemark(['import', file], { DATA_DIR: copy });
      assert.is(again.status, 1);
      assert.match(again.output, /holds \d+ events/);
      const lines = readFileSync(file, 'utf8').split('\n');
      writeFileSync(file, [...lines.slice(0, 5), ...lines.slice(6)].join('\n'));
      const gap = await runTidemark(['import', file], { DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-import-')) });
      assert.is(gap.status, 1);
      assert.match(gap.output, /line 6: position 7 comes after 5/);
    },
    { timeoutMs: 60_000 },
  );

  test(
    'after the loss of its cluster the store streams everything to another one, and nothing counts twice',
    async () => {
      const rows = await allRows();
      await server?.end('SIGTERM');
      second = await ownKafka();
      environment = { ...environment, KAFKA_BROKERS: second.servers };
      await start({ ACCEPT_NEW_LOG: 'true' });
      await settled();
      assert.is(await allRows(), rows);
      const log = await tidemark('verify', '--log');
      assert.is(log.status, 0, log.output);
      await playOrder(url, 'd-', 5_000);
      await settled();
      const verified = await tidemark('verify');
      assert.is(verified.status, 0, verified.output);
      const rebuilt = await tidemark('rebuild', 'sales-by-day');
      assert.is(rebuilt.status, 0, rebuilt.output);
    },
    { timeoutMs: 120_000 },
  );
});
