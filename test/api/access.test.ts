/** Who may do what, how much of it, and what is said while the server comes and goes. */
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import type { ApiKey } from '../../infra/configuration';
import { rateLimit } from '../../api/http/rate-limit';
import { spec } from '../spec';
import { apiFixture, order, type ApiFixture } from './api-fixture';

const apiKeys: ReadonlyArray<ApiKey> = [
  { name: 'shop', role: 'client', key: 'shop-secret' },
  { name: 'anna', role: 'operator', key: 'anna-secret' },
];
const shop = { authorization: 'Bearer shop-secret' };
const anna = { 'x-api-key': 'anna-secret' };
const rebuild = '/ops/projections/order-summary/rebuild';

spec('with API keys', ({ test, after }) => {
  const { app, get, post } = apiFixture({ apiKeys });
  after(() => app.close());

  for (const [method, url] of [
    ['POST', '/orders/o1/place'],
    ['GET', '/views'],
    ['GET', '/views/order-summary'],
    ['GET', '/views/order-summary/o1'],
    ['GET', '/streams/order-o1'],
    ['GET', '/ops/relay'],
    ['GET', '/ops/groups'],
    ['GET', '/ops/projections'],
    ['GET', '/ops/rebuilds/1'],
    ['POST', rebuild],
    ['GET', '/nothing'],
    ['POST', '/nothing/o1/place'],
  ] as const) {
    test(`${method} ${url} without a key is 401`, async () => {
      const answer = method === 'GET' ? await get(url) : await post(url, {});
      assert.is(answer.status, 401);
      assert.is(answer.body['type'], '/problems/unauthenticated');
      assert.is(answer.headers['www-authenticate'], 'Bearer');
    });
  }

  for (const headers of [
    { authorization: 'Bearer wrong' },
    { authorization: 'Bearer shop-secret2' },
    { authorization: 'Bearer shop-secre' },
    { authorization: 'Basic shop-secret' },
    { authorization: 'shop-secret' },
    { authorization: 'Bearer' },
    { authorization: 'Bearer shop-secret anna-secret' },
    { 'x-api-key': 'wrong' },
    { 'x-api-key': '' },
  ]) {
    test(`${JSON.stringify(headers)} is 401`, async () => {
      const { status, headers: answered, text } = await get('/views', headers);
      assert.is(status, 401);
      assert.match(answered['www-authenticate'] ?? '', /^Bearer/);
      assert.not.match(text, /secret/);
    });
  }

  test('either header takes either key', async () => {
    for (const key of ['shop-secret', 'anna-secret']) {
      assert.is((await get('/views', { authorization: `bearer ${key}` })).status, 200);
      assert.is((await get('/views', { 'x-api-key': key })).status, 200);
    }
  });

  test('a client may send commands and read, but not operate: 403', async () => {
    assert.is((await post('/orders/o1/place', order, shop)).status, 201);
    assert.is((await get('/ops/groups', shop)).status, 200);
    const { status, body } = await post(rebuild, {}, shop);
    assert.is(status, 403);
    assert.is(body['type'], '/problems/forbidden');
    assert.match(String(body['detail']), /'shop' has the role client/);
    assert.is((await post(rebuild, {}, anna)).status, 202);
  });

  test('the name of the key stands in the event as its actor', async () => {
    await post('/orders/o2/place', order, anna);
    const { body } = await get('/streams/order-o2', shop);
    assert.is((body['items'] as Record<string, unknown>[])[0]?.['actor'], 'anna');
  });

  test('health and documentation need none', async () => {
    for (const url of [
      '/health/live',
      '/health/ready',
      '/openapi.json',
      '/docs',
      '/schemas/OrderPlaced/1',
      '/problems',
    ]) {
      assert.is((await get(url)).status, 200, url);
    }
  });

  test('a wrong key is refused before the body is looked at', async () => {
    assert.is((await post('/orders/o1/place', '{', { authorization: 'Bearer wrong' })).status, 401);
  });
});

spec('a rate limit', ({ test }) => {
  const burst = async (api: ApiFixture, headers: Readonly<Record<string, string>>): Promise<ReadonlyArray<number>> => {
    const statuses: number[] = [];
    for (let index = 0; index < 5; index += 1) statuses.push((await api.get('/views', headers)).status);
    return statuses;
  };

  test('answers 429 with Retry-After above it, and takes requests again later', async () => {
    const api = apiFixture({ rateLimitPerSecond: 3 });
    assert.equal(await burst(api, {}), [200, 200, 200, 429, 429]);
    const { body, headers, status } = await api.post('/orders/o1/place', order);
    assert.is(status, 429);
    assert.is(body['type'], '/problems/too-many-requests');
    assert.match(String(body['detail']), /The limit is 3 requests per second/);
    assert.is(headers['retry-after'], '1');
    await systemClock.sleep(1_100);
    assert.is((await api.get('/views')).status, 200);
  });

  test('counts each key for itself', async () => {
    const api = apiFixture({ rateLimitPerSecond: 3, apiKeys });
    assert.equal(await burst(api, shop), [200, 200, 200, 429, 429]);
    assert.equal(await burst(api, anna), [200, 200, 200, 429, 429]);
  });

  const refusals: ReadonlyArray<readonly [number, (api: ApiFixture) => Promise<{ readonly status: number }>]> = [
    [401, (api) => api.get('/views', { authorization: 'Bearer guess' })],
    [401, (api) => api.get('/views')],
    [404, (api) => api.get('/nothing', shop)],
    [405, (api) => api.get('/orders/o1/place', shop)],
    [403, (api) => api.post(rebuild, {}, shop)],
    [403, (api) => api.get('/views', { ...shop, origin: 'https://evil.example' })],
    [421, (api) => api.get('/views', { ...shop, host: 'evil.example' })],
    [415, (api) => api.post('/orders/o1/place', '{}', { ...shop, 'content-type': 'text/plain' })],
    [413, (api) => api.post('/orders/o1/place', 'x'.repeat(20_000), shop)],
    [400, (api) => api.get('/%', shop)],
    [200, (api) => api.get('/openapi.json')],
  ];
  for (const [status, send] of refusals) {
    test(`counts what is answered ${status}, too: ${send.toString().replace(/^.*=> /, '')}`, async () => {
      const api = apiFixture({ rateLimitPerSecond: 2, apiKeys });
      const statuses: number[] = [];
      for (let index = 0; index < 3; index += 1) statuses.push((await send(api)).status);
      assert.equal(statuses, [status, status, 429]);
    });
  }

  test('stops whoever tries keys out before the right one is looked at', async () => {
    const api = apiFixture({ rateLimitPerSecond: 2, apiKeys });
    for (const key of ['a', 'b']) assert.is((await api.get('/views', { 'x-api-key': key })).status, 401);
    assert.is((await api.get('/views', shop)).status, 429);
  });

  test('takes one client by its address, and an IPv6 network as one', () => {
    const clock = { monotonicMs: () => 0 };
    const limit = rateLimit(1, clock);
    limit.countAddress('2001:db8:1:2::1');
    assert.throws(() => limit.countAddress('2001:db8:1:2:ffff::9'), /At most 1/);
    limit.countAddress('2001:db8:1:3::1');
    limit.countAddress('::ffff:10.0.0.1');
    assert.throws(() => limit.countAddress('10.0.0.1'), /At most 1/);
    limit.countAddress('::1');
    limit.countKey('shop');
    assert.throws(() => limit.countKey('shop'), /At most 1/);
  });

  test('leaves health alone', async () => {
    const api = apiFixture({ rateLimitPerSecond: 1 });
    for (let index = 0; index < 4; index += 1) assert.is((await api.get('/health/ready')).status, 200);
  });

  test('of 0 is none', async () => {
    const api = apiFixture({ rateLimitPerSecond: 0 });
    assert.equal(await burst(api, {}), [200, 200, 200, 200, 200]);
  });
});

spec('health', ({ test }) => {
  test('is live and ready with what each part says', async () => {
    const { get } = apiFixture();
    assert.equal((await get('/health/live')).body, { status: 'live' });
    assert.equal((await get('/health/ready')).body, { status: 'ready', checks: { store: 'open' } });
  });

  test('is not ready while the program starts, and says why', async () => {
    const { get } = apiFixture({
      readiness: async () => Promise.resolve({ ready: false, checks: { views: 'catching up' } }),
    });
    const { status, body, headers } = await get('/health/ready');
    assert.is(status, 503);
    assert.is(body['type'], '/problems/not-ready');
    assert.equal(body['checks'], { views: 'catching up' });
    assert.is(headers['retry-after'], '1');
    assert.is((await get('/health/live')).status, 200);
  });

  test('is not ready while the server shuts down, and everything else is 503 at once', async () => {
    let isShuttingDown = false;
    const { get, post, dependencies } = apiFixture({ isShuttingDown: () => isShuttingDown });
    assert.is((await post('/orders/o1/place', order)).status, 201);
    isShuttingDown = true;
    assert.is((await get('/health/ready')).status, 503);
    assert.is((await get('/health/live')).status, 200);
    for (const answer of [await post('/orders/o2/place', order), await get('/views'), await get('/nothing')]) {
      assert.is(answer.status, 503);
      assert.is(answer.body['type'], '/problems/shutting-down');
      assert.is(answer.headers['retry-after'], '5');
      assert.is(answer.headers['connection'], 'close');
    }
    assert.equal(await dependencies.store.lastPosition()(), { _tag: 'Right', right: 1 });
  });
});
