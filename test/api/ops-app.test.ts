/** Metrics and health: who may read them, and what the server of every process answers. */
import * as assert from 'uvu/assert';
import { buildOpsApp } from '../../api/http/server/ops-app';
import type { Readiness } from '../../api/http/dependencies';
import { silentLogger } from '../../infra/logger';
import { openMetrics } from '../../infra/metrics/registry';
import { parseExposition } from '../support/exposition';
import { testClock } from '../support/test-clock';
import { spec } from '../spec';
import { apiFixture } from './api-fixture';

const apiKeys = [
  { name: 'ada', role: 'operator', key: 'operator-key-0001' },
  { name: 'shop', role: 'client', key: 'client-key-000001' },
] as const;
const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

spec('the metrics of the API', ({ test }) => {
  test('are in the text format, with commands counted by outcome', async () => {
    const { get } = apiFixture();
    const { status, headers, text } = await get('/metrics');
    assert.is(status, 200);
    assert.match(String(headers['content-type']), /^text\/plain; version=0\.0\.4/);
    assert.ok(parseExposition(text).types.has('tidemark_commands_total'));
  });

  test('take an operator where there are keys', async () => {
    const { get } = apiFixture({ apiKeys });
    assert.is((await get('/metrics')).status, 401);
    assert.is((await get('/metrics', bearer('client-key-000001'))).status, 403);
    assert.is((await get('/metrics', bearer('operator-key-0001'))).status, 200);
  });

  test('leave the stages to a later look where there was none yet', async () => {
    const { status, headers } = await apiFixture().get('/ops/stages');
    assert.is(status, 503);
    assert.is(headers['retry-after'], '1');
  });
});

spec('the server of every process', ({ test }) => {
  const opsApp = (ready: Readiness, keys: typeof apiKeys | readonly [] = []) =>
    buildOpsApp({
      apiKeys: keys,
      allowedHosts: [],
      metrics: openMetrics(silentLogger),
      readiness: async () => Promise.resolve(ready),
      isShuttingDown: () => false,
      clock: testClock(),
      logger: silentLogger,
    });
  const reasons = [{ stage: 'relay', state: 'halted', reason: 'the topic is gone' }];

  test('answers health without a key, with its reasons as JSON, and metrics to an operator', async () => {
    const app = opsApp({ ready: false, checks: {}, reasons }, apiKeys);
    assert.is((await app.inject('/health/live')).statusCode, 200);
    const health = await app.inject('/health/ready');
    assert.is(health.statusCode, 503);
    assert.equal(health.json<{ reasons: unknown }>().reasons, reasons);
    assert.is((await app.inject('/metrics')).statusCode, 401);
    const metrics = await app.inject({ url: '/metrics', headers: bearer('operator-key-0001') });
    assert.is(metrics.statusCode, 200);
    await app.close();
  });

  test('has nothing else, and nothing for pages of other sites', async () => {
    const app = opsApp({ ready: true, checks: {} });
    assert.is((await app.inject('/health/ready')).statusCode, 200);
    const unknown = await app.inject('/ops/relay');
    assert.is(unknown.statusCode, 404);
    assert.match(String(unknown.headers['content-type']), /^application\/problem\+json/);
    assert.is((await app.inject({ method: 'POST', url: '/metrics' })).statusCode, 404);
    assert.is((await app.inject({ url: '/metrics', headers: { host: 'rebound.example' } })).statusCode, 421);
    await app.close();
  });
});
