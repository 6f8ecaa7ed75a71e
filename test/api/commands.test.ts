/** What a command is answered with, and what it leaves behind. */
import { randomBytes } from 'node:crypto';
import * as TE from 'fp-ts/TaskEither';
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import type { EventStore } from '../../domain/kernel/event-store';
import { systemClock } from '../../infra/clock';
import type { CommandFailure } from '../../infra/commands/command-port';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { spec } from '../spec';
import { apiFixture, order, type Answer, type ApiFixture } from './api-fixture';

const { catalog } = application;

const events = async ({ get }: ApiFixture, stream: string): Promise<ReadonlyArray<Record<string, unknown>>> =>
  (await get(`/streams/${stream}`)).body['items'] as Record<string, unknown>[];

const later = { reason: 'changed my mind', cancelledAt: '2024-05-02T10:00:00Z' };

spec('a command', ({ test }) => {
  test('answers 201 with the events that it caused, the version, and the token to read them by', async () => {
    const { post } = apiFixture();
    await post('/orders/o0/place', order);
    const { status, body, headers } = await post('/orders/o1/place', order);
    assert.is(status, 201);
    assert.equal(body, {
      stream: 'order-o1',
      version: 1,
      position: 2,
      events: [{ id: 'order-o1@1', type: 'OrderPlaced', schemaVersion: 1, version: 1, position: 2 }],
    });
    assert.is(headers['etag'], '"1"');
    assert.is(headers['consistency-token'], 'order-o1@1');
    assert.match(headers['content-type'] ?? '', /^application\/json/);
    assert.not.ok(headers['idempotency-replayed']);
  });

  test('answers 200 without events where nothing had to change', async () => {
    const { post } = apiFixture();
    await post('/orders/o1/place', order);
    const { status, body, headers } = await post('/orders/o1/place', order);
    assert.is(status, 200);
    assert.equal(body, { stream: 'order-o1', version: 1, position: 1, events: [] });
    assert.is(headers['etag'], '"1"');
    assert.is(headers['consistency-token'], 'order-o1@1');
  });

  test('has a route for every aggregate in the catalog, which takes the example of its documentation', async () => {
    const { post } = apiFixture();
    for (const aggregate of catalog.aggregates) {
      for (const { type, example } of aggregate.commands.values()) {
        const { status, body } = await post(`/${aggregate.path}/x-${type}/${type}`, example);
        // Out of order most are refused by a rule, but none for its shape.
        assert.ok([200, 201, 422].includes(status), `${type}: ${JSON.stringify(body)}`);
      }
    }
  });

  test('is taken with a charset in its Content-Type', async () => {
    const { post } = apiFixture();
    const headers = { 'content-type': 'application/json; charset=utf-8' };
    assert.is((await post('/orders/o1/place', order, headers)).status, 201);
  });

  test('is rejected by the aggregate with 422, a stable type and the sentence of the rule', async () => {
    const { post, get } = apiFixture();
    await post('/orders/o1/place', order);
    const { status, body, headers } = await post('/orders/o1/place', { ...order, customerId: 'c2' });
    assert.is(status, 422);
    assert.equal(body, {
      type: '/problems/order-already-placed',
      title: 'Order already placed',
      status: 422,
      detail: 'Order o1 was placed with other content: place a new order under its own id.',
      instance: '/orders/o1/place',
      rejection: 'OrderAlreadyPlaced',
      stream: 'order-o1',
    });
    assert.match(headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.is((await get('/problems/order-already-placed')).status, 200);
  });
});

spec('what comes beside a command', ({ test }) => {
  test('stands in the event: correlation, causation, trace', async () => {
    const api = apiFixture();
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    const { headers } = await api.post('/orders/o1/place', order, {
      'x-correlation-id': 'checkout:7',
      'x-causation-id': 'payment-p1@2',
      traceparent,
    });
    assert.is(headers['x-correlation-id'], 'checkout:7');
    const [event] = await events(api, 'order-o1');
    assert.is(event?.['correlationId'], 'checkout:7');
    assert.is(event?.['causationId'], 'payment-p1@2');
    assert.is(event?.['traceparent'], traceparent);
    assert.is(event?.['actor'], 'anonymous');
  });

  test('is made up where it is left out: a new correlation, and the request as the cause', async () => {
    const api = apiFixture();
    const { headers } = await api.post('/orders/o1/place', order);
    const [event] = await events(api, 'order-o1');
    assert.ok(headers['x-correlation-id']);
    assert.is(event?.['correlationId'], headers['x-correlation-id']);
    assert.match(String(event?.['causationId']), /^request:[0-9a-f-]{36}$/);
    assert.not.ok('traceparent' in (event ?? {}));
    const other = await api.post('/orders/o2/place', order);
    assert.is.not(other.headers['x-correlation-id'], headers['x-correlation-id']);
  });

  test('comes back with every answer, also with a refusal', async () => {
    const { post } = apiFixture();
    const headers = { 'x-correlation-id': 'c-7' };
    for (const body of [order, { ...order, lines: [] }, {}, '{']) {
      assert.is((await post('/orders/o1/place', body, headers)).headers['x-correlation-id'], 'c-7');
    }
  });

  const malformedTraces = [
    'nonsense',
    '00-00000000000000000000000000000000-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01',
    '00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01',
    'ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more',
  ];
  for (const traceparent of malformedTraces) {
    test(`ignores the malformed traceparent ${traceparent}`, async () => {
      const api = apiFixture();
      assert.is((await api.post('/orders/o1/place', order, { traceparent })).status, 201);
      const [event] = await events(api, 'order-o1');
      assert.not.ok('traceparent' in (event ?? {}));
    });
  }

  test('keeps a traceparent of a later version with what it adds', async () => {
    const api = apiFixture();
    const traceparent = '01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more';
    await api.post('/orders/o1/place', order, { traceparent });
    assert.is((await events(api, 'order-o1'))[0]?.['traceparent'], traceparent);
  });
});

spec('an Idempotency-Key', ({ test }) => {
  const key = { 'idempotency-key': 'k 1/"x"' };

  test('gets the same answer again, and nothing happens twice', async () => {
    const api = apiFixture();
    const receive = { receiptId: 'r1', quantity: 5, receivedAt: '2024-05-01T10:00:00Z' };
    const first = await api.post('/stock/kettle/receive', receive, key);
    await api.post('/stock/kettle/receive', { ...receive, receiptId: 'r2' });
    const second = await api.post('/stock/kettle/receive', receive, key);
    assert.is(second.status, 201);
    assert.is(second.text, first.text);
    assert.is(second.headers['idempotency-replayed'], 'true');
    assert.not.ok(first.headers['idempotency-replayed']);
    assert.is(second.headers['etag'], first.headers['etag']);
    assert.is((await events(api, 'stock-kettle')).length, 2);
  });

  test('knows the same body however it is written', async () => {
    const { post } = apiFixture();
    await post('/orders/o1/place', order, key);
    const { lines, ...rest } = order;
    const [line] = lines;
    const turned = { lines: [Object.fromEntries(Object.entries(line ?? {}).reverse())], ...rest };
    const again = await post('/orders/o1/place', JSON.stringify(turned, null, 2), key);
    assert.is(again.status, 201);
    assert.is(again.headers['idempotency-replayed'], 'true');
  });

  test('gets the same rejection again, although the command would pass by now', async () => {
    const { post } = apiFixture();
    const first = await post('/orders/o1/cancel', later, key);
    assert.is(first.status, 422);
    await post('/orders/o1/place', order);
    const again = await post('/orders/o1/cancel', later, key);
    assert.is(again.text, first.text);
    assert.is(again.headers['idempotency-replayed'], 'true');
  });

  test('with another body, command or id is a misuse: 422, and nothing happens', async () => {
    const api = apiFixture();
    await api.post('/orders/o1/place', order, key);
    const misuses: ReadonlyArray<Promise<Answer>> = [
      api.post('/orders/o1/place', { ...order, customerId: 'c2' }, key),
      api.post('/orders/o2/place', order, key),
      api.post('/orders/o1/cancel', later, key),
    ];
    for (const { status, body } of await Promise.all(misuses)) {
      assert.is(status, 422);
      assert.is(body['type'], '/problems/idempotency-key-reused');
      assert.not.ok('rejection' in body);
    }
    assert.is((await events(api, 'order-o1')).length, 1);
  });

  test('that is under way is 409, and one of two requests at once is carried out', async () => {
    const store = inMemoryEventStore({ clock: systemClock });
    const append: EventStore['append'] = (events) => async () => {
      await systemClock.sleep(20);
      return store.append(events)();
    };
    const api = apiFixture({ store: { ...store, append } });
    const answers = await Promise.all([1, 2, 3].map(() => api.post('/orders/o1/place', order, key)));
    assert.equal(answers.map(({ status }) => status).sort(), [201, 409, 409]);
    const refused = answers.find(({ status }) => status === 409);
    assert.is(refused?.body['type'], '/problems/request-in-progress');
    assert.is(refused?.headers['retry-after'], '1');
    assert.is((await events(api, 'order-o1')).length, 1);
  });

  for (const [what, value] of [
    ['an empty one', ''],
    ['one of 256 characters', 'k'.repeat(256)],
    ['one with a tab', 'a\tb'],
    ['one beyond ASCII', 'clé'],
  ] as const) {
    test(`refuses ${what}`, async () => {
      const { post } = apiFixture();
      const { status, body } = await post('/orders/o1/place', order, { 'idempotency-key': value });
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-header');
      assert.match(String(body['detail']), /Idempotency-Key must have 1 to 255/);
    });
  }

  test('may have 255 characters', async () => {
    const { post } = apiFixture();
    const headers = { 'idempotency-key': randomBytes(200).toString('hex').slice(0, 255) };
    assert.is((await post('/orders/o1/place', order, headers)).status, 201);
    assert.is((await post('/orders/o1/place', order, headers)).headers['idempotency-replayed'], 'true');
  });
});

spec('If-Match', ({ test }) => {
  const placed = async (): Promise<ApiFixture> => {
    const api = apiFixture();
    await api.post('/orders/o1/place', order);
    return api;
  };

  test('lets the command through at the version named', async () => {
    const { post } = await placed();
    const { status, headers } = await post('/orders/o1/cancel', later, { 'if-match': '"1"' });
    assert.is(status, 201);
    assert.is(headers['etag'], '"2"');
  });

  test('is 412 at any other version, with the one that the stream has', async () => {
    const api = await placed();
    const { status, body, headers } = await api.post('/orders/o1/cancel', later, { 'if-match': '"2"' });
    assert.is(status, 412);
    assert.is(body['type'], '/problems/version-mismatch');
    assert.is(body['expected'], 2);
    assert.is(body['actual'], 1);
    assert.is(headers['etag'], '"1"');
    assert.is((await events(api, 'order-o1')).length, 1);
  });

  test('with "0" asks for a stream without events', async () => {
    const { post } = await placed();
    assert.is((await post('/orders/o2/place', order, { 'if-match': '"0"' })).status, 201);
    assert.is((await post('/orders/o2/place', order, { 'if-match': '"0"' })).status, 412);
  });

  test('with * asks for a stream with events', async () => {
    const { post } = await placed();
    assert.is((await post('/orders/o1/cancel', later, { 'if-match': '*' })).status, 201);
    const { status, body } = await post('/orders/o9/place', order, { 'if-match': '*' });
    assert.is(status, 412);
    assert.is(body['actual'], 0);
  });

  // As RFC 9110 has it: a list matches by any of its tags, and what is a tag but no strong version never matches.
  for (const value of ['W/"1"', '"two"', '"2", "3"', '"-1"', '"01"', '""', '"99999999999999999999"', 'W/"1", "3"']) {
    test(`does not hold with ${value} at version 1`, async () => {
      const { post } = await placed();
      const { status, body } = await post('/orders/o1/cancel', later, { 'if-match': value });
      assert.is(status, 412);
      assert.is(body['actual'], 1);
    });
  }

  for (const value of ['"1", "2"', 'W/"1", "1"', '"0","1"', ', "1",', '"two" , "1"']) {
    test(`holds with ${value} at version 1`, async () => {
      const { post } = await placed();
      assert.is((await post('/orders/o1/cancel', later, { 'if-match': value })).status, 201);
    });
  }

  test('gives way to If-None-Match: *, which asks for a stream without events', async () => {
    const { post } = await placed();
    assert.is((await post('/orders/o1/cancel', later, { 'if-none-match': '*' })).status, 412);
    assert.is((await post('/orders/o2/place', order, { 'if-none-match': '*' })).status, 201);
    assert.is((await post('/orders/o3/place', order, { 'if-none-match': '"1"' })).status, 400);
  });

  for (const value of ['2', '"2', '2"', '"a b"', '*, "1"', 'w/"1"', '"1" "2"', ',', '']) {
    test(`refuses ${value}`, async () => {
      const { post } = await placed();
      const { status, body } = await post('/orders/o1/cancel', later, { 'if-match': value });
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-header');
    });
  }
});

spec('a dry run', ({ test }) => {
  test('says what would be appended, without a position, and appends nothing', async () => {
    const api = apiFixture();
    const { status, body, headers } = await api.post('/orders/o1/place?dryRun=true', order);
    assert.is(status, 200);
    assert.equal(body, {
      dryRun: true,
      stream: 'order-o1',
      version: 1,
      position: 0,
      events: [{ id: 'order-o1@1', type: 'OrderPlaced', schemaVersion: 1, version: 1 }],
    });
    assert.not.ok(headers['etag']);
    assert.not.ok(headers['consistency-token']);
    assert.is((await api.get('/streams/order-o1')).status, 404);
  });

  test('is rejected like the real command, and minds If-Match', async () => {
    const { post } = apiFixture();
    assert.is((await post('/orders/o1/place?dryRun=true', { ...order, lines: [] })).status, 422);
    assert.is((await post('/orders/o1/place?dryRun=true', order, { 'if-match': '"4"' })).status, 412);
  });

  test('leaves its Idempotency-Key unused', async () => {
    const { post } = apiFixture();
    const key = { 'idempotency-key': 'k1' };
    await post('/orders/o1/place?dryRun=true', order, key);
    const { status, headers } = await post('/orders/o1/place?dryRun=false', order, key);
    assert.is(status, 201);
    assert.not.ok(headers['idempotency-replayed']);
  });
});

spec('a command that cannot be handled', ({ test }) => {
  const failures: ReadonlyArray<readonly [CommandFailure, number, string, string | undefined]> = [
    [{ _tag: 'ConcurrentChange', stream: 'order-o1', attempts: 8 }, 409, 'concurrent-change', '1'],
    [{ _tag: 'KeyInProgress', key: 'k1' }, 409, 'request-in-progress', '1'],
    [{ _tag: 'StoreOverloaded' }, 503, 'overloaded', '1'],
    [{ _tag: 'StoreBehind', reason: 'the store ends at 1' }, 503, 'store-behind', '5'],
    [{ _tag: 'StoreUnavailable', reason: '/secret/store.sqlite: disk full' }, 503, 'store-unavailable', '5'],
    [
      { _tag: 'UnreadableStream', stream: 'order-o1', eventId: 'order-o1@1', reason: 'no contract' },
      500,
      'unreadable-stream',
      undefined,
    ],
  ];
  for (const [failure, status, name, retryAfter] of failures) {
    test(`is ${status} ${name} for ${failure._tag}`, async () => {
      const { post } = apiFixture({ handleCommand: () => TE.left(failure) });
      const answer = await post('/orders/o1/place', order);
      assert.is(answer.status, status);
      assert.is(answer.body['type'], `/problems/${name}`);
      assert.is(answer.headers['retry-after'], retryAfter);
      assert.not.match(answer.text, /secret/);
    });
  }

  test('is logged with its reason where an operator has to look', async () => {
    const { post, logged } = apiFixture({
      handleCommand: () => TE.left({ _tag: 'StoreUnavailable', reason: 'disk full' }),
    });
    await post('/orders/o1/place', order);
    assert.is(logged[0]?.['reason'], 'disk full');
  });

  test('for a defect is 500 with nothing of the inside, which stands in the log under the same id', async () => {
    const { post, logged } = apiFixture({
      handleCommand: () => () => Promise.reject(new Error('secret in /home/x/store.ts')),
    });
    const { status, body, text } = await post('/orders/o1/place', order);
    assert.is(status, 500);
    assert.is(body['type'], '/problems/internal-error');
    assert.not.match(text, /secret|\.ts|at /);
    assert.is(logged[0]?.['requestId'], body['requestId']);
    assert.match(String(logged[0]?.['error']), /secret/);
  });

  test('is not one that meets another on the same stream: both are decided, one after the other', async () => {
    const { post } = apiFixture();
    const answers = await Promise.all([1, 2].map((n) => post('/orders/o1/place', { ...order, customerId: `c${n}` })));
    assert.equal(answers.map(({ status }) => status).sort(), [201, 422]);
  });
});
