/** The payment term on a real Kafka: unpaid orders are cancelled once, through kills, and a replay cancels nothing. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { post, readView } from '../support/workload';

const TERM_MS = 4_000;

kafkaSpec('the payment term', ({ test, before, after }, broker) => {
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let api: ServerProcess | undefined;
  let others: ServerProcess | undefined;

  const startOthers = (): void => {
    others = startTidemark(['serve', '--roles', 'relay,projections,reactors'], environment);
  };
  const place = async (orderId: string): Promise<void> => {
    const lines = [{ sku: 'kettle', quantity: 1, unitPrice: 1_000, freight: 0 }];
    const body = { customerId: 'c1', currency: 'EUR', placedAt: '2017-03-01T08:00:00Z', lines };
    assert.is((await post(url, `/orders/${orderId}/place`, body)).status, 201);
  };
  const pay = async (orderId: string): Promise<void> => {
    const authorised = { orderId, method: 'credit-card', instalments: 1, amount: 1_000, currency: 'EUR' };
    await post(url, `/payments/${orderId}-1/authorise`, { ...authorised, authorisedAt: '2017-03-01T09:00:00Z' });
    await post(url, `/payments/${orderId}-1/capture`, { capturedAt: '2017-03-01T10:00:00Z' });
  };
  const statuses = async (): Promise<Readonly<Record<string, unknown>>> =>
    Object.fromEntries((await readView(url, 'order-summary')).map((row) => [String(row['orderId']), row['status']]));
  const typesOf = async (stream: string): Promise<ReadonlyArray<string>> => {
    const response = await fetch(`${url}/streams/${stream}`);
    const { items } = (await response.json()) as { readonly items: ReadonlyArray<{ readonly type: string }> };
    return items.map(({ type }) => type);
  };

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-term-')),
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: broker.topicPrefix(),
      LEASE_TTL_MS: '1000',
      PAYMENT_TERM_MS: String(TERM_MS),
    };
    api = startTidemark(['serve', '--roles', 'api'], environment);
    await eventually('the API is ready', () => isReady(url));
    startOthers();
    const received = { receiptId: 'r1', quantity: 100, receivedAt: '2017-02-01T00:00:00Z' };
    await post(url, '/stock/kettle/receive', received);
  });
  after(async () => {
    await others?.end('SIGKILL');
    await api?.end('SIGKILL');
  });

  test(
    'cancels the unpaid order although the process was killed before it was over, and leaves the paid one alone',
    async () => {
      await place('unpaid');
      await place('paid');
      await pay('paid');
      await eventually('the paid one is confirmed', async () => (await statuses())['paid'] === 'confirmed');
      await others?.end('SIGKILL');
      // Paid while nobody looks, and before the term is over: what is recorded in time counts.
      await place('paid-late');
      await pay('paid-late');
      await delay(TERM_MS);
      startOthers();
      await eventually('the unpaid one is cancelled', async () => (await statuses())['unpaid'] === 'cancelled');
      await eventually('the late one is confirmed', async () => (await statuses())['paid-late'] === 'confirmed');
      assert.equal(await typesOf('order-unpaid'), ['OrderPlaced', 'OrderCancelled']);
      assert.equal(await typesOf('order-paid'), ['OrderPlaced', 'OrderConfirmed']);
    },
    { timeoutMs: 60_000 },
  );

  test(
    'is over for all of them in a replay from the first event, and nothing comes of it',
    async () => {
      const before = await Promise.all(['order-unpaid', 'order-paid', 'order-paid-late', 'stock-kettle'].map(typesOf));
      await others?.end('SIGTERM');
      for (const suffix of ['', '-wal', '-shm']) {
        rmSync(join(environment['DATA_DIR'] ?? '', `reactors.sqlite${suffix}`), { force: true });
      }
      startOthers();
      await eventually('everything is learned again', async () => {
        const response = await fetch(`${url}/ops/groups`);
        const { items } = (await response.json()) as {
          readonly items: ReadonlyArray<{ group: string; lag: number | null; outcomes: { applied: number } }>;
        };
        const group = items.find((each) => each.group === 'fulfilment');
        return group?.lag === 0 && group.outcomes.applied >= 8;
      });
      // Several looks at the deadlines, all of which have passed.
      await delay(2_000);
      const after = await Promise.all(['order-unpaid', 'order-paid', 'order-paid-late', 'stock-kettle'].map(typesOf));
      assert.equal(after, before);
    },
    { timeoutMs: 60_000 },
  );
});
