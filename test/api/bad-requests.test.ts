/** Everything that can be wrong with a request, and what is said about it. */
import * as fc from 'fast-check';
import * as assert from 'uvu/assert';
import { whereNotJson } from '../../api/http/json-position';
import { problemKinds } from '../../api/http/problem-kinds';
import { application } from '../../projections/fulfilment/application';
import { spec } from '../spec';
import { apiFixture, order, type Answer } from './api-fixture';

const { catalog } = application;

const errorsOf = ({ body }: Answer): ReadonlyArray<{ readonly path: string; readonly message: string }> =>
  body['errors'] as ReadonlyArray<{ path: string; message: string }>;
const pathsOf = (answer: Answer): ReadonlyArray<string> => errorsOf(answer).map(({ path }) => path);

const [line] = order.lines;

spec('a body', ({ test, after }) => {
  const { app, post } = apiFixture();
  after(() => app.close());

  test('names every failing path, in the words of the codec', async () => {
    const answer = await post('/orders/o1/place', {
      customerId: 7,
      currency: 'euro',
      lines: [line, { sku: '', quantity: 0, unitPrice: -1, freight: 1.5 }],
      discount: 3,
      'a/b~c': 1,
    });
    assert.is(answer.status, 400);
    assert.is(answer.body['type'], '/problems/invalid-body');
    assert.equal([...pathsOf(answer)].sort(), [
      '/a~1b~0c',
      '/currency',
      '/customerId',
      '/discount',
      '/lines/1/freight',
      '/lines/1/quantity',
      '/lines/1/sku',
      '/lines/1/unitPrice',
      '/placedAt',
    ]);
    const messages = new Map(errorsOf(answer).map(({ path, message }) => [path, message]));
    assert.is(messages.get('/currency'), 'must be currency (three capital letters, ISO 4217), not "euro"');
    assert.match(messages.get('/placedAt') ?? '', /^is missing; expected instant/);
    assert.is(messages.get('/discount'), 'is not a known field; leave it out');
  });

  const wrong: ReadonlyArray<readonly [string, unknown, string]> = [
    ['no object but a list', [order], '/'],
    ['no object but a text', '"order"', '/'],
    ['no object but null', 'null', '/'],
    [
      'a number as text, which is not turned into a number',
      { ...order, lines: [{ ...line, quantity: '2' }] },
      '/lines/0/quantity',
    ],
    ['a list of one where one is meant', { ...order, customerId: ['c1'] }, '/customerId'],
    ['null for a field', { ...order, placedAt: null }, '/placedAt'],
    ['30 February', { ...order, placedAt: '2024-02-30T10:00:00Z' }, '/placedAt'],
    ['a time without its zone', { ...order, placedAt: '2024-02-03T10:00:00' }, '/placedAt'],
    ['an unknown field deep inside', { ...order, lines: [{ ...line, colour: 'red' }] }, '/lines/0/colour'],
    ['a number beyond what is exact', `{"a":1,${JSON.stringify({ ...order, lines: [] }).slice(1)}`, '/a'],
    ['a price beyond what is exact', { ...order, lines: [{ ...line, unitPrice: 2 ** 53 }] }, '/lines/0/unitPrice'],
    ['__proto__', `{"__proto__":{"admin":true},${JSON.stringify(order).slice(1)}`, '/__proto__'],
  ];
  for (const [what, body, path] of wrong) {
    test(`is refused with ${what}`, async () => {
      const answer = await post('/orders/o1/place', body);
      assert.is(answer.status, 400, answer.text);
      assert.equal(pathsOf(answer), [path]);
    });
  }

  test('of thousands of mistakes is answered with the first hundred', async () => {
    const answer = await post('/orders/o1/place', { ...order, lines: Array.from({ length: 2_000 }, () => ({})) });
    assert.is(answer.status, 400);
    assert.is(errorsOf(answer).length, 100);
    assert.match(String(answer.body['detail']), /8000 errors/);
  });

  for (const headers of [{}, { 'content-type': 'application/json' }]) {
    test(`that is empty is refused by name (${JSON.stringify(headers)})`, async () => {
      const answer = await post('/orders/o1/place', undefined, headers);
      assert.is(answer.status, 400);
      assert.match(String(answer.body['detail']), /empty: send a JSON object/);
      assert.equal(pathsOf(answer), ['/']);
    });
  }

  const notJson: ReadonlyArray<readonly [string, number, number]> = [
    ['{"a": [1,2,}', 1, 12],
    ['{"customerId": "c1",\n  "currency": EUR}', 2, 15],
    ['{"a":1', 1, 7],
    ['{"a" 1}', 1, 6],
    ['{a:1}', 1, 2],
    ["{'a':1}", 1, 2],
    ['{"a":1,}', 1, 8],
    ['[1 2]', 1, 4],
    ['{"a":01}', 1, 6],
    ['{"a":"x\ny"}', 1, 8],
    ['{} {}', 1, 4],
    ['undefined', 1, 1],
    ['[', 1, 2],
    ['"\\x"', 1, 2],
    ['\u{feff}{}', 1, 1],
  ];
  for (const [text, lineNumber, column] of notJson) {
    test(`that is ${JSON.stringify(text)} is refused with the place where it stops being JSON`, async () => {
      const answer = await post('/orders/o1/place', text);
      assert.is(answer.status, 400);
      assert.is(answer.body['type'], '/problems/body-not-json');
      assert.is(answer.body['detail'], `The body stops being JSON at line ${lineNumber}, column ${column}.`);
      assert.equal(pathsOf(answer), ['/']);
    });
  }

  test('nested deeper than any stack is refused, not feared', async () => {
    const answer = await post('/orders/o1/place', '['.repeat(16_000));
    assert.is(answer.status, 400);
    assert.is(answer.body['type'], '/problems/body-not-json');
    assert.is((await post('/orders/o1/place', `${'['.repeat(8_000)}${']'.repeat(8_000)}`)).status, 400);
  });

  test('larger than the limit is 413', async () => {
    const answer = await post('/orders/o1/place', { ...order, customerId: 'c'.repeat(20_000) });
    assert.is(answer.status, 413);
    assert.is(answer.body['type'], '/problems/body-too-large');
    assert.is(answer.body['limitBytes'], 16_384);
  });

  for (const type of [
    'text/plain',
    'application/xml',
    'application/x-www-form-urlencoded',
    'application/json5',
    'nonsense',
  ]) {
    test(`of type ${type} is 415`, async () => {
      const answer = await post('/orders/o1/place', JSON.stringify(order), { 'content-type': type });
      assert.is(answer.status, 415);
      assert.is(answer.body['type'], '/problems/unsupported-media-type');
      assert.is(answer.headers['accept'], 'application/json');
    });
  }

  test('without a type is 415', async () => {
    const answer = await app.inject({ method: 'POST', url: '/orders/o1/place', payload: Buffer.from('{}') });
    assert.is(answer.statusCode, 415);
  });
});

spec('the search for the place where JSON stops', ({ test }) => {
  const options = { seed: 20_240_501, numRuns: 2_000 };
  /** A place as an offset. */
  const offsetOf = (text: string): number => {
    const { line: found = 0, column = 0 } = whereNotJson(text) ?? {};
    const before = text.split('\n').slice(0, found - 1);
    return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1;
  };
  const pretty = fc
    .tuple(fc.jsonValue(), fc.constantFrom(0, 1, 2))
    .map(([value, by]) => JSON.stringify(value, null, by));

  test(`finds nothing wrong with JSON (seed ${options.seed})`, () => {
    fc.assert(
      fc.property(pretty, (text) => {
        assert.is(offsetOf(text), text.length);
      }),
      options,
    );
  });

  test(`finds the first character that cannot stand, or the start of its token (seed ${options.seed})`, () => {
    fc.assert(
      fc.property(pretty, fc.nat(), fc.constantFrom('', '\u0000'), (text, at, wrong) => {
        const index = at % (text.length + 1);
        const place = offsetOf(text.slice(0, index) + wrong + text.slice(index));
        if (wrong !== '') assert.ok(place <= index, `${place} is behind ${index}`);
        const end = offsetOf(text.slice(0, index));
        // What is left between the two is an unfinished number, word or escape sequence.
        assert.match(text.slice(end, index), /^([\w.+-]*|\\(u[0-9a-fA-F]{0,3})?)$/);
      }),
      options,
    );
  });
});

spec('an address', ({ test, after }) => {
  const { app, post, get } = apiFixture();
  after(() => app.close());

  test('with an unknown aggregate is 404 with those that there are', async () => {
    const { status, body } = await post('/order/o1/place', order);
    assert.is(status, 404);
    assert.is(body['type'], '/problems/unknown-aggregate');
    assert.equal(body['known'], ['orders', 'stock', 'payments']);
  });

  test('with an unknown command is 404 with those that there are', async () => {
    const { status, body } = await post('/orders/o1/teleport', order);
    assert.is(status, 404);
    assert.is(body['type'], '/problems/unknown-command');
    const commands = catalog.byCategory('order')?.commands.keys() ?? [];
    assert.equal(body['known'], [...commands]);
    assert.match(String(body['detail']), /no command 'teleport'; it has place/);
  });

  for (const url of [
    '/',
    '/nothing',
    '/orders',
    '/orders/o1',
    '/orders/o1/place/now',
    '/orders/o1/place/',
    '//x',
    '/ops',
  ]) {
    test(`that no route has is 404: ${url}`, async () => {
      const { status, body } = await get(url);
      assert.is(status, 404);
      assert.is(body['type'], '/problems/unknown-route');
    });
  }

  for (const [method, url, allow] of [
    ['GET', '/orders/o1/place', 'POST'],
    ['PUT', '/orders/o1/place', 'POST'],
    ['DELETE', '/orders/o1/place', 'POST'],
    ['POST', '/views/order-summary', 'GET, HEAD'],
    ['DELETE', '/streams/order-o1', 'GET, HEAD'],
    ['GET', '/ops/projections/order-summary/rebuild', 'POST'],
    ['POST', '/health/live', 'GET, HEAD'],
  ] as const) {
    test(`asked with the wrong method is 405 with the right ones: ${method} ${url}`, async () => {
      const answer = await app.inject({ method, url });
      assert.is(answer.statusCode, 405);
      assert.is(answer.headers.allow, allow);
      assert.is(answer.json<Answer['body']>()['type'], '/problems/method-not-allowed');
    });
  }

  for (const id of ['-o1', '%20', 'o%2F1', 'ö1', 'o'.repeat(129), 'o@1', '%00']) {
    test(`with the id ${id.slice(0, 20)} is 400`, async () => {
      const { status, body } = await post(`/orders/${id}/place`, order);
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-parameter');
      assert.match(String(body['detail']), /identifier \(1 to 128/);
    });
  }

  test('may have an id of 128 characters, with dots and colons', async () => {
    const id = `a.b:c-d_${'e'.repeat(120)}`;
    assert.is((await post(`/orders/${id}/place`, order)).status, 201);
    assert.is((await get(`/streams/order-${id}`)).status, 200);
  });

  for (const url of ['/orders/%zz/place', '/orders/%ff/place', '/%']) {
    test(`that is no URL is 400: ${url}`, async () => {
      const { status, body } = await post(url, order);
      assert.is(status, 400);
      assert.is(body['type'], '/problems/malformed-request');
    });
  }

  test('longer than any key is a problem, too', async () => {
    const { status, headers } = await get(`/views/order-summary/${'k'.repeat(2_000)}`);
    assert.ok(status >= 400 && status < 500);
    assert.match(headers['content-type'] ?? '', /problem\+json/);
  });

  for (const query of [
    'dryRun=yes',
    'dryRun=',
    'dryRun=1',
    'dryRun=TRUE',
    'dryRun=true&dryRun=true',
    'dryrun=true',
    'wait=1',
  ]) {
    test(`with ?${query} on a command is 400`, async () => {
      const { status, body } = await post(`/orders/o1/place?${query}`, order);
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-parameter');
    });
  }

  for (const [name, value] of [
    ['x-correlation-id', ''],
    ['x-correlation-id', 'with space'],
    ['x-correlation-id', 'c'.repeat(129)],
    ['x-causation-id', ''],
    ['x-causation-id', 'é'],
    ['x-causation-id', 'c'.repeat(256)],
  ] as const) {
    test(`beside a ${name} of '${value.slice(0, 12)}' (${value.length}) is 400`, async () => {
      const { status, body } = await post('/orders/o1/place', order, { [name]: value });
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-header');
    });
  }
});

spec('a problem', ({ test, after }) => {
  const { app, post, get } = apiFixture();
  after(() => app.close());

  test('has type, title, status, detail and the path without its query, and no stack', async () => {
    const { body, headers, text } = await post('/orders/o1/place?dryRun=secret', order);
    assert.equal(Object.keys(body), ['type', 'title', 'status', 'detail', 'instance']);
    assert.is(body['instance'], '/orders/o1/place');
    assert.match(headers['content-type'] ?? '', /^application\/problem\+json/);
    assert.not.match(text, /node_modules|\.js/);
  });

  test('is explained at its type', async () => {
    const { items } = (await get('/problems')).body as { items: { type: string; status: number }[] };
    assert.is(items.length, Object.keys(problemKinds).length);
    for (const { type, status } of items) {
      const { body } = await get(type);
      assert.is(body['status'], status);
      assert.ok(String(body['meaning']).length > 10);
    }
  });

  test('keeps its name: scripts rely on these', () => {
    assert.equal(
      Object.entries(problemKinds)
        .map(([name, { status }]) => `${status} ${name}`)
        .sort(),
      [
        '400 body-not-json',
        '400 invalid-body',
        '400 invalid-header',
        '400 invalid-parameter',
        '400 malformed-request',
        '401 unauthenticated',
        '403 cross-site-request',
        '403 forbidden',
        '404 no-relay-yet',
        '404 unknown-aggregate',
        '404 unknown-build',
        '404 unknown-command',
        '404 unknown-cursor',
        '404 unknown-dead-letter',
        '404 unknown-effect',
        '404 unknown-group',
        '404 unknown-offset-move',
        '404 unknown-projection',
        '404 unknown-rebuild',
        '404 unknown-redrive',
        '404 unknown-relay-skip',
        '404 unknown-route',
        '404 unknown-row',
        '404 unknown-schema',
        '404 unknown-set-aside',
        '404 unknown-stream',
        '404 unknown-view',
        '405 method-not-allowed',
        '408 request-timeout',
        '409 concurrent-change',
        '409 dead-letter-over',
        '409 event-not-blocked',
        '409 event-quarantined',
        '409 nothing-to-redrive',
        '409 rebuild-not-open',
        '409 request-in-progress',
        '409 set-aside-over',
        '412 version-mismatch',
        '413 body-too-large',
        '413 event-too-large',
        '415 unsupported-media-type',
        '417 expectation-failed',
        '421 foreign-host',
        '422 idempotency-key-reused',
        '422 parameters-conflict',
        '429 too-many-requests',
        '431 headers-too-large',
        '500 internal-error',
        '500 unreadable-stream',
        '503 answer-timeout',
        '503 not-ready',
        '503 overloaded',
        '503 shutting-down',
        '503 store-behind',
        '503 store-unavailable',
        '503 view-behind',
      ],
    );
  });
});
