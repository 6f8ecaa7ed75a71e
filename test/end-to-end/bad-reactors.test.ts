/**
 * A release of the reactors that is wrong for some orders: theirs wait, all others go on, and once the fix is released and
 * their dead letters are redriven, each of them ends like its twin that never failed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { openEventReader } from '../../infra/sqlite/event-feed';
import { systemClock } from '../../infra/clock';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { post, readView } from '../support/workload';

const TERM_MS = 5_000;
/** What the bad release can't take of each: a capture, an order, an outcome, the end of a term. */
const stories = ['paid', 'called-off', 'short', 'unpaid'] as const;
type Story = (typeof stories)[number];

type Row = Readonly<Record<string, unknown>>;

kafkaSpec('a release of the reactors that is wrong for some orders', ({ test, before, after }, broker) => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-bad-reactors-'));
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let release: ChildProcess | undefined;
  let printed = '';
  const servers: ServerProcess[] = [];

  const get = async (path: string): Promise<Row> => (await fetch(`${url}${path}`)).json() as Promise<Row>;
  const items = async (path: string): Promise<ReadonlyArray<Row>> => (await get(path))['items'] as ReadonlyArray<Row>;
  const statuses = async (): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries((await readView(url, 'order-summary')).map((row) => [String(row['orderId']), row['status']]));
  const reason = async (): Promise<string> =>
    String((await items('/ops/groups')).find((each) => each['group'] === 'fulfilment')?.['reason']);
  const openLetters = async (): Promise<ReadonlyArray<Row>> => items('/ops/dead-letters?group=fulfilment&status=open');
  const startReactors = (): void => {
    servers.push(startTidemark(['serve', '--roles', 'reactors'], environment));
  };

  const tell = async (orderId: string, story: Story): Promise<void> => {
    const lines = [{ sku: story === 'short' ? 'none' : 'kettle', quantity: 1, unitPrice: 900, freight: 100 }];
    const placed = { customerId: 'c1', currency: 'EUR', placedAt: '2018-03-01T08:00:00Z', lines };
    assert.is((await post(url, `/orders/${orderId}/place`, placed)).status, 201);
    if (story === 'called-off') {
      const cancelled = { reason: 'changed my mind', cancelledAt: '2018-03-01T09:00:00Z' };
      assert.is((await post(url, `/orders/${orderId}/cancel`, cancelled)).status, 201);
    }
    if (story !== 'paid') return;
    const authorised = { orderId, method: 'credit-card', instalments: 1, amount: 1_000, currency: 'EUR' };
    const payment = `/payments/${orderId}-1`;
    await post(url, `${payment}/authorise`, { ...authorised, authorisedAt: '2018-03-01T09:00:00Z' });
    assert.is((await post(url, `${payment}/capture`, { capturedAt: '2018-03-01T10:00:00Z' })).status, 201);
  };
  /** What has happened to an order, wherever it happened, in the order of each stream. */
  const historyOf = (orderId: string): ReadonlyArray<string> => {
    const reader = openEventReader(join(folder, 'store.sqlite'));
    const events = reader.readAll({ afterPosition: 0, limit: 10_000 });
    reader.close();
    const own = events.filter(({ payload }) => (JSON.parse(payload) as Row)['orderId'] === orderId);
    return own.map(({ stream, type }) => `${stream.replace(orderId, '*')} ${type}`).sort();
  };

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: folder,
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: broker.topicPrefix(),
      LEASE_TTL_MS: '1000',
      PAYMENT_TERM_MS: String(TERM_MS),
    };
    servers.push(startTidemark(['serve', '--roles', 'api,relay,projections'], environment));
    await eventually('the API is ready', () => isReady(url));
    release = spawn(process.execPath, [join(__dirname, 'serve-bad-reactors.js')], {
      env: { ...process.env, ...environment },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    release.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString('utf8')));
    await post(url, '/stock/kettle/receive', { receiptId: 'r1', quantity: 100, receivedAt: '2018-02-01T00:00:00Z' });
    for (const story of stories) for (const kind of ['bad', 'good']) await tell(`${kind}-${story}`, story);
  });
  after(async () => {
    release?.kill('SIGKILL');
    for (const server of servers) await server.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  test(
    'sets those aside by key, holds their deadlines, and brings all others to their end',
    async () => {
      await eventually('the good ones end', async () => {
        const found = await statuses();
        return (
          found['good-paid'] === 'confirmed' &&
          ['called-off', 'short', 'unpaid'].every((story) => found[`good-${story}`] === 'cancelled')
        );
      });
      // The terms of the bad ones are over by now, too, and have been looked at several times.
      await systemClock.sleep(2_000);
      const found = await statuses();
      for (const story of ['paid', 'short', 'unpaid']) assert.is(found[`bad-${story}`], 'placed', story);
      const letters = await openLetters();
      assert.equal(
        letters.map((letter) => [letter['stream'], letter['type'], letter['class'], letter['parked']]).sort(),
        [
          ['order-bad-called-off', 'OrderPlaced', 'defect', 1],
          ['payment-bad-paid-1', 'PaymentCaptured', 'defect', 0],
        ],
      );
      assert.equal(historyOf('bad-called-off'), ['order-* OrderCancelled', 'order-* OrderPlaced']);
      assert.is(release?.exitCode, null);
      // An outcome, and two terms: the short one is not paid either.
      assert.match(await reason(), /3 commands or deadlines are suspended until a restart.*substitute/);
    },
    { timeoutMs: 60_000 },
  );

  test('leaves one line in the log for each failure, with group, event and the stack of what was thrown', async () => {
    const lines = printed.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Row] : []));
    const thrown = lines.filter(({ stack }) => typeof stack === 'string');
    assert.equal(
      thrown
        .map(({ group, eventId, reason: text }) => [group, eventId, /reading '(\w+)'/.exec(String(text))?.[1]])
        .sort(),
      [
        ['fulfilment', undefined, 'reminder'],
        ['fulfilment', undefined, 'reminder'],
        ['fulfilment', 'order-bad-called-off@1', 'exchangeRate'],
        ['fulfilment', 'order-bad-short@1', 'substitute'],
        ['fulfilment', 'payment-bad-paid-1@2', 'exchangeRate'],
      ],
    );
    for (const { stack, msg } of thrown)
      assert.match(String(stack), /^TypeError: .*\n +at .*step.*serve-bad-reactors/, String(msg));
    for (const letter of await openLetters()) {
      const { stack } = await get(`/ops/dead-letters/${String(letter['id'])}`);
      assert.match(String(stack), /^TypeError: .*exchangeRate.*\n +at .*serve-bad-reactors/);
    }
  });

  test(
    'goes on with outcomes and deadlines as soon as the fix is released, and with keys when they are redriven',
    async () => {
      release?.kill('SIGTERM');
      startReactors();
      await eventually('an outcome and a deadline are taken', async () => {
        const found = await statuses();
        return found['bad-short'] === 'cancelled' && found['bad-unpaid'] === 'cancelled';
      });
      assert.is((await statuses())['bad-paid'], 'placed');
      assert.match(await reason(), /2 dead letters are open, and 2 streams are quarantined/);
      const { body } = await post(url, '/ops/redrives', { group: 'fulfilment' });
      const { id } = body as { readonly id: number };
      await post(url, `/ops/redrives/${id}/run`, {});
      // Whatever of it is done by now.
      await servers.at(-1)?.end('SIGKILL');
      startReactors();
      await eventually('the redrive is done', async () => (await get(`/ops/redrives/${id}`))['state'] === 'done');
      await eventually('the paid one is confirmed', async () => (await statuses())['bad-paid'] === 'confirmed');
      for (const story of stories) {
        await eventually(
          `bad-${story} ends like its twin`,
          async () => Promise.resolve(historyOf(`bad-${story}`).join() === historyOf(`good-${story}`).join()),
          10_000,
        ).catch(() => assert.equal(historyOf(`bad-${story}`), historyOf(`good-${story}`)));
      }
      assert.equal(await openLetters(), []);
      assert.is(await reason(), 'null');
    },
    { timeoutMs: 90_000 },
  );
});
