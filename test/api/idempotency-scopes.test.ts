/** Whose an idempotency key is: the same text from another caller is another key, and the reactors' can't be planted. */
import * as assert from 'uvu/assert';
import type { ApiKey } from '../../infra/configuration';
import { commandHandler } from '../../infra/commands/command-handler';
import type { HandleCommand } from '../../infra/commands/command-port';
import { spec } from '../spec';
import { apiFixture, order, REACTOR_TOKEN } from './api-fixture';

const apiKeys: ReadonlyArray<ApiKey> = [
  { name: 'ann', role: 'client', key: 'ann-secret' },
  { name: 'bob', role: 'client', key: 'bob-secret' },
  { name: 'reactors', role: 'client', key: 'named-secret' },
  { name: 'anonymous', role: 'client', key: 'nameless-secret' },
  { name: 'engine', role: 'operator', key: 'engine-secret' },
];
const as = (name: string, key: string, more: Readonly<Record<string, string>> = {}) => ({
  authorization: `Bearer ${apiKeys.find((each) => each.name === name)?.key ?? ''}`,
  'idempotency-key': key,
  ...more,
});
const proven = { 'tidemark-reactor-token': REACTOR_TOKEN };

spec('an idempotency key of one caller', ({ test, after }) => {
  const { app, get, post } = apiFixture({ apiKeys });
  after(() => app.close());

  test("is free for another: Bob's own order under Ann's key is placed", async () => {
    assert.is((await post('/orders/a1/place', order, as('ann', '1'))).status, 201);
    const bob = await post('/orders/b1/place', order, as('bob', '1'));
    assert.is(bob.status, 201);
    assert.not.ok(bob.headers['idempotency-replayed']);
    assert.is((await post('/orders/b1/place', order, as('bob', '1'))).headers['idempotency-replayed'], 'true');
  });

  test("shows her answer to nobody who repeats Ann's request", async () => {
    const ann = await post('/orders/a2/place', order, as('ann', '2'));
    const again = await post('/orders/a2/place', order, as('bob', '2'));
    assert.is(ann.status, 201);
    assert.is(again.status, 200);
    assert.not.ok(again.headers['idempotency-replayed']);
    assert.equal(again.body['events'], []);
  });

  test('is another key in another case, and misused by its own caller for another path, command or body: 422', async () => {
    assert.is((await post('/orders/a3/place', order, as('ann', 'Key'))).status, 201);
    assert.is((await post('/orders/a4/place', order, as('ann', 'key'))).status, 201);
    for (const [path, body] of [
      ['/orders/a9/place', order],
      ['/orders/a3/cancel', { reason: 'no', cancelledAt: '2024-05-01T11:00:00Z' }],
      ['/orders/a3/place', { ...order, currency: 'USD' }],
      ['/stock/a3/receive', { receiptId: 'r1', quantity: 1, receivedAt: '2024-05-01T10:00:00Z' }],
    ] as const) {
      const { status, body: problem } = await post(path, body, as('ann', 'Key'));
      assert.is(status, 422, path);
      assert.is(problem['type'], '/problems/idempotency-key-reused');
    }
  });

  test('is hers whatever the names of keys are: none of them is the space of the reactors or of nobody', async () => {
    const key = 'fulfilment/order-n1@1/confirm';
    assert.is((await post('/orders/n1/place', order, as('engine', key, proven))).status, 201);
    for (const name of ['reactors', 'anonymous', 'engine', 'ann']) {
      const { status, headers } = await post(`/orders/n-${name}/place`, order, as(name, key));
      assert.equal([status, headers['idempotency-replayed']], [201, undefined], name);
    }
    assert.is((await get('/streams/order-n-reactors', as('ann', 'x'))).status, 200);
  });
});

spec("the reactors' space", ({ test }) => {
  for (const [title, keys] of [
    ['with keys', apiKeys],
    ['without keys', []],
  ] as const) {
    test(`can't be written by a client who guesses a process's key, ${title}`, async () => {
      const { app, post } = apiFixture({ apiKeys: keys });
      const key = 'fulfilment/order-victim@1/confirm';
      const confirm = { confirmedAt: '2024-05-01T10:30:00Z' };
      await post('/orders/victim/place', order, as('ann', 'place'));
      assert.is((await post('/orders/other/place', order, as('ann', key))).status, 201);
      const answer = await post('/orders/victim/confirm', confirm, as('engine', key, proven));
      assert.is(answer.status, 201, answer.text);
      const repeated = await post('/orders/victim/confirm', confirm, as('engine', key, proven));
      assert.is(repeated.headers['idempotency-replayed'], 'true');
      await app.close();
    });

    test(`is closed to a token that is not the installation's, ${title}: 403, and nothing is done`, async () => {
      const { app, get, post } = apiFixture({ apiKeys: keys });
      for (const token of ['', 'f'.repeat(63), `${REACTOR_TOKEN}0`, REACTOR_TOKEN.toUpperCase(), 'reactors']) {
        const { status, body } = await post(
          '/orders/o1/place',
          order,
          as('engine', 'k', { 'tidemark-reactor-token': token }),
        );
        assert.is(status, 403, token);
        assert.equal([body['type'], body['cause']], ['/problems/forbidden', 'reactor-token']);
        assert.not.match(JSON.stringify(body), /ffff/);
      }
      assert.is((await get('/streams/order-o1', as('ann', 'k'))).status, 404);
      await app.close();
    });
  }
});

spec('a key in progress', ({ test }) => {
  test('stops a second request of its caller with 409, and nobody else', async () => {
    let release: () => void = () => undefined;
    let reach: () => void = () => undefined;
    const reached = new Promise<void>((resolve) => (reach = resolve));
    const held = new Promise<void>((resolve) => (release = resolve));
    const plain = apiFixture({ apiKeys });
    const { store } = plain.dependencies;
    let isFirst = true;
    const slow: typeof store = {
      ...store,
      append: (append) => async () => {
        if (isFirst) {
          isFirst = false;
          reach();
          await held;
        }
        return store.append(append)();
      },
    };
    const handleCommand: HandleCommand = commandHandler({
      store: slow,
      catalog: plain.dependencies.catalog,
      stateCacheSize: 10,
    });
    const { app, post } = apiFixture({ apiKeys, store: slow, handleCommand });
    const first = post('/orders/p1/place', order, as('ann', 'k'));
    await reached;
    assert.is((await post('/orders/p1/place', order, as('ann', 'k'))).status, 409);
    assert.is((await post('/orders/p2/place', order, as('bob', 'k'))).status, 201);
    release();
    assert.is((await first).status, 201);
    await Promise.all([app.close(), plain.app.close()]);
  });
});
