/** What the API's responses mean for a process: every status, and every way in which there is no response. */
import * as assert from 'uvu/assert';
import { application } from '../../../projections/fulfilment/application';
import { systemClock, type Clock } from '../../../infra/clock';
import { commandClient, type PostToApi } from '../../../infra/reactors/command-client';
import type { PostResult } from '../../../infra/reactors/processes/processes';
import { spec } from '../../spec';
import { localServer, type LocalServer, type ServedAnswer } from '../../support/local-server';
import { command } from './commands';

const { catalog } = application;

const NOW_MS = Date.parse('2024-01-01T00:00:00Z');
const clock: Clock = { ...systemClock, nowMs: () => NOW_MS };
const forever = new AbortController().signal;
const confirm = command('fulfilment/order-o1@1/confirm');

const problem = (type: string, extensions: object = {}): unknown => ({ type, title: 'T', detail: 'D', ...extensions });

spec('the client of process commands', ({ test, after }) => {
  const servers: LocalServer[] = [];
  after(async () => {
    for (const server of servers) await server.close();
  });
  const clientOf = async (
    answer: () => ServedAnswer | Promise<ServedAnswer>,
    timeoutMs = 5_000,
    apiKey?: string,
  ): Promise<{ readonly post: PostToApi; readonly server: LocalServer }> => {
    const server = await localServer(answer);
    servers.push(server);
    const api = { baseUrl: `${server.url}/`, ...(apiKey === undefined ? {} : { apiKey }) };
    return { post: commandClient(api, catalog, clock, timeoutMs), server };
  };
  const answerTo = async (served: ServedAnswer): Promise<PostResult> =>
    (await clientOf(() => served)).post(confirm, forever);

  test('posts the body to the aggregate, with headers for its id, correlation and causation', async () => {
    const { post, server } = await clientOf(() => ({ status: 201, body: { stream: 'order-o1' } }), 5_000, 'secret');
    await post(confirm, forever);
    const [request] = server.requests;
    assert.equal([request?.method, request?.url], ['POST', '/orders/o1/confirm']);
    assert.equal(JSON.parse(request?.body ?? ''), { confirmedAt: '2024-01-01T00:00:00Z' });
    assert.is(request?.headers['content-type'], 'application/json');
    assert.is(request?.headers['idempotency-key'], 'fulfilment/order-o1@1/confirm');
    assert.is(request?.headers['x-correlation-id'], 'c1');
    assert.is(request?.headers['x-causation-id'], 'order-o1@1');
    assert.is(request?.headers['authorization'], 'Bearer secret');
  });

  test('sends the hash of an id that is not a valid header value', async () => {
    const { post, server } = await clientOf(() => ({ status: 201, body: { stream: 'order-o1' } }));
    for (const id of ['straße', 'straße', 'x'.repeat(256)]) await post({ ...confirm, id }, forever);
    const keys = server.requests.map(({ headers }) => String(headers['idempotency-key']));
    assert.ok(keys.every((key) => /^sha256:[0-9a-f]{64}$/.test(key)));
    assert.is(keys[0], keys[1]);
    assert.is.not(keys[0], keys[2]);
  });

  for (const status of [200, 201]) {
    test(`returns accepted for ${status}`, async () => {
      assert.equal(await answerTo({ status, body: { stream: 'order-o1', version: 2 } }), {
        _tag: 'Decided',
        outcome: { _tag: 'Accepted', command: confirm },
      });
    });
  }

  test('returns a rejection as the outcome, with its type', async () => {
    const body = problem('/problems/order-already-cancelled', { rejection: 'OrderAlreadyCancelled' });
    assert.equal(await answerTo({ status: 422, body }), {
      _tag: 'Decided',
      outcome: { _tag: 'Rejected', command: confirm, rejectionType: 'OrderAlreadyCancelled', message: 'D' },
    });
  });

  const defects: ReadonlyArray<readonly [number, unknown]> = [
    [400, problem('/problems/invalid-body')],
    [404, problem('/problems/unknown-command')],
    [412, problem('/problems/version-mismatch')],
    [413, problem('/problems/body-too-large')],
    [415, problem('/problems/unsupported-media-type')],
    [422, problem('/problems/idempotency-key-reused')],
  ];
  for (const [status, body] of defects) {
    test(`returns a defect for ${status} ${(body as { type: string }).type}`, async () => {
      const answer = await answerTo({ status, body });
      assert.equal(answer, { _tag: 'Defect', reason: `${status} ${(body as { type: string }).type}: D` });
    });
  }

  const passing: ReadonlyArray<readonly [number, boolean]> = [
    [408, false],
    [409, false],
    [429, true],
    [500, false],
    [502, false],
    [503, true],
    [504, false],
  ];
  for (const [status, everyCommand] of passing) {
    test(`retries after ${status}, ${everyCommand ? 'and delays the others' : 'without delaying the others'}`, async () => {
      const reason = `${status} /problems/x: D`;
      const answer = await answerTo({ status, body: problem('/problems/x') });
      assert.equal(answer, { _tag: 'Retry', reason, everyCommand });
    });
  }

  for (const status of [401, 403]) {
    test(`keeps every command after ${status}: the key is wrong, which is no fault of the command`, async () => {
      const answer = await answerTo({ status, body: problem('/problems/unauthenticated') });
      if (answer._tag !== 'Retry') throw new Error(answer._tag);
      assert.is(answer.everyCommand, true);
      assert.match(answer.reason, /^the reactors have no valid key: set API_KEY .*unauthenticated: D/);
    });
  }

  const settings: ReadonlyArray<readonly [string, number, object, RegExp]> = [
    ['the token of another store', 403, { cause: 'reactor-token' }, /^the API does not know the token .*BASE_URL.*: D/],
    ['a host that the API does not accept', 421, {}, /^the API does not accept the host .*ALLOWED_HOSTS.*: D/],
  ];
  for (const [what, status, extensions, message] of settings) {
    test(`keeps every command after ${status} for ${what}, and says which setting is wrong`, async () => {
      const answer = await answerTo({ status, body: problem('/problems/x', extensions) });
      if (answer._tag !== 'Retry') throw new Error(answer._tag);
      assert.is(answer.everyCommand, true);
      assert.match(answer.reason, message);
      assert.not.match(answer.reason, 'API_KEY');
    });
  }

  test('keeps every command while its token cannot be read, and sends it when it can be', async () => {
    const server = await localServer(() => ({ status: 201, body: { stream: 'order-o1' } }));
    servers.push(server);
    let isLocked = true;
    const reactorToken = async (): Promise<string> => {
      if (isLocked) throw new Error('database is locked');
      return Promise.resolve('the token');
    };
    const post = commandClient({ baseUrl: server.url, reactorToken }, catalog, clock);
    const answer = await post(confirm, forever);
    assert.equal(answer, {
      _tag: 'Retry',
      reason: "the reactor token can't be read from the store: database is locked",
      everyCommand: true,
    });
    isLocked = false;
    assert.is((await post(confirm, forever))._tag, 'Decided');
    assert.is(server.requests.length, 1);
    assert.is(server.requests[0]?.headers['tidemark-reactor-token'], 'the token');
  });

  for (const status of [404, 405]) {
    test(`keeps every command after a ${status} that is not the API's own`, async () => {
      const answer = await answerTo({ status, text: '<html>nothing here</html>' });
      if (answer._tag !== 'Retry') throw new Error(answer._tag);
      assert.is(answer.everyCommand, true);
      assert.match(answer.reason, 'BASE_URL does not lead to the API');
    });
  }

  const waits: ReadonlyArray<readonly [string, number | undefined]> = [
    ['2', 2_000],
    ['0', 0],
    ['Mon, 01 Jan 2024 00:00:07 GMT', 7_000],
    ['Sun, 31 Dec 2023 00:00:00 GMT', 0],
    ['99999999999', 300_000],
    ['soon', undefined],
    // Without a zone it would be parsed in the local one.
    ['2024-01-01T00:00:07', undefined],
    ['Mon, 01 Jan 2024 00:00:07', undefined],
  ];
  for (const [retryAfter, retryAfterMs] of waits) {
    test(`reads Retry-After: ${retryAfter} as ${String(retryAfterMs)} ms`, async () => {
      const answer = await answerTo({ status: 503, headers: { 'retry-after': retryAfter } });
      assert.is(answer._tag === 'Retry' ? answer.retryAfterMs : 'no repeat', retryAfterMs);
    });
  }

  const garbage: ReadonlyArray<readonly [number, string]> = [
    [200, '<html>Welcome to the hotel</html>'],
    [200, ''],
    [201, 'null'],
    [204, ''],
  ];
  for (const [status, text] of garbage) {
    test(`does not accept ${status} '${text}' as a response of the API`, async () => {
      const answer = await answerTo({ status, text });
      assert.equal([answer._tag, answer._tag === 'Retry' && answer.everyCommand], ['Retry', false]);
    });
  }

  test('does not accept every 422 as a rejection, and shows the beginning of the response', async () => {
    const answer = await answerTo({ status: 422, text: 'x'.repeat(1_000) });
    assert.equal(answer, { _tag: 'Defect', reason: `422 about:blank: ${'x'.repeat(300)}` });
  });

  test('retries where the connection is refused, and delays the others', async () => {
    const { post, server } = await clientOf(() => undefined);
    await server.close();
    const answer = await post(confirm, forever);
    if (answer._tag !== 'Retry') throw new Error(answer._tag);
    assert.is(answer.everyCommand, true);
    assert.match(answer.reason, 'ECONNREFUSED');
  });

  test('retries after a broken connection', async () => {
    const answer = await answerTo('cut the connection');
    assert.equal([answer._tag, answer._tag === 'Retry' && answer.everyCommand], ['Retry', true]);
  });

  test('waits no longer than its time-out, and then retries without delaying the others', async () => {
    const { post } = await clientOf(() => undefined, 60);
    const answer = await post(confirm, forever);
    if (answer._tag !== 'Retry') throw new Error(answer._tag);
    assert.is(answer.everyCommand, false);
    assert.match(answer.reason, /no response within 60 ms/);
  });

  test('ends at once when the signal aborts', async () => {
    const { post } = await clientOf(() => undefined);
    const stopping = new AbortController();
    const startMs = systemClock.monotonicMs();
    const answer = post(confirm, stopping.signal);
    await systemClock.sleep(30);
    stopping.abort();
    assert.is((await answer)._tag, 'Retry');
    assert.is((await post(confirm, stopping.signal))._tag, 'Retry');
    assert.ok(systemClock.monotonicMs() - startMs < 2_000);
  });

  test('returns a defect for a command that cannot be sent', async () => {
    const { post, server } = await clientOf(() => undefined);
    assert.equal(await post({ ...confirm, category: 'invoice' }, forever), {
      _tag: 'Defect',
      reason: "no aggregate has the category 'invoice'",
    });
    const odd = await post({ ...confirm, correlationId: 'line\nbreak' }, forever);
    assert.match(odd._tag === 'Defect' ? odd.reason : '', /^the command can't be sent: /);
    assert.is(server.requests.length, 0);
  });
});
