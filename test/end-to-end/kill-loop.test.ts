/**
 * The engine as four processes on a real Kafka, each killed (SIGKILL) at random moments while orders go through; then
 * every record of the log delivered a second time. Nothing may be lost, doubled or out of order.
 */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { kafkaSpec } from '../support/kafka-spec';
import { readLog, repeatLog, type ProbedRecord } from '../support/log-probe';
import { seededRandom } from '../support/random';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { playOrder, readView, stockUp, type Expectation } from '../support/workload';

const ORDERS = 120;
const CONCURRENT_ORDERS = 8;
const KILLS = 16;
const SEED = Number(process.env['TEST_SEED'] ?? 20_261_124);
const roles = ['api', 'relay', 'projections', 'reactors'] as const;

kafkaSpec('four processes killed at random moments', ({ test, before, after }, broker) => {
  const processes = new Map<string, ServerProcess>();
  const prefix = broker.topicPrefix();
  const topics = ['orders', 'stock', 'payments'].map((name) => `${prefix}${name}`);
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let expected: ReadonlyArray<Expectation> = [];

  const start = (role: string): void => {
    processes.set(role, startTidemark(['serve', '--roles', role, '--json'], environment));
  };
  const kill = async (role: string): Promise<void> => {
    await processes.get(role)?.end('SIGKILL');
  };

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      BASE_URL: url,
      DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-kill-')),
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: prefix,
    };
    roles.forEach(start);
    await eventually('the API is ready', () => isReady(url));
  });

  after(async () => {
    for (const role of roles) await kill(role);
  });

  test(
    `end with every order as it must be (seed ${SEED})`,
    async () => {
      const random = seededRandom(SEED);
      await stockUp(url, 'k-');
      const results: Expectation[] = [];
      const killed = new AbortController();
      let next = 0;
      const player = async (): Promise<void> => {
        while (next < ORDERS || !killed.signal.aborted) results.push(await playOrder(url, 'k-', next++));
      };
      // A number, not a time: on a slow machine processes that are killed before they are up would never get anywhere.
      const killing = (async () => {
        for (let kills = 0; kills < KILLS; kills += 1) {
          await systemClock.sleep(100 + random() * 700);
          const role = roles[Math.floor(random() * roles.length)] ?? 'relay';
          await kill(role);
          start(role);
        }
        killed.abort();
      })();
      await Promise.all([killing, ...Array.from({ length: CONCURRENT_ORDERS }, player)]);
      expected = results;
      await eventually(
        'all orders end as expected',
        async () => (await differences(url, expected)).length === 0,
        60_000,
      ).catch(async (error: unknown) => {
        const open = await differences(url, expected);
        throw new Error(
          `${String(error)}\n${open.slice(0, 5).join('\n')}\n${[...processes.values()].map((each) => each.output().slice(-1500)).join('\n')}`,
        );
      });
    },
    { timeoutMs: 200_000 },
  );

  test(
    'end with a log that holds every event, each key in order',
    async () => {
      let records: ReadonlyArray<ProbedRecord> = [];
      // The last consequences may still be on their way: until the store stands still, so does nothing behind it.
      await eventually('each event is in the log', async () => {
        if ((await relayLag(url)) !== 0) return false;
        const stored = await storedEvents(url);
        records = await readLog(broker.servers, topics);
        return new Set(records.map(({ id }) => id)).size === stored && stored === (await storedEvents(url));
      });
      const seen = new Map<string, number>();
      for (const { stream, version } of records) {
        const last = seen.get(stream) ?? 0;
        assert.ok(version <= last + 1, `${stream}: version ${version} came after ${last}`);
        seen.set(stream, Math.max(last, version));
      }
    },
    { timeoutMs: 60_000 },
  );

  test(
    'count every event once although each record is delivered again, and after a rebuild',
    async () => {
      const sales = await readView(url, 'sales-by-day');
      const summaries = await readView(url, 'order-summary');
      await repeatLog(broker.servers, topics);
      await eventually('the groups have read it all again', async () => groupsAreEven(url));
      assert.equal(await readView(url, 'sales-by-day'), sales);
      await rebuild(url, 'sales-by-day');
      await rebuild(url, 'order-summary', async () => {
        await kill('projections');
        start('projections');
      });
      assert.equal(await readView(url, 'sales-by-day'), sales);
      assert.equal(await readView(url, 'order-summary'), summaries);
      const placed = sales.reduce((sum, row) => sum + Number(row['amountPlaced']), 0);
      const paid = sales.reduce((sum, row) => sum + Number(row['amountPaid']), 0);
      assert.is(
        placed,
        expected.reduce((sum, order) => sum + order.amount, 0),
      );
      assert.is(
        paid,
        expected.reduce((sum, order) => sum + order.paid, 0),
      );
    },
    { timeoutMs: 90_000 },
  );
});

const differences = async (url: string, expected: ReadonlyArray<Expectation>): Promise<ReadonlyArray<string>> => {
  const rows = new Map((await readView(url, 'order-summary')).map((row) => [row['orderId'], row]));
  return expected.flatMap(({ orderId, status, paid, amount }) => {
    const row = rows.get(orderId);
    const same = row?.['status'] === status && row['paid'] === paid && row['amount'] === amount;
    return same ? [] : [`${orderId}: expected ${status} ${paid} of ${amount}, found ${JSON.stringify(row)}`];
  });
};

const get = async (url: string, path: string): Promise<unknown> => (await fetch(`${url}${path}`)).json();

const relayLag = async (url: string): Promise<number> =>
  ((await get(url, '/ops/relay')) as { readonly lagEvents: number }).lagEvents;

const storedEvents = async (url: string): Promise<number> =>
  ((await get(url, '/ops/relay')) as { readonly storePosition: number }).storePosition;

const groupsAreEven = async (url: string): Promise<boolean> => {
  const { items } = (await get(url, '/ops/groups')) as {
    readonly items: ReadonlyArray<{ readonly lag: number | null; readonly outcomes: { readonly duplicates: number } }>;
  };
  return items.length > 0 && items.every((group) => group.lag === 0 && group.outcomes.duplicates > 0);
};

const rebuild = async (url: string, projection: string, disturb?: () => Promise<void>): Promise<void> => {
  const response = await fetch(`${url}/ops/projections/${projection}/rebuild`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ from: 'kafka' }),
  });
  assert.is(response.status, 202);
  const { id } = (await response.json()) as { readonly id: number };
  await disturb?.();
  await eventually(
    `the rebuild of ${projection} is done`,
    async () => ((await get(url, `/ops/rebuilds/${id}`)) as { readonly state: string }).state === 'done',
    40_000,
  );
};
