/** The program as a newcomer runs it: one process, the embedded broker, restarts, kill -9, rebuilds, bad settings. */
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';
import { playOrder, readView, stockUp, type Expectation } from '../support/workload';

spec('one process with the embedded broker', ({ test, before, after }) => {
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let server: ServerProcess | undefined;
  const expected: Expectation[] = [];

  const start = async (): Promise<void> => {
    server = startTidemark(['serve'], environment);
    await eventually('the server is ready', () => isReady(url)).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${server?.output() ?? ''}`);
    });
  };
  const play = async (from: number, to: number): Promise<void> => {
    for (let index = from; index < to; index += 1) expected.push(await playOrder(url, 'e-', index));
  };
  const allAsExpected = async (): Promise<void> =>
    eventually('all orders end as expected', async () => {
      const rows = new Map((await readView(url, 'order-summary')).map((row) => [row['orderId'], row]));
      return expected.every(({ orderId, status, paid }) => {
        const row = rows.get(orderId);
        return row?.['status'] === status && row['paid'] === paid;
      });
    });

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = { PORT: String(port), DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-one-')) };
    await start();
  });
  after(async () => {
    await server?.end('SIGKILL');
  });

  test('takes orders from the command to the view, and says that its broker is for trying out', async () => {
    await stockUp(url, 'e-');
    await play(0, 10);
    await allAsExpected();
    assert.match(server?.output() ?? '', /embedded broker, for trying out/);
  });

  test('stops on SIGTERM with exit code 0 and leaves no write-ahead log behind', async () => {
    assert.is(await server?.end('SIGTERM'), 0, server?.output());
    assert.not.ok(existsSync(join(environment['DATA_DIR'] ?? '', 'store.sqlite-wal')));
  });

  test('starts again with the same rows although its broker forgot everything, and goes on', async () => {
    await start();
    await allAsExpected();
    await play(10, 15);
    await allAsExpected();
  });

  test('comes back from kill -9 and goes on', async () => {
    await server?.end('SIGKILL');
    await start();
    await play(15, 20);
    await allAsExpected();
  });

  test('rebuilds from the command line to the same rows, from the store, and says so', async () => {
    // Each view has a group of its own: that one shows an order says nothing of another.
    const sum = (rows: ReadonlyArray<Readonly<Record<string, unknown>>>, column: string): number =>
      rows.reduce((total, row) => total + Number(row[column]), 0);
    await eventually('the sales are complete', async () => {
      const rows = await readView(url, 'sales-by-day');
      const cancelled = expected.filter(({ status }) => status === 'cancelled').length;
      return (
        sum(rows, 'amountPaid') === expected.reduce((total, { paid }) => total + paid, 0) &&
        sum(rows, 'ordersCancelled') === cancelled
      );
    });
    const sales = await readView(url, 'sales-by-day');
    const { status, output } = await runTidemark(['rebuild', 'sales-by-day'], { BASE_URL: url });
    assert.is(status, 0, output);
    assert.match(output, /store/);
    assert.match(output, /^ {2}hashAfter: [0-9a-f]{64}$/m);
    assert.equal(await readView(url, 'sales-by-day'), sales);
  });

  test('refuses a second server on the same data while the first one lives', async () => {
    const second = startTidemark(['serve'], { ...environment, PORT: String(await freePort()) });
    await eventually('the second one says what it waits for', async () =>
      Promise.resolve(/another process is writing the store: waiting/.test(second.output())),
    );
    assert.is(await isReady(url), true);
    await second.end('SIGTERM');
  });
});

spec('the command line', ({ test }) => {
  test('lists its commands', async () => {
    const { status, output } = await runTidemark(['--help'], {});
    assert.is(status, 0);
    for (const command of ['serve', 'rebuild', 'lag', 'demo', 'kafka']) assert.match(output, command);
  });

  test('says where it has looked for offsets, where there are none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-empty-'));
    const { status, output } = await runTidemark(['offsets'], { DATA_DIR: folder });
    assert.is(status, 0, output);
    assert.match(output, `in the files of ${folder} (DATA_DIR)`);
  });

  const refused: ReadonlyArray<readonly [string, ReadonlyArray<string>, Readonly<Record<string, string>>, RegExp]> = [
    ['a port that is none', ['serve'], { PORT: 'eighty' }, /PORT is 'eighty'; it takes an integer/],
    [
      'an unknown role',
      ['serve', '--roles', 'api,cook'],
      {},
      /'cook'; the roles are api, relay, projections, reactors/,
    ],
    ['an embedded broker across processes', ['serve', '--roles', 'api'], {}, /KAFKA_BROKERS/],
    ['a broker without a port', ['serve'], { KAFKA_BROKERS: 'localhost' }, /host:port/],
    [
      'SASL without a password',
      ['serve'],
      { KAFKA_BROKERS: 'a:1', KAFKA_SECURITY_PROTOCOL: 'sasl_ssl' },
      /KAFKA_SASL_USERNAME/,
    ],
    ['API keys without a role', ['serve'], { API_KEYS: 'secret' }, /<name>:<client\|operator>:<key>/],
    ['a server that is not there', ['rebuild', 'order-summary'], { BASE_URL: 'http://127.0.0.1:9' }, /make run/],
    ['an unknown command', ['repair'], {}, /unknown command/],
  ];
  for (const [what, parameters, environment, message] of refused) {
    test(`refuses ${what} with a sentence`, async () => {
      const { status, output } = await runTidemark(parameters, environment);
      assert.is(status, 1, output);
      assert.match(output, message);
      assert.not.match(output, /\n\s+at /);
    });
  }
});
