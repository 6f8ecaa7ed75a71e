/** The whole program in one process under faults that pass: it lives, says what is wrong, and everything settles afterwards. */
import { spawn, spawnSync } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { relayMigrations } from '../../infra/sqlite/relay-file/relay-file';
import { reactorsMigrations } from '../../infra/sqlite/process-store/process-store';
import { openForWriting, type Database, type Migration } from '../../infra/sqlite/database';
import { storeMigrations } from '../../infra/sqlite/store-migrations';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { spec } from '../spec';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { post, readView } from '../support/workload';

type Answer = Readonly<Record<string, unknown>>;

const MIGRATIONS: Readonly<Record<string, ReadonlyArray<Migration>>> = {
  store: storeMigrations,
  relay: relayMigrations,
  reactors: reactorsMigrations,
  views: viewsMigrations,
};

interface Installation {
  readonly url: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly start: () => Promise<ServerProcess>;
  readonly open: (name: string) => Database;
  readonly get: (path: string) => Promise<{ readonly status: number; readonly body: Answer }>;
}

const installation = async (folder: string): Promise<Installation> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const environment = { PORT: String(port), DATA_DIR: folder, RATE_LIMIT_PER_SECOND: '0', LEASE_TTL_MS: '2000' };
  return {
    url,
    folder,
    environment,
    start: async () => {
      const server = startTidemark(['serve'], environment);
      await eventually('the server is ready', () => isReady(url)).catch((error: unknown) => {
        throw new Error(`${String(error)}\n${server.output()}`);
      });
      return server;
    },
    open: (name) =>
      openForWriting({
        file: join(folder, `${name}.sqlite`),
        synchronous: 'NORMAL',
        migrations: MIGRATIONS[name] ?? [],
      }),
    get: async (path) => {
      const response = await fetch(`${url}${path}`);
      return { status: response.status, body: (await response.json()) as Answer };
    },
  };
};

const place = async (url: string, orderId: string): Promise<number> => {
  const placed = {
    customerId: 'c1',
    currency: 'EUR',
    placedAt: '2018-03-01T08:00:00Z',
    lines: [{ sku: 'kettle', quantity: 1, unitPrice: 900, freight: 100 }],
  };
  return (await post(url, `/orders/${orderId}/place`, placed)).status;
};

const pay = async (url: string, orderId: string): Promise<void> => {
  const authorised = { orderId, method: 'credit-card', instalments: 1, amount: 1_000, currency: 'EUR' };
  await post(url, `/payments/${orderId}-1/authorise`, { ...authorised, authorisedAt: '2018-03-01T09:00:00Z' });
  await post(url, `/payments/${orderId}-1/capture`, { capturedAt: '2018-03-01T10:00:00Z' });
};

const stockUp = (url: string): Promise<unknown> =>
  post(url, '/stock/kettle/receive', { receiptId: 'r1', quantity: 100_000, receivedAt: '2018-02-01T00:00:00Z' });

const statuses = async (url: string): Promise<ReadonlyMap<unknown, unknown>> =>
  new Map((await readView(url, 'order-summary')).map((row) => [row['orderId'], row['status']]));

const allConfirmed = (url: string, orders: ReadonlyArray<string>): Promise<void> =>
  eventually(
    'all orders are confirmed',
    async () => {
      const found = await statuses(url);
      return orders.every((order) => found.get(order) === 'confirmed');
    },
    30_000,
  );

spec('a program in one process', ({ test, before, after }) => {
  let at: Installation;
  let server: ServerProcess | undefined;
  before(async () => {
    at = await installation(mkdtempSync(join(tmpdir(), 'tidemark-faults-')));
    server = await at.start();
    await stockUp(at.url);
    await place(at.url, 'first');
    await pay(at.url, 'first');
    await allConfirmed(at.url, ['first']);
  });
  after(async () => {
    await server?.end('SIGKILL');
    rmSync(at.folder, { recursive: true, force: true });
  });

  test('answers as fast as ever while another process holds the write locks of all its files, and goes on after it', async () => {
    const locks = Object.keys(MIGRATIONS).map((name) => {
      const database = at.open(name);
      database.pragma('busy_timeout = 5000');
      database.exec('BEGIN IMMEDIATE');
      return database;
    });
    const placed = place(at.url, 'locked');
    const rebuild = post(at.url, '/ops/projections/customer-orders/rebuild', { from: 'store' });
    let slowestMs = 0;
    const untilMs = systemClock.monotonicMs() + 3_000;
    while (systemClock.monotonicMs() < untilMs) {
      const askedMs = systemClock.monotonicMs();
      assert.is((await at.get('/health/live')).status, 200);
      slowestMs = Math.max(slowestMs, systemClock.monotonicMs() - askedMs);
      await systemClock.sleep(20);
    }
    // The wait of 5 s was the event loop's before; what is left is the machine's own.
    assert.ok(slowestMs < 1_000, `${slowestMs} ms`);
    for (const database of locks) {
      database.exec('ROLLBACK');
      database.close();
    }
    assert.is(await placed, 201);
    const { status, body } = await rebuild;
    assert.is(status, 202);
    await eventually(
      'what an operator asked for meanwhile is done',
      async () => (await at.get(`/ops/rebuilds/${String((body as Answer)['id'])}`)).body['state'] === 'done',
    );
    await pay(at.url, 'locked');
    await allConfirmed(at.url, ['locked']);
    assert.is(server?.isRunning(), true);
  });

  test('serves the views of a new file within seconds after the old one was removed, and so do the other roles', async () => {
    for (const name of ['views', 'relay', 'reactors']) {
      for (const suffix of ['', '-wal', '-shm']) rmSync(join(at.folder, `${name}.sqlite${suffix}`), { force: true });
    }
    await eventually('a new file of each is there', async () =>
      Promise.resolve(['views', 'relay', 'reactors'].every((name) => existsSync(join(at.folder, `${name}.sqlite`)))),
    );
    await allConfirmed(at.url, ['first', 'locked']);
    await place(at.url, 'second');
    await pay(at.url, 'second');
    await allConfirmed(at.url, ['second']);
    assert.is((await at.get('/ops/relay')).body['state'], 'running');
    assert.is(server?.isRunning(), true);
    assert.match(server?.output() ?? '', /the role restarts/);
  });

  test('takes no command while its store is moved away, says so, and goes on when it is put back', async () => {
    const file = join(at.folder, 'store.sqlite');
    renameSync(file, `${file}.aside`);
    const refused = await fetch(`${at.url}/orders/third/place`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ customerId: 'c1', currency: 'EUR', placedAt: '2018-03-01T08:00:00Z', lines: [] }),
    });
    assert.ok(refused.status === 503 || refused.status === 400, String(refused.status));
    const { status, body } = await at.get('/health/ready');
    assert.is(status, 503);
    assert.match(String((body['checks'] as Answer)['store']), /was removed while .* put it back/);
    renameSync(`${file}.aside`, file);
    assert.is(await place(at.url, 'third'), 201);
    await pay(at.url, 'third');
    await allConfirmed(at.url, ['third']);
    assert.is((await at.get('/health/ready')).status, 200);
  });

  test('starts with requests that cannot be carried out in its file, fails each by name, and carries out the others', async () => {
    assert.is(await server?.end('SIGTERM'), 0, server?.output());
    const store = at.open('store');
    const insert = store.prepare(
      'INSERT INTO operation_requests (kind, body, requested_at_ms, actor) VALUES (?, ?, 0, ?)',
    );
    const offsets = (toOffset: number): string =>
      JSON.stringify({
        group: 'customer-orders',
        moves: [{ topic: 'orders', partition: 0, logId: 'x', fromOffset: 0, toOffset }],
      });
    const ids = (
      [
        ['move-offsets', offsets(0.5)],
        ['move-offsets', '{"group":'],
        ['rebuild', '{"projection":"sales-by-day","from":"kafka","kind":"row","key":"2026-01-01"}'],
        ['dead-letter-note', 'nothing'],
        ['redrive-run', '{"group":"fulfilment","redrive":7}'],
        ['command-release', '{"group":"fulfilment","number":0.5}'],
        ['rebuild', '{"projection":"order-summary","from":"store"}'],
      ] as const
    ).map(([kind, body]) => Number(insert.run(kind, body, 'a hand').lastInsertRowid));
    const [move = 0, , rebuild = 0] = ids;
    const good = ids.pop() ?? 0;
    store.close();
    server = await at.start();
    await eventually(
      'the good one is done',
      async () => (await at.get(`/ops/rebuilds/${good}`)).body['state'] === 'done',
    );
    await eventually('the bad ones have failed', async () => {
      const items = (await at.get('/ops/requests')).body['items'] as ReadonlyArray<Answer>;
      return ids.every((id) => items.some((item) => item['id'] === id && item['reason'] !== ''));
    });
    assert.is((await at.get(`/ops/offset-moves/${move}`)).body['state'], 'failed');
    assert.is((await at.get(`/ops/rebuilds/${rebuild}`)).body['state'], 'failed');
    assert.is(await place(at.url, 'fourth'), 201);
    await pay(at.url, 'fourth');
    await allConfirmed(at.url, ['fourth']);
  });
});

spec('a program whose output cannot be written', ({ test }) => {
  const MAIN = join(__dirname, '..', '..', 'api', 'cli', 'main.js');

  for (const [what, parameters] of [
    ['as JSON to a full device', ['serve', '--json']],
    ['for people to a full device', ['serve']],
    ['as JSON to a closed pipe', ['serve', '--json']],
    ['for people to a closed pipe', ['serve']],
  ] as const) {
    test(`${what} serves, and ends in order on SIGTERM`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'tidemark-mute-'));
      const port = await freePort();
      const isPipe = what.endsWith('pipe');
      const full = openSync('/dev/full', 'w');
      const child = spawn(process.execPath, [MAIN, ...parameters], {
        env: { PATH: process.env['PATH'] ?? '', PORT: String(port), DATA_DIR: folder },
        stdio: ['ignore', isPipe ? 'pipe' : full, 'ignore'],
      });
      child.stdout?.destroy();
      const ended = new Promise<number | string>((resolve) =>
        child.on('exit', (code, signal) => resolve(code ?? signal ?? '?')),
      );
      try {
        await eventually('it is ready', () => isReady(`http://127.0.0.1:${port}`));
        child.kill('SIGTERM');
        const end = await Promise.race([ended, systemClock.sleep(9_000).then(() => 'hangs')]);
        assert.is(end, 0);
        // What was stopped in order has folded its log in.
        assert.not.ok(existsSync(join(folder, 'store.sqlite-wal')));
      } finally {
        child.kill('SIGKILL');
        closeSync(full);
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});

// -------------------------------------------------------------------------------------
// A disk that fills for a moment
// -------------------------------------------------------------------------------------

const mountPoint = mkdtempSync(join(tmpdir(), 'tidemark-disk-'));
const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=48m', 'tmpfs', mountPoint]).status === 0;
process.on('exit', () => {
  if (isMounted) spawnSync('umount', ['-l', mountPoint]);
  rmSync(mountPoint, { recursive: true, force: true });
});

/** Writes until nothing more goes in. */
const fill = (file: string): void => {
  const descriptor = openSync(file, 'w');
  const block = Buffer.alloc(65_536);
  try {
    for (;;) writeSync(descriptor, block);
  } catch {
    // Full, down to the last page.
  }
  closeSync(descriptor);
};

const FULL_MS = 5_000;
const POSTERS = 12;

spec('a disk that is full for a moment', ({ test, skip }) => {
  const name = 'ends nothing: the server stays, and every order settles afterwards';
  if (!isMounted) {
    skip(name, 'no right to mount a tmpfs');
    return;
  }
  test(
    name,
    async () => {
      const folder = join(mountPoint, 'data');
      mkdirSync(folder);
      const at = await installation(folder);
      const server = await at.start();
      try {
        await stockUp(at.url);
        const orders: string[] = [];
        let isOver = false;
        const poster = async (index: number): Promise<void> => {
          for (let number = 0; !isOver; number += 1) {
            const order = `o${index}-${number}`;
            if ((await place(at.url, order)) !== 201) continue;
            orders.push(order);
            await pay(at.url, order);
            await systemClock.sleep(100);
          }
        };
        const posters = Array.from({ length: POSTERS }, (_, index) => poster(index));
        await systemClock.sleep(1_000);
        const filler = join(mountPoint, 'filler');
        fill(filler);
        const untilMs = systemClock.monotonicMs() + FULL_MS;
        let refusals = 0;
        while (systemClock.monotonicMs() < untilMs) {
          // What was freed by a checkpoint meanwhile is taken again.
          if (!existsSync(filler)) fill(filler);
          if ((await at.get('/health/live')).status !== 200) throw new Error('not alive');
          if ((await at.get('/health/ready')).status === 503) refusals += 1;
          await systemClock.sleep(100);
        }
        assert.is(server.isRunning(), true, server.output());
        rmSync(filler);
        await systemClock.sleep(500);
        isOver = true;
        await Promise.all(posters);
        assert.ok(refusals > 0, 'the disk was never full');
        await allConfirmed(at.url, orders);
        // A group reports every few seconds.
        await eventually('every group says that it runs', async () => {
          const groups = (await at.get('/ops/groups')).body['items'] as ReadonlyArray<Answer>;
          return groups.every(({ state, reason }) => state === 'running' && reason === null);
        });
        assert.is(await server.end('SIGTERM'), 0);
      } finally {
        await server.end('SIGKILL');
      }
    },
    { timeoutMs: 90_000 },
  );
});
