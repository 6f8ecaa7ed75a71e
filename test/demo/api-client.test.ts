/** The demonstration's HTTP client against a server that misbehaves as told. */
import * as assert from 'uvu/assert';
import type { Action } from '../../api/demo/action';
import { actionsOf } from '../../api/demo/actions';
import { apiClient, type ApiClient } from '../../api/demo/api-client';
import { DemoStopped } from '../../api/demo/patient-requests';
import { systemClock } from '../../infra/clock';
import { spec } from '../spec';
import { localServer, type LocalServer, type ServedAnswer, type ServedRequest } from '../support/local-server';
import { inputOrder } from './orders';

const PATIENCE_MS = 400;

const place = actionsOf([inputOrder()]).find(({ command }) => command === 'place') as Action;
const placed = { stream: 'order-o1', version: 1 };

spec("the demonstration's client", ({ test, after }) => {
  const servers: LocalServer[] = [];
  after(async () => {
    for (const server of servers) await server.close();
  });

  /** A client of a server that gives these answers in turn, the last one again and again. */
  const clientOf = async (
    answers: ReadonlyArray<ServedAnswer> | ((request: ServedRequest) => ServedAnswer),
    apiKey?: string,
  ): Promise<{ readonly client: ApiClient; readonly server: LocalServer }> => {
    let next = 0;
    const inTurn = (all: ReadonlyArray<ServedAnswer>): ServedAnswer => {
      const answer = all[Math.min(next, all.length - 1)];
      next += 1;
      return answer;
    };
    const server = await localServer((request) => (typeof answers === 'function' ? answers(request) : inTurn(answers)));
    servers.push(server);
    const key = apiKey === undefined ? {} : { apiKey };
    const client = apiClient({ baseUrl: `${server.url}//`, clock: systemClock, patienceMs: PATIENCE_MS, ...key });
    return { client, server };
  };
  const stopped = async (work: Promise<unknown>): Promise<string> => {
    try {
      await work;
    } catch (error) {
      if (error instanceof DemoStopped) return error.message;
      throw error;
    }
    throw new Error('it should have stopped');
  };

  test('posts a command with its body, its key and the API key', async () => {
    const { client, server } = await clientOf([{ status: 201, body: placed }], 'secret');
    assert.equal(await client.perform(place), { _tag: 'Accepted', ...placed });
    const [request] = server.requests;
    assert.equal([request?.method, request?.url], ['POST', '/orders/o1/place']);
    assert.equal(JSON.parse(request?.body ?? ''), place.body);
    assert.is(request?.headers['authorization'], 'Bearer secret');
    assert.match(String(request?.headers['idempotency-key']), /^demo\/orders\/o1\/place\/[0-9a-f]{24}$/);
  });

  test('uses the same key for the same command only', async () => {
    const { client, server } = await clientOf([{ status: 201, body: placed }]);
    await client.perform(place);
    await client.perform(place);
    await client.perform({ ...place, body: { ...place.body, customerId: 'c2' } });
    const [first, again, other] = server.requests.map(({ headers }) => headers['idempotency-key']);
    assert.is(first, again);
    assert.is.not(first, other);
  });

  test('tells what changed nothing, and what is remembered, from what is new', async () => {
    const headers = { 'idempotency-replayed': 'true' };
    const { client } = await clientOf([
      { status: 200, body: placed },
      { status: 201, body: placed, headers },
    ]);
    assert.equal(await client.perform(place), { _tag: 'Unchanged', ...placed });
    assert.equal(await client.perform(place), { _tag: 'Unchanged', ...placed });
  });

  test('names the reason of a refusal: the rejection, or the paths that fail', async () => {
    const errors = [
      { path: '/a', message: 'is missing' },
      { path: '/b', message: 'must be 1' },
    ];
    const { client } = await clientOf([
      { status: 422, body: { type: '/problems/order-without-lines', rejection: 'OrderWithoutLines' } },
      { status: 400, body: { title: 'wrong', errors } },
      { status: 404, body: { title: 'No such command', detail: 'there is none' } },
    ]);
    assert.equal(await client.perform(place), { _tag: 'Refused', reason: 'OrderWithoutLines' });
    assert.equal(await client.perform(place), { _tag: 'Refused', reason: '400: /a is missing; /b must be 1' });
    assert.equal(await client.perform(place), { _tag: 'Refused', reason: '404: No such command: there is none' });
  });

  const passing: ReadonlyArray<ServedAnswer> = [
    'cut the connection',
    { status: 503 },
    { status: 500, text: '<html>' },
    { status: 429 },
    { status: 409 },
  ];
  for (const answer of passing) {
    test(`asks again after ${typeof answer === 'object' ? answer.status : String(answer)}`, async () => {
      const { client } = await clientOf([answer, answer, { status: 201, body: placed }]);
      assert.equal(await client.perform(place), { _tag: 'Accepted', ...placed });
    });
  }

  test('loses patience, and says what the last answer was', async () => {
    const { client } = await clientOf([{ status: 503, body: { title: 'Overloaded' } }]);
    assert.match(await stopped(client.perform(place)), /orders\/o1\/place did not come .*503 Overloaded/);
  });

  test('stops where the server refuses the key, or is none of this engine', async () => {
    const forbidden = await clientOf([{ status: 401, body: { title: 'API key required' } }]);
    assert.match(await stopped(forbidden.client.perform(place)), /API key required.*set API_KEY/);
    const other = await clientOf([{ status: 200, text: 'hello' }]);
    assert.match(await stopped(other.client.perform(place)), /is this a Tidemark\?/);
  });

  test('stops at once where nobody listens, and says how to start a server', async () => {
    const { server } = await clientOf([]);
    await server.close();
    const client = apiClient({ baseUrl: server.url, clock: systemClock, patienceMs: 60_000 });
    assert.match(await stopped(client.ensureReady()), /no Tidemark server answers at .*ECONNREFUSED.*make run/);
  });

  test('waits for a server that starts', async () => {
    let looks = 0;
    const { client } = await clientOf(({ url }) => {
      if (url === '/health/live') return { status: 200 };
      looks += 1;
      return { status: looks < 3 ? 503 : 200 };
    });
    await client.ensureReady();
    assert.is(looks, 3);
  });

  test('reads every page of a view', async () => {
    const { client, server } = await clientOf(({ url }) =>
      url.includes('cursor=a%26b')
        ? { status: 200, body: { items: [{ key: 3 }] } }
        : { status: 200, body: { items: [{ key: 1 }, { key: 2 }], nextCursor: 'a&b' } },
    );
    assert.equal(await client.readView('order-summary'), [{ key: 1 }, { key: 2 }, { key: 3 }]);
    assert.is(server.requests.length, 2);
  });

  test('tells a row that is not there from a view that cannot be read', async () => {
    const { client } = await clientOf([{ status: 404 }, { status: 200, body: { a: 1 } }, { status: 400 }]);
    assert.is(await client.readRow('v', 'k/1'), undefined);
    assert.equal(await client.readRow('v', 'k/1'), { a: 1 });
    assert.match(await stopped(client.readRow('v', 'k/1')), /\/views\/v\/k%2F1 can't be read: 400/);
  });

  test('waits until a view has seen events', async () => {
    const { client, server } = await clientOf([{ status: 503 }, 'cut the connection', { status: 200 }]);
    assert.is(await client.awaitSeen('v', ['order-a@1', 'order-b@2'], systemClock.monotonicMs() + 5_000), true);
    assert.is(server.requests.length, 3);
    assert.is(server.requests[0]?.headers['consistency-token'], 'order-a@1,order-b@2');
  });

  test('gives a view up at the deadline, after one look at least', async () => {
    const { client, server } = await clientOf([{ status: 503 }]);
    assert.is(await client.awaitSeen('v', ['order-a@1'], systemClock.monotonicMs() - 1), false);
    assert.equal([server.requests.length, server.requests[0]?.url], [1, '/views/v?limit=1&wait=0']);
  });

  test('stops where a view can never show an event', async () => {
    const { client } = await clientOf([{ status: 409, body: { title: 'quarantined' } }]);
    const waiting = client.awaitSeen('v', ['order-a@1'], systemClock.monotonicMs() + 5_000);
    assert.match(await stopped(waiting), /v with order-a@1 can't be read: 409 quarantined/);
  });
});
