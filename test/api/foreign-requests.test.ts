/** What a web page of somebody else can make a browser send, and what does not belong to this server at all. */
import * as assert from 'uvu/assert';
import { spec } from '../spec';
import { apiFixture, order } from './api-fixture';

const rebuild = '/ops/projections/order-summary/rebuild';

spec('a page of another site', ({ test, after }) => {
  const { app, post, get, dependencies } = apiFixture({ allowedHosts: ['api.example.com'] });
  after(() => app.close());

  const foreign: ReadonlyArray<Readonly<Record<string, string>>> = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site' },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { origin: 'http://localhost:3000', host: 'localhost:8080' },
    { origin: 'http://localhost.evil.example', host: 'localhost' },
    { origin: 'nonsense' },
  ];
  for (const headers of foreign) {
    test(`cannot have a rebuild asked for without a body: ${JSON.stringify(headers)}`, async () => {
      const { status, body } = await post(rebuild, undefined, headers);
      assert.is(status, 403);
      assert.is(body['type'], '/problems/cross-site-request');
      assert.match(String(body['detail']), 'only pages of this server are allowed');
      assert.equal(await dependencies.operationRequests.after(0), []);
    });
  }

  test('cannot read, send commands or ask what is allowed', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' };
    assert.is((await get('/views/order-summary', headers)).status, 403);
    assert.is((await post('/orders/o1/place', order, headers)).status, 403);
    assert.is(
      (await app.inject({ method: 'OPTIONS', url: rebuild, headers: { origin: 'https://evil.example' } })).statusCode,
      403,
    );
  });

  test('can link here', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    assert.is((await get('/docs', headers)).status, 200);
  });

  for (const headers of [
    { 'sec-fetch-site': 'same-origin', origin: 'http://localhost:8080', host: 'localhost:8080' },
    { 'sec-fetch-site': 'none' },
    { origin: 'https://api.example.com', host: 'api.example.com' },
    { origin: 'https://api.example.com', host: '10.0.0.7:8080' },
    { origin: 'http://[::1]:8080', host: '[::1]:8080' },
  ] as ReadonlyArray<Readonly<Record<string, string>>>) {
    test(`is none where it is this server's own: ${JSON.stringify(headers)}`, async () => {
      assert.is((await get('/views', headers)).status, 200);
    });
  }
});

spec('a host', ({ test, after }) => {
  const { app, get } = apiFixture({ allowedHosts: ['api.example.com', 'tidemark'] });
  after(() => app.close());

  for (const host of [
    'evil.example',
    'evil.example:8080',
    'localhost.evil.example',
    'api.example.com.evil.example',
    'a b',
    '[::1',
    'api.example.com@evil.example',
  ]) {
    test(`that is not this server's is refused: '${host}'`, async () => {
      const { status, body } = await get('/ops/groups', { host });
      assert.is(status, 421);
      assert.is(body['type'], '/problems/foreign-host');
      assert.match(String(body['detail']), 'ALLOWED_HOSTS');
    });
  }

  for (const host of [
    'localhost',
    'localhost:8080',
    'LOCALHOST',
    'app.localhost',
    '127.0.0.1:8080',
    '[::1]:8080',
    '10.0.0.7',
    'api.example.com',
    'API.example.com.:443',
    'tidemark:8080',
  ]) {
    test(`that is this server's is served: ${host}`, async () => {
      assert.is((await get('/ops/groups', { host })).status, 200);
    });
  }

  test('does not matter to whoever asks for health, and not at all where every one is allowed', async () => {
    assert.is((await get('/health/live', { host: 'pod-7' })).status, 200);
    const open = apiFixture({ allowedHosts: ['*'] });
    assert.is((await open.get('/views', { host: 'anything.example' })).status, 200);
  });
});
