/** A broker that dies under a running installation: relay, groups and metrics say within seconds that Kafka does not answer, and why. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { parseExposition, type Exposition } from '../support/exposition';
import { ownKafka, type OwnKafka } from '../support/kafka';
import { ownKafkaSpec } from '../support/kafka-spec';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { post } from '../support/workload';

/** The machine may be busy. */
const NAMED_MS = 60_000;

ownKafkaSpec('a broker that dies under an installation', ({ test, before, after }) => {
  let broker: OwnKafka;
  let server: ServerProcess;
  let url = '';
  const scrape = async (): Promise<Exposition> => parseExposition(await (await fetch(`${url}/metrics`)).text());
  const shows = async (what: string, holds: (metrics: Exposition) => boolean): Promise<void> =>
    eventually(what, async () => holds(await scrape()), NAMED_MS);
  const receive = async (receiptId: string): Promise<void> => {
    const body = { receiptId, quantity: 1, receivedAt: '2018-03-01T08:00:00Z' };
    assert.is((await post(url, `/stock/${receiptId}/receive`, body)).status, 201);
  };

  before(async () => {
    broker = await ownKafka();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    server = startTidemark(['serve'], {
      PORT: String(port),
      DATA_DIR: mkdtempSync(join(tmpdir(), 'tidemark-silence-')),
      KAFKA_BROKERS: broker.servers,
      LEASE_TTL_MS: '1000',
    });
    await eventually('it is ready', () => isReady(url), NAMED_MS);
    await receive('r1');
    await shows('everything is through', ({ sum }) => sum('tidemark_relay_published_total') === 1);
  });
  after(async () => {
    await server.end('SIGKILL');
    await broker.stop();
  });

  test(
    'is named by the relay, every group, and the metrics, and is over when the broker is back',
    async () => {
      assert.ok((await scrape()).sum('tidemark_kafka_unanswered_seconds') < 5);
      await broker.kill();
      await receive('r2');
      await shows('Kafka does not answer', ({ sum }) => sum('tidemark_kafka_unanswered_seconds') > 5);
      await shows(
        'the relay and every group retry',
        ({ values }) =>
          values('tidemark_relay_state', { state: 'retrying' }).length === 1 &&
          values('tidemark_group_state', { state: 'retrying' }).length === values('tidemark_group_state').length,
      );
      const { state, reason } = (await (await fetch(`${url}/ops/relay`)).json()) as Readonly<Record<string, string>>;
      assert.is(state, 'retrying');
      assert.match(reason ?? '', /Kafka has not answered since .*Connection refused|Connection refused/);
      await shows(
        'attempts are counted by what failed',
        ({ sum }) => sum('tidemark_retries_total', { class: 'broker' }) > 0,
      );
      await shows('the sessions of the relay are counted', ({ sum }) => sum('tidemark_relay_failures_total') > 0);
      await broker.restart();
      await shows(
        'it is over',
        ({ sum, values }) =>
          sum('tidemark_kafka_unanswered_seconds') < 5 &&
          sum('tidemark_relay_state', { state: 'running' }) === 1 &&
          sum('tidemark_relay_lag_events') === 0 &&
          values('tidemark_group_state', { state: 'running' }).length === values('tidemark_group_state').length,
      );
    },
    { timeoutMs: 5 * NAMED_MS },
  );
});
