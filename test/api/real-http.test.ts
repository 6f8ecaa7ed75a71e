/** The API over real sockets: what only a connection can show. */
import { connect } from 'node:net';
import * as assert from 'uvu/assert';
import { systemClock } from '../../infra/clock';
import { spec } from '../spec';
import { apiFixture, order, type ApiFixture } from './api-fixture';

const listen = async ({ app }: ApiFixture): Promise<number> => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return address.port;
};

/** Sends raw bytes and answers everything that comes back until the connection ends. */
const raw = async (port: number, text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString('utf8')));
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });

spec('over real HTTP', ({ test, before, after }) => {
  const api = apiFixture();
  let port = 0;
  before(async () => {
    port = await listen(api);
  });
  after(() => api.app.close());

  test('a command, its repeat and its stream', async () => {
    const url = `http://127.0.0.1:${port}`;
    const headers = { 'content-type': 'application/json', 'idempotency-key': 'k1' };
    const place = (): Promise<Response> =>
      fetch(`${url}/orders/o1/place`, { method: 'POST', headers, body: JSON.stringify(order) });
    const first = await place();
    assert.is(first.status, 201);
    assert.is(first.headers.get('etag'), '"1"');
    const again = await place();
    assert.is(again.headers.get('idempotency-replayed'), 'true');
    assert.equal(await again.json(), await first.json());
    assert.is((await fetch(`${url}/streams/order-o1`)).status, 200);
    const head = await fetch(`${url}/health/live`, { method: 'HEAD' });
    assert.is(head.status, 200);
  });

  test('a hundred commands at once are all answered, each with its own event', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        fetch(`http://127.0.0.1:${port}/orders/many-${index}/place`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(order),
        }).then(async (response) => (await response.json()) as { stream: string; version: number }),
      ),
    );
    assert.equal(
      answers.map(({ stream, version }) => `${stream}@${version}`).sort(),
      Array.from({ length: 100 }, (_, index) => `order-many-${index}@1`).sort(),
    );
  });

  for (const [what, text, status, name] of [
    ['what is no HTTP', 'SING /orders\r\n\r\n', 400, 'malformed-request'],
    [
      'headers without end',
      `GET /views HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
    [
      'two lengths',
      'POST /orders/o1/place HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'malformed-request',
    ],
  ] as const) {
    test(`answers ${what} with a problem and closes the connection`, async () => {
      const answer = await raw(port, text);
      assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
      assert.match(answer, /Content-Type: application\/problem\+json/);
      assert.match(answer, `"/problems/${name}"`);
      assert.match(answer, /Connection: close/);
    });
  }

  for (const [what, text, status, name] of [
    ['no Host', 'GET /views HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'malformed-request'],
    [
      'an expectation that nobody meets',
      'GET /views HTTP/1.1\r\nHost: localhost\r\nExpect: foo\r\nConnection: close\r\n\r\n',
      417,
      'expectation-failed',
    ],
    ['a tunnel', 'CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n', 400, 'malformed-request'],
  ] as const) {
    test(`answers what Node would answer by itself with a problem, and counts it: ${what}`, async () => {
      assert.match(await raw(port, text), new RegExp(`^HTTP/1.1 ${status} [^]*"/problems/${name}"`));
      const limited = apiFixture({ rateLimitPerSecond: 2, clock: { ...systemClock, monotonicMs: () => 1_000 } });
      const limitedPort = await listen(limited);
      const statuses: string[] = [];
      for (let request = 0; request < 4; request += 1) statuses.push((await raw(limitedPort, text)).slice(9, 12));
      await limited.app.close();
      assert.equal(statuses, [String(status), String(status), '429', '429']);
    });
  }

  test('takes a request of HTTP/1.0 without a Host, and 100-continue', async () => {
    assert.match(await raw(port, 'GET /health/live HTTP/1.0\r\n\r\n'), /^HTTP\/1.1 200 /);
    const head = 'GET /health/live HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n';
    assert.match(await raw(port, head), /^HTTP\/1.1 100 Continue[^]*HTTP\/1.1 200 /);
  });

  test('a body longer than the limit is refused before it has come', async () => {
    const head =
      'POST /orders/o1/place HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 99999999\r\n\r\n';
    const answer = await raw(port, head);
    assert.match(answer, /^HTTP\/1.1 413 /);
  });

  test('has finite time-outs everywhere', () => {
    const { requestTimeout, timeout, keepAliveTimeout, headersTimeout } = api.app.server;
    for (const each of [requestTimeout, timeout, keepAliveTimeout, headersTimeout])
      assert.ok(each > 0 && each <= 60_000);
    assert.ok(timeout > 30_000, 'a query that waits for its view is silent for up to 30 s');
  });
});

spec('the end of a server', ({ test }) => {
  test('answers what is under way, and refuses what comes behind it on the same connection', async () => {
    const api = apiFixture();
    const port = await listen(api);
    const request = (path: string, header: string): string =>
      `GET ${path} HTTP/1.1\r\nHost: localhost\r\n${header}\r\n`;
    await api.post('/orders/o1/place', order);
    const waiting = raw(
      port,
      request('/views/order-summary?wait=10000', 'Consistency-Token: order-o1@1\r\n') + request('/views', ''),
    );
    await systemClock.sleep(100);
    const startMs = systemClock.monotonicMs();
    await api.app.close();
    const answer = await waiting;
    assert.ok(systemClock.monotonicMs() - startMs < 3_000);
    assert.match(answer, /^HTTP\/1.1 503 /);
    assert.match(answer, 'shutting-down');
    assert.not.match(answer, / 200 OK/);
    assert.not.match(answer, /"error":"Service Unavailable"/);
  });
});
