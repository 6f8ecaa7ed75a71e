/** Nothing of a body is bent: what could not be kept as it was sent is refused, with its place. */
import { gzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { scanJson } from '../../api/http/strict-json';
import { spec } from '../spec';
import { apiFixture, order } from './api-fixture';

const json = JSON.stringify(order);
const cancel = (reason: string): string => `{"reason":${reason},"cancelledAt":"2024-05-02T10:00:00Z"}`;

spec('the bytes of a body', ({ test, after }) => {
  const { app } = apiFixture();
  after(() => app.close());
  const send = async (payload: Buffer, headers: Readonly<Record<string, string>> = {}) => {
    const answer = await app.inject({
      method: 'POST',
      url: '/orders/o1/cancel',
      payload,
      headers: { 'content-type': 'application/json', ...headers },
    });
    return { status: answer.statusCode, body: answer.json<Record<string, unknown>>(), headers: answer.headers };
  };
  const around = (...bytes: ReadonlyArray<number>): Buffer =>
    Buffer.concat([
      Buffer.from('{"reason":"caf'),
      Buffer.from(bytes),
      Buffer.from('","cancelledAt":"2024-05-02T10:00:00Z"}'),
    ]);

  for (const [what, bytes, offset] of [
    ['Latin-1', [0xe9], 14],
    ['a character cut off', [0xc3], 14],
    ['a spelling that is too long', [0xc0, 0xaf], 14],
    ['half of a surrogate pair', [0xed, 0xa0, 0x80], 14],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80], 14],
    ['a continuation without a beginning, behind a character', [0xc3, 0xa9, 0x80], 16],
  ] as const) {
    test(`are refused where they are not UTF-8, with the offset: ${what}`, async () => {
      const { status, body } = await send(around(...bytes));
      assert.is(status, 400);
      assert.is(body['type'], '/problems/body-not-json');
      assert.is(body['byteOffset'], offset);
    });
  }

  test('are refused at their end, too', async () => {
    const { body } = await send(Buffer.concat([Buffer.from(cancel('"x"')), Buffer.from([0xe2, 0x82])]));
    assert.is(body['byteOffset'], cancel('"x"').length);
  });

  test('are taken where they are UTF-8 of any length', async () => {
    // Refused by the rule that there is no such order, which is behind every check of the body.
    assert.is((await send(Buffer.from(cancel('"é € 😀 \\ud83d\\ude00"')))).status, 422);
  });

  test('may be any 500 characters, however JavaScript counts them', async () => {
    assert.is((await send(Buffer.from(cancel(`"${'😀'.repeat(500)}"`)))).status, 422);
    assert.is((await send(Buffer.from(cancel(`"${'😀'.repeat(501)}"`)))).status, 400);
  });

  for (const charset of ['utf-16', 'iso-8859-1', '"windows-1252"', 'UTF-7']) {
    test(`are refused in the charset ${charset}`, async () => {
      const { status, body } = await send(Buffer.from(cancel('"x"')), {
        'content-type': `application/json; charset=${charset}`,
      });
      assert.is(status, 415);
      assert.is(body['type'], '/problems/unsupported-media-type');
    });
  }
  test('are taken as UTF-8, however that is written', async () => {
    for (const charset of ['utf-8', 'UTF-8', '"utf-8"']) {
      const headers = { 'content-type': `application/json;charset=${charset}` };
      assert.is((await send(Buffer.from(cancel('"x"')), headers)).status, 422);
    }
  });

  for (const coding of ['gzip', 'deflate', 'br', 'gzip, identity', 'nonsense']) {
    test(`are refused under the Content-Encoding ${coding}, with the one that is taken`, async () => {
      const { status, headers, body } = await send(gzipSync(cancel('"x"')), { 'content-encoding': coding });
      assert.is(status, 415);
      assert.is(headers['accept-encoding'], 'identity');
      assert.match(String(body['detail']), 'Content-Encoding');
    });
  }
});

spec('the JSON of a body', ({ test, after }) => {
  const { app, post, dependencies } = apiFixture();
  after(() => app.close());

  const bent: ReadonlyArray<readonly [string, string, string]> = [
    ['a name that comes twice', `{"customerId":"x",${json.slice(1)}`, '/customerId'],
    ['a name that comes twice in another spelling', `{"\\u0063ustomerId":"x",${json.slice(1)}`, '/customerId'],
    ['a name that comes twice deep inside', json.replace('"quantity":2', '"quantity":2,"sku":"pot"'), '/lines/0/sku'],
    ['an integer that no double holds', json.replace('4990', '9007199254740993'), '/lines/0/unitPrice'],
    ['a fraction that no double holds', json.replace('4990', '4990.0000000000000000001'), '/lines/0/unitPrice'],
    ['more than any double', json.replace('4990', '1e400'), '/lines/0/unitPrice'],
    ['less than any double', json.replace('1520', '1e-400'), '/lines/0/freight'],
    ['a negative zero', json.replace('1520', '-0'), '/lines/0/freight'],
    ['half of a surrogate pair', json.replace('kettle', 'k\\ud800'), '/lines/0/sku'],
    ['the other half', json.replace('"c1"', '"\\ude00\\ud83d"'), '/customerId'],
    ['the name __proto__ deep inside', json.replace('"sku"', '"__proto__":{},"sku"'), '/lines/0/__proto__'],
  ];
  for (const [what, body, path] of bent) {
    test(`is refused with ${what}, and nothing is recorded`, async () => {
      const answer = await post('/orders/bent/place', body);
      assert.is(answer.status, 400, answer.text);
      assert.equal(
        (answer.body['errors'] as { path: string }[]).map((each) => each.path),
        [path],
      );
      assert.equal(await dependencies.store.lastPosition()(), { _tag: 'Right', right: 0 });
    });
  }

  test('may say a whole number in any exact way', async () => {
    const body = json.replace('4990', '4.99e3').replace('1520', '1520.0');
    assert.is((await post('/orders/exact/place', body)).status, 201);
  });

  test('takes every number that comes out again as it went in', () => {
    for (const number of ['0', '0.1', '-1.5', '1e3', '1E+3', '9007199254740991', '1.7976931348623157e308', '5e-324'])
      assert.is(scanJson(`[${number}]`).found, undefined, number);
    for (const number of [
      '9007199254740992.5',
      '-0.0',
      '1e309',
      '0.1000000000000000055511151231257827',
      `1${'0'.repeat(500)}`,
    ])
      assert.is(scanJson(`{"a":[0,${number}]}`).found?.failure.path, '/a/1', number);
  });

  test('is refused with more levels than anything has', async () => {
    for (const depth of [33, 5_000]) {
      const { status, body } = await post('/orders/o1/place', `${'['.repeat(depth)}${']'.repeat(depth)}`);
      assert.is(status, 400);
      assert.match(String(body['detail']), 'nested deeper than 32 levels');
    }
  });

  test('is refused beside a route that takes none', async () => {
    assert.is((await post('/ops/projections/order-summary/rollback', { force: true })).status, 400);
    assert.is((await post('/ops/projections/order-summary/rollback', {})).status, 202);
    assert.is((await post('/ops/projections/order-summary/rollback')).status, 202);
  });

  for (const moves of [
    { toOffset: 0.5 },
    { toOffset: -1 },
    { fromOffset: '1' },
    { partition: 1.5 },
    { partition: 2 ** 31 },
    { topic: '' },
  ]) {
    test(`is refused for a move of offsets with ${JSON.stringify(moves)}`, async () => {
      const move = { topic: 'orders', partition: 0, logId: 'l', fromOffset: 1, toOffset: 0, ...moves };
      assert.is((await post('/ops/groups/order-summary/offsets', { moves: [move] })).status, 400);
      assert.equal(await dependencies.operationRequests.after(0, ['move-offsets']), []);
    });
  }
});

spec('a query', ({ test, after }) => {
  const { app, get } = apiFixture();
  after(() => app.close());

  test('that is not percent-encoded UTF-8 is refused', async () => {
    for (const query of ['orderId=%ff', 'orderId=%', 'orderId=%zz', '%c3=1']) {
      const { status, body } = await get(`/views/order-summary?${query}`);
      assert.is(status, 400, query);
      assert.is(body['type'], '/problems/malformed-request');
    }
  });
});
