/** Three processes on a real Kafka, each with its own metrics: what happens to the flow is what they say. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import type { GroupStatus } from '../../infra/consumption/status/status';
import { metricDeclarations, type MetricDeclaration } from '../../infra/metrics/declarations';
import { produceRaw } from '../support/broker-admin';
import { parseExposition, type Exposition } from '../support/exposition';
import { kafkaSpec } from '../support/kafka-spec';
import { rawRecords } from '../support/log-probe';
import { eventually, freePort, isReady, runTidemark, startTidemark, type ServerProcess } from '../support/server';
import { post } from '../support/workload';

const ROLES = { api: 'api', relay: 'relay', consumers: 'projections,reactors' } as const;
type Part = keyof typeof ROLES;

/** A stage that falls silent is named within twelve seconds; the machine may be busy. */
const NAMED_MS = 40_000;

kafkaSpec('the metrics of an installation in three processes', ({ test, before, after }, broker) => {
  const prefix = broker.topicPrefix();
  const ports = new Map<Part, number>();
  const running = new Map<Part, ServerProcess>();
  let url = '';
  let environment: Readonly<Record<string, string>> = {};
  let placed = 0;

  const start = (part: Part): void => {
    const own = { ...environment, OPS_PORT: String(ports.get(part)) };
    running.set(part, startTidemark(['serve', '--roles', ROLES[part]], own));
  };
  const ops = async (part: Part, path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${ports.get(part) ?? 0}${path}`);
  const scrape = async (part: Part): Promise<Exposition> => parseExposition(await (await ops(part, '/metrics')).text());
  const shows = async (
    part: Part,
    what: string,
    holds: (metrics: Exposition) => boolean,
    deadlineMs = NAMED_MS,
  ): Promise<void> => eventually(`${part}: ${what}`, async () => holds(await scrape(part)), deadlineMs);
  const place = async (count: number): Promise<void> => {
    for (const last = placed + count; placed < last; placed += 1) {
      const { status } = await post(url, `/orders/o${placed}/place`, {
        customerId: 'c1',
        currency: 'EUR',
        placedAt: '2018-03-01T08:00:00Z',
        lines: [{ sku: 'none', quantity: 1, unitPrice: 100, freight: 0 }],
      });
      assert.is(status, 201);
    }
  };
  const isThrough = ({ sum, values }: Exposition): boolean =>
    sum('tidemark_relay_lag_events') === 0 &&
    values('tidemark_consumer_lag').length > 0 &&
    sum('tidemark_consumer_lag') === 0;

  before(async () => {
    for (const part of Object.keys(ROLES) as Part[]) ports.set(part, await freePort());
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    environment = {
      PORT: String(port),
      DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-metrics-')),
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: prefix,
      LEASE_TTL_MS: '1000',
    };
    for (const part of Object.keys(ROLES) as Part[]) start(part);
    await eventually('the API is ready', () => isReady(url));
  });
  after(async () => {
    for (const server of running.values()) await server.end('SIGKILL');
  });

  test('answers in every process, each for its own roles', async () => {
    for (const part of Object.keys(ROLES) as Part[]) {
      await eventually(`${part} is ready`, async () => (await ops(part, '/health/ready')).ok);
      assert.is((await ops(part, '/health/live')).status, 200);
      await shows(part, 'it is ready', ({ sum }) => sum('tidemark_ready') === 1);
    }
  });

  test('counts commands, events, deliveries and batches where they happen', async () => {
    await place(20);
    const refused = await post(url, '/orders/o0/place', {
      customerId: 'other',
      currency: 'EUR',
      placedAt: '2018-03-01T08:00:00Z',
      lines: [{ sku: 'none', quantity: 2, unitPrice: 100, freight: 0 }],
    });
    assert.ok(refused.status >= 400 || refused.status === 200);
    await shows('api', 'nothing waits', isThrough);
    const api = await scrape('api');
    assert.is(api.sum('tidemark_commands_total', { command: 'place', outcome: 'appended' }), 20);
    assert.is(api.sum('tidemark_events_appended_total', { type: 'OrderPlaced' }), 20);
    assert.ok(api.sum('tidemark_command_seconds_count') >= 20);
    await shows('relay', 'deliveries', ({ sum }) => {
      const delivered = sum('tidemark_producer_records_total', { outcome: 'delivered', topic: `${prefix}orders` });
      return delivered >= 20 && sum('tidemark_relay_published_total') >= 20;
    });
    await shows('consumers', 'batches and events', ({ sum }) => {
      const own = { group: 'order-summary' };
      return (
        sum('tidemark_consumed_events_total', { ...own, outcome: 'applied' }) >= 20 &&
        sum('tidemark_processing_seconds_count', own) > 0 &&
        sum('tidemark_consumer_rebalances_total', own) > 0
      );
    });
    const groups = (await (await fetch(`${url}/ops/groups`)).json()) as { readonly items: ReadonlyArray<GroupStatus> };
    const { processing, hottestKeys } = groups.items.find(({ group }) => group === 'order-summary') ?? {};
    assert.ok((processing?.batches ?? 0) > 0 && (processing?.p99Seconds ?? 0) >= (processing?.p50Seconds ?? 1));
    const orders = hottestKeys?.find(({ topic }) => topic === `${prefix}orders`);
    assert.match(orders?.keys[0]?.key ?? '', /^o\d+$/);
    const shares = (await scrape('api')).values('tidemark_hottest_key_share_ratio', { topic: `${prefix}orders` });
    assert.ok(shares.length === 1 && shares.every((share) => share > 0 && share <= 1));
    // Counters belong to the process that counts; what is in the files every process shows.
    assert.is((await scrape('relay')).sum('tidemark_commands_total'), 0);
    assert.ok((await scrape('relay')).values('tidemark_consumer_lag').length > 0);
    assert.ok((await scrape('consumers')).values('tidemark_partition_skew_ratio').every((ratio) => ratio >= 1));
  });

  test('lets heartbeats through every stage while nothing happens, and keeps them out of the topics of events', async () => {
    for (const part of Object.keys(ROLES) as Part[])
      await shows(part, 'heartbeats come through', ({ values }) => {
        const ages = ['relayed', 'acknowledged', 'consumed', 'projected'].flatMap((stage) =>
          values('tidemark_heartbeat_age_seconds', { stage }),
        );
        return ages.length === 4 && Math.max(...ages) < 15;
      });
    const { storePosition, items } = (await (await fetch(`${url}/ops/stages`)).json()) as {
      readonly storePosition: number;
      readonly items: ReadonlyArray<{ readonly heartbeatSeconds: number | null; readonly ageP99Seconds: number }>;
    };
    assert.ok(items.every(({ heartbeatSeconds }) => heartbeatSeconds !== null));
    const topics = ['orders', 'stock', 'payments'].map((topic) => `${prefix}${topic}`);
    assert.is((await rawRecords(broker.servers, topics)).length, storePosition);
    const [beat] = await rawRecords(broker.servers, [`${prefix}order-fulfilment.heartbeats`]);
    assert.match(beat?.value?.toString() ?? '', /^\{"position":\d+,"sentAt":"[\d:.TZ-]+"\}$/);
  });

  test('shows the files: leases by holder, take-overs, write-ahead logs', async () => {
    const relay = await scrape('relay');
    for (const file of ['store', 'relay', 'views', 'reactors']) {
      assert.is(relay.sum('tidemark_lease_held', { file }), 1, file);
      assert.is(relay.sum('tidemark_lease_own', { file }), file === 'relay' ? 1 : 0, file);
      assert.ok(relay.sum('tidemark_lease_takeovers_total', { file }) >= 1, file);
      assert.is(relay.values('tidemark_wal_bytes', { file }).length, 1, file);
    }
  });

  test('counts dead letters by class, foreign and misplaced records among them', async () => {
    const [record] = await rawRecords(broker.servers, [`${prefix}orders`]);
    const event = JSON.parse(record?.value?.toString('utf8') ?? '{}') as Readonly<Record<string, unknown>>;
    const plant = async (value: string): Promise<void> =>
      produceRaw(broker.servers, {
        topic: `${prefix}orders`,
        partition: record?.partition ?? 0,
        key: String(record?.key),
        value: Buffer.from(value),
        headers: [{ 'content-type': 'application/cloudevents+json' }],
      });
    await plant('{');
    await plant(JSON.stringify({ ...event, storeid: 'another-store' }));
    await plant(JSON.stringify({ ...event, subject: 'somebody-else' }));
    for (const failure of ['malformed', 'foreign', 'misplaced']) {
      await shows('api', `${failure} is counted`, ({ sum }) => {
        const own = { group: 'order-summary', class: failure };
        return sum('tidemark_dead_letters_open', own) === 1 && sum('tidemark_dead_letters_total', own) === 1;
      });
    }
  });

  test('names a relay that was killed, and nothing else', async () => {
    await running.get('relay')?.end('SIGKILL');
    await place(5);
    await shows('api', 'the relay is silent and behind', ({ sum }) => {
      const silent = sum('tidemark_relay_state', { state: 'silent' });
      return silent === 1 && sum('tidemark_relay_lag_events') >= 5 && sum('tidemark_relay_lag_seconds') > 5;
    });
    const { values, sum } = await scrape('api');
    assert.equal(values('tidemark_group_state', { state: 'silent' }), []);
    assert.is(sum('tidemark_stage_age_seconds', { stage: 'projected' }), 0);
    const stages = (await (await fetch(`${url}/ops/stages`)).json()) as { readonly slowest: string };
    assert.is(stages.slowest, 'relayed');
    start('relay');
    await shows('api', 'nothing waits', isThrough);
  });

  test('names consumers that were killed, with the lag that they can no longer say', async () => {
    await running.get('consumers')?.end('SIGKILL');
    await place(7);
    await shows('api', 'the group is silent and behind', ({ sum, values }) => {
      const own = { group: 'order-summary' };
      return (
        sum('tidemark_group_state', { ...own, state: 'silent' }) === 1 &&
        sum('tidemark_consumer_lag', own) >= 7 &&
        Math.max(...values('tidemark_consumer_lag_seconds', own)) > 5 &&
        values('tidemark_partition_verdict', { ...own, verdict: 'stopped' }).length > 0
      );
    });
    const { values } = await scrape('api');
    assert.equal(values('tidemark_relay_state', { state: 'running' }), [1]);
    const { output, status } = await runTidemark(['lag'], { BASE_URL: url });
    assert.is(status, 0);
    assert.match(output, /order-summary +silent +\d+ +[\d.]+\/s +not draining/);
    assert.not.match(output, /\?/);
    start('consumers');
    await shows('api', 'nothing waits', isThrough);
    await shows('consumers', 'its counters began at zero', ({ sum }) => {
      const applied = sum('tidemark_consumed_events_total', { group: 'order-summary', outcome: 'applied' });
      return applied >= 7 && applied < 27;
    });
  });

  test('has labels of bounded sets alone: no id and no key in any of them', async () => {
    const declared: Readonly<Record<string, MetricDeclaration>> = metricDeclarations;
    for (const part of Object.keys(ROLES) as Part[]) {
      for (const { name, labels } of (await scrape(part)).samples) {
        if (!name.startsWith('tidemark_')) continue;
        const known = declared[name.replace(/_(bucket|sum|count)$/, '')]?.labels ?? [];
        for (const [label, value] of Object.entries(labels)) {
          assert.ok(known.includes(label) || label === 'le', `${name}{${label}}`);
          assert.not.match(value, /^o\d+$|order-o|@\d/, `${name}{${label}="${value}"}`);
        }
      }
    }
  });

  test('refuses a port that is taken with a sentence that names the setting', async () => {
    const taken = { ...environment, OPS_PORT: String(ports.get('api')) };
    const { status, output } = await runTidemark(['serve', '--roles', 'relay'], taken);
    assert.is(status, 1);
    assert.match(output, /port \d+ on 127\.0\.0\.1 is taken: .*OPS_PORT/);
  });
});
