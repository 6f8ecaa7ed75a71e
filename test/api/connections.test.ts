/** Connections that are slow, silent, or send a thing twice; and how all of them end with the server. */
import { connect, type Socket } from 'node:net';
import * as assert from 'uvu/assert';
import { checkIntervalOf, defaultConnectionLimits } from '../../api/http/connections';
import { systemClock } from '../../infra/clock';
import { spec } from '../spec';
import { apiFixture, order, type ApiFixture } from './api-fixture';

const QUICK = { requestTimeoutMs: 300, checkIntervalMs: 50, closeGraceMs: 300 };
/** Far above the limits, far below what Node does by itself (30 to 60 s). */
const SOON_MS = 8_000;

const listen = async ({ app }: ApiFixture): Promise<number> => {
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  if (typeof address !== 'object' || address === null) throw new Error('the server has no port');
  return address.port;
};

interface Connection {
  readonly socket: Socket;
  readonly received: () => string;
  /** Everything that came, once the server has closed the connection. */
  readonly closed: Promise<string>;
}

const open = async (port: number, text = ''): Promise<Connection> => {
  let received = '';
  const socket = connect(port, '127.0.0.1');
  socket.on('data', (chunk: Buffer) => (received += chunk.toString('utf8')));
  // A connection that is cut is as good as one that is closed.
  socket.on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.on('close', () => resolve(received)));
  await new Promise<void>((resolve) => socket.once('connect', () => resolve()));
  if (text !== '') socket.write(text);
  return { socket, received: () => received, closed };
};

const head = (headers: string, path = '/orders/o1/place'): string =>
  `POST ${path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${headers}\r\n`;

const within = async <Result>(work: Promise<Result>): Promise<Result> =>
  Promise.race([
    work,
    systemClock.sleep(SOON_MS).then(() => {
      throw new Error(`not within ${SOON_MS} ms`);
    }),
  ]);

spec('a slow connection', ({ test, before, after }) => {
  const api = apiFixture({ connections: QUICK });
  let port = 0;
  before(async () => {
    port = await listen(api);
  });
  after(() => api.app.close());

  for (const [what, text] of [
    ['that never speaks', ''],
    ['that stops within its headers', 'GET /views HTTP/1.1\r\nHost: localhost\r\n'],
    ['that stops within its body', `${head('Content-Length: 100\r\n')}{"customerId":`],
    ['that stops within a chunk', `${head('Transfer-Encoding: chunked\r\n')}10\r\n{"cust`],
    ['whose refused body never comes', head('Content-Length: 90000\r\n', '/nothing')],
  ] as const) {
    test(`${what} ends in the time that is stated`, async () => {
      const { closed } = await open(port, text);
      const answer = await within(closed);
      assert.match(answer, what.startsWith('whose') ? /^HTTP\/1.1 404 / : /^HTTP\/1.1 408 /);
    });
  }

  test('is given 15 seconds, and looked at each second', async () => {
    const { app } = apiFixture();
    assert.is(app.server.requestTimeout, 15_000);
    assert.is(app.server.headersTimeout, 15_000);
    assert.is(checkIntervalOf(app.server), 1_000);
    assert.is(defaultConnectionLimits.closeGraceMs, 3_000);
    await app.close();
  });

  test('with a chunked body beyond the limit is refused before the rest has come', async () => {
    const { socket, closed } = await open(port, head('Transfer-Encoding: chunked\r\n'));
    socket.write(`8000\r\n${' '.repeat(0x8000)}\r\n`);
    assert.match(await within(closed), /^HTTP\/1.1 413 /);
  });
});

spec('a header that stands twice', ({ test, before, after }) => {
  const api = apiFixture({ connections: QUICK, apiKeys: [{ name: 'shop', role: 'client', key: 'k' }] });
  let port = 0;
  before(async () => {
    port = await listen(api);
  });
  after(() => api.app.close());

  for (const header of [
    'Idempotency-Key: a',
    'If-Match: "1"',
    'X-Correlation-Id: c1',
    'X-Causation-Id: c1',
    'traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    'Consistency-Token: order-o1@1',
    'Content-Type: application/json',
    'Authorization: Bearer k',
    'Content-Encoding: identity',
  ]) {
    const [name = ''] = header.split(':');
    test(`is refused, for nobody could say which counts: ${name}`, async () => {
      const body = JSON.stringify(order);
      const rest = `x-api-key: k\r\n${header}\r\n${header.toUpperCase().replace(name.toUpperCase(), name.toLowerCase())}\r\n`;
      const { closed, received } = await open(
        port,
        `${head(`Connection: close\r\nContent-Length: ${body.length}\r\n${rest}`)}${body}`,
      );
      await within(closed);
      assert.match(received(), /^HTTP\/1.1 400 /);
      assert.match(received(), 'invalid-header');
      assert.match(received(), 'appears in the request more than once');
    });
  }
});

spec('a method', ({ test, before, after }) => {
  const api = apiFixture({ connections: QUICK });
  let port = 0;
  before(async () => {
    port = await listen(api);
  });
  after(() => api.app.close());

  for (const method of ['QUERY', 'TRACE', 'PROPFIND', 'DELETE', 'PATCH', 'OPTIONS', 'PURGE', 'BREW']) {
    for (const [path, status, allow] of [
      ['/views/order-summary', 405, 'GET, HEAD'],
      ['/orders/o1/place', 405, 'POST'],
      ['/nothing', 404, undefined],
    ] as const) {
      test(`${method} on ${path} is ${status}, whatever comes with it`, async () => {
        const text = `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\nContent-Type: text/plain\r\n\r\n{}`;
        for (const each of [text, text.replace(/Content-.*\r\n/g, '').replace(/\{\}$/, '')]) {
          const { closed } = await open(port, each);
          const answer = await within(closed);
          assert.match(answer, new RegExp(`^HTTP/1.1 ${status} `));
          if (allow !== undefined) assert.match(answer.toLowerCase(), `allow: ${allow.toLowerCase()}\r\n`);
        }
      });
    }
  }
});

spec('the end of a server', ({ test }) => {
  for (const [what, text] of [
    ['never spoke', ''],
    ['stopped within its headers', 'GET /views HTTP/1.1\r\nHost: localhost\r\n'],
    ['stopped within its body', `${head('Content-Length: 100\r\n')}{`],
    ['is kept open after an answer', 'GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ] as const) {
    test(`does not wait for a connection that ${what}`, async () => {
      const api = apiFixture({ connections: { ...QUICK, requestTimeoutMs: 60_000, checkIntervalMs: 30_000 } });
      const port = await listen(api);
      const { closed } = await open(port, text);
      await systemClock.sleep(50);
      await within(api.app.close());
      await within(closed);
    });
  }

  test('gives a request that is under way the time to be answered', async () => {
    const explainRow = async (): Promise<undefined> => {
      await systemClock.sleep(400);
      return undefined;
    };
    const api = apiFixture({ explainRow, connections: { ...QUICK, closeGraceMs: 10_000 } });
    const port = await listen(api);
    const { closed } = await open(port, 'GET /ops/explain/order-summary/o1 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await systemClock.sleep(100);
    await within(api.app.close());
    assert.match(await within(closed), /^HTTP\/1.1 404 [^]*unknown-row/);
  });
});
