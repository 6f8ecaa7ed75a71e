/** Reading views: rows, pages, filters, and waiting until they show what was written. */
import * as E from 'fp-ts/Either';
import * as TE from 'fp-ts/TaskEither';
import * as assert from 'uvu/assert';
import { application } from '../../projections/fulfilment/application';
import { systemClock } from '../../infra/clock';
import { partitionOf } from '../../infra/kafka/murmur2';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { spec } from '../spec';
import { apiFixture, order, type Answer, type ApiFixture } from './api-fixture';

const { catalog } = application;

const rows = Array.from({ length: 120 }, (_, index) => ({
  orderId: `o${String(index).padStart(3, '0')}`,
  status: index % 2 === 0 ? 'placed' : 'cancelled',
  amount: index,
  lines: [{ sku: 'kettle' }],
}));

spec('views', ({ test, after }) => {
  const { app, get, views } = apiFixture();
  views.setRows('order-summary', rows);
  views.setRows('sales-by-day', [{ day: '2024-05-01', currency: 'EUR', ordersPlaced: 3 }]);
  after(() => app.close());

  test('are listed with their columns and what these mean', async () => {
    const { status, body } = await get('/views');
    assert.is(status, 200);
    assert.equal(body['items'], JSON.parse(JSON.stringify(views.views)));
  });

  test('are read page by page, 50 rows unless asked otherwise', async () => {
    const first = await get('/views/order-summary');
    assert.is((first.body['items'] as unknown[]).length, 50);
    assert.is(typeof first.body['nextCursor'], 'string');
    const read: unknown[] = [];
    let url: string | undefined = '/views/order-summary?limit=37';
    for (let pages = 1; url !== undefined; pages += 1) {
      const page: Answer = await get(url);
      read.push(...(page.body['items'] as unknown[]));
      const next = page.body['nextCursor'] as string | undefined;
      assert.is(next === undefined, pages === 4);
      url = next === undefined ? undefined : `/views/order-summary?limit=37&cursor=${next}`;
    }
    assert.equal(read, rows);
  });

  test('are filtered by columns', async () => {
    const { body } = await get('/views/order-summary?status=cancelled&amount=7');
    assert.equal(body, { items: [rows[7]] });
    assert.equal((await get('/views/order-summary?status=lost')).body, { items: [] });
  });

  test('show one row by its key, of one column or of several', async () => {
    assert.equal((await get('/views/order-summary/o007')).body, rows[7]);
    assert.is((await get('/views/sales-by-day/2024-05-01:EUR')).body['ordersPlaced'], 3);
    assert.is((await get('/views/sales-by-day/2024-05-01%3AEUR')).body['ordersPlaced'], 3);
  });

  const bad: ReadonlyArray<readonly [string, number, string]> = [
    ['/views/nothing', 404, 'unknown-view'],
    ['/views/nothing/o1', 404, 'unknown-view'],
    ['/views/order-summary/o999', 404, 'unknown-row'],
    ['/views/sales-by-day/2024-05-01', 404, 'unknown-row'],
    ['/views?limit=1', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=0', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=1001', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=ten', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=1.5', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=-1', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=', 400, 'invalid-parameter'],
    ['/views/order-summary?limit=1&limit=2', 400, 'invalid-parameter'],
    ['/views/order-summary?cursor=bogus', 404, 'unknown-cursor'],
    ['/views/order-summary?colour=red', 400, 'invalid-parameter'],
    ['/views/order-summary?amount=much', 400, 'invalid-parameter'],
    ['/views/order-summary?status=a&status=b', 400, 'invalid-parameter'],
    ['/views/order-summary?wait=-1', 400, 'invalid-parameter'],
    ['/views/order-summary?wait=30001', 400, 'invalid-parameter'],
    ['/views/order-summary?wait=soon', 400, 'invalid-parameter'],
    ['/views/order-summary/o007?wait=soon', 400, 'invalid-parameter'],
    ['/views/order-summary/o007?limit=1', 400, 'invalid-parameter'],
  ];
  for (const [url, status, name] of bad) {
    test(`answer ${url} with ${status} ${name}`, async () => {
      const answer = await get(url);
      assert.is(answer.status, status, answer.text);
      assert.is(answer.body['type'], `/problems/${name}`);
      assert.ok(String(answer.body['detail']).length > 10);
    });
  }

  test('name the columns that they can be filtered by', async () => {
    const { body } = await get('/views/order-summary?colour=red');
    assert.equal(body['known'], [
      'orderId',
      'status',
      'amount',
      'lines',
      'limit',
      'cursor',
      'wait',
      'sort',
      'columns',
      'live',
    ]);
  });
});

/** The topic, partition and position of the event that made a token. */
const seen = (api: ApiFixture, view: string, category: string, id: string, position: number): void => {
  const topic = catalog.byCategory(category)?.topic;
  if (topic === undefined) throw new Error(`no category ${category}`);
  api.views.see(view, topic.name, partitionOf(id, topic.partitions), position);
};

const timed = async (work: () => Promise<Answer>): Promise<readonly [Answer, number]> => {
  const startMs = systemClock.monotonicMs();
  const answer = await work();
  return [answer, systemClock.monotonicMs() - startMs];
};

spec('a Consistency-Token', ({ test }) => {
  const placed = async (): Promise<ApiFixture> => {
    const api = apiFixture();
    api.views.setRows('order-summary', rows.slice(0, 1));
    await api.post('/orders/o0/place', order);
    await api.post('/orders/o1/place', order);
    return api;
  };
  const token = { 'consistency-token': 'order-o1@1' };

  test('is answered at once when the view has seen the event', async () => {
    const api = await placed();
    seen(api, 'order-summary', 'order', 'o1', 2);
    const [{ status }, tookMs] = await timed(() => api.get('/views/order-summary/o000', token));
    assert.is(status, 200);
    assert.ok(tookMs < 500, `${tookMs} ms`);
  });

  test('waits until the view has seen the event, by its partition and position', async () => {
    const api = await placed();
    seen(api, 'order-summary', 'order', 'o1', 1);
    const query = timed(() => api.get('/views/order-summary', token));
    await systemClock.sleep(80);
    seen(api, 'order-summary', 'order', 'o1', 2);
    const [{ status }, tookMs] = await query;
    assert.is(status, 200);
    assert.ok(tookMs >= 70 && tookMs < 1_000, `${tookMs} ms`);
  });

  test('shows the rows as they are after the wait, not before', async () => {
    const api = await placed();
    const query = api.get('/views/order-summary/new', token);
    await systemClock.sleep(30);
    const row = { orderId: 'new', status: 'placed', amount: null, lines: [] };
    api.views.setRows('order-summary', [row]);
    seen(api, 'order-summary', 'order', 'o1', 2);
    assert.equal((await query).body, row);
  });

  test('is 503 when the time is over, and names the token', async () => {
    const api = await placed();
    const [{ status, body, headers }, tookMs] = await timed(() => api.get('/views/order-summary?wait=60', token));
    assert.is(status, 503);
    assert.is(body['type'], '/problems/view-behind');
    assert.is(body['token'], 'order-o1@1');
    assert.is(body['view'], 'order-summary');
    assert.match(String(body['detail']), /order-o1@1 within 60 ms/);
    assert.is(headers['retry-after'], '1');
    assert.ok(tookMs >= 55 && tookMs < 1_000, `${tookMs} ms`);
  });

  test('with wait=0 asks once', async () => {
    const api = await placed();
    assert.is((await api.get('/views/order-summary?wait=0', token)).status, 503);
    seen(api, 'order-summary', 'order', 'o1', 2);
    assert.is((await api.get('/views/order-summary?wait=0', token)).status, 200);
  });

  test('may name an event that does not exist yet', async () => {
    const api = await placed();
    const query = api.get('/views/order-summary', { 'consistency-token': 'order-o1@2' });
    await systemClock.sleep(20);
    await api.post('/orders/o1/cancel', { reason: 'r', cancelledAt: '2024-05-02T10:00:00Z' });
    await systemClock.sleep(20);
    seen(api, 'order-summary', 'order', 'o1', 3);
    assert.is((await query).status, 200);
    const never = await api.get('/views/order-summary?wait=30', { 'consistency-token': 'order-o1@9' });
    assert.is(never.status, 503);
  });

  test('several of them are all waited for, and the missing one is named', async () => {
    const api = await placed();
    await api.post('/payments/p1/authorise', {
      orderId: 'o1',
      method: 'credit-card',
      instalments: 1,
      amount: 1,
      currency: 'EUR',
      authorisedAt: order.placedAt,
    });
    seen(api, 'order-summary', 'order', 'o1', 2);
    const both = { 'consistency-token': 'order-o1@1, payment-p1@1' };
    assert.is((await api.get('/views/order-summary?wait=20', both)).body['token'], 'payment-p1@1');
    seen(api, 'order-summary', 'payment', 'p1', 3);
    assert.is((await api.get('/views/order-summary?wait=20', both)).status, 200);
  });

  test('of a topic that the view is not made from holds nothing up', async () => {
    const api = await placed();
    const { status } = await api.get('/views/order-summary?wait=0', { 'consistency-token': 'stock-kettle@7' });
    assert.is(status, 200);
    assert.is((await api.get('/views/sales-by-day?wait=0', { 'consistency-token': 'payment-p1@7' })).status, 200);
  });

  test('costs nothing while nothing changes: one look, not one every few milliseconds', async () => {
    const api = await placed();
    const before = api.views.looks();
    await Promise.all([1, 2, 3].map(() => api.get('/views/order-summary?wait=100', token)));
    assert.is(api.views.looks() - before, 3);
  });

  for (const text of [
    '',
    'order',
    'order-o1',
    'order-o1@',
    'order-o1@0',
    'order-o1@x',
    'order-o1@1.5',
    '@1',
    'order@1',
    'order-@1',
    'order-a b@1',
    'order-o1@1,,order-o1@1',
  ]) {
    test(`is refused when it is '${text}'`, async () => {
      const api = apiFixture();
      const { status, body } = await api.get('/views/order-summary', { 'consistency-token': text });
      assert.is(status, 400);
      assert.is(body['type'], '/problems/invalid-header');
      assert.match(String(body['detail']), /Consistency-Token holds/);
    });
  }

  test('of an unknown category is refused with those that there are', async () => {
    const { status, body } = await apiFixture().get('/views/order-summary', { 'consistency-token': 'ship-s1@1' });
    assert.is(status, 400);
    assert.equal(body['known'], ['order', 'stock', 'payment']);
  });

  test('is refused where more than twenty come at once', async () => {
    const tokens = Array.from({ length: 21 }, (_, index) => `order-o${index}@1`).join(',');
    assert.is((await apiFixture().get('/views/order-summary', { 'consistency-token': tokens })).status, 400);
  });

  test('of an event that waits behind a failure is 409 at once, also where it fails during the wait', async () => {
    const api = await placed();
    const query = api.get('/views/order-summary?wait=20000', token);
    await systemClock.sleep(20);
    const [stream = ''] = token['consistency-token'].split('@');
    api.views.quarantine('order-summary', stream, 1);
    const [{ status, body }, tookMs] = await timed(() => query);
    assert.is(status, 409);
    assert.is(body['type'], '/problems/event-quarantined');
    assert.ok(tookMs < 5_000);
    assert.is((await api.get('/views/order-summary?wait=20000', token)).status, 409);
  });

  test('is 503 while the store cannot be read', async () => {
    const store = inMemoryEventStore({ clock: systemClock });
    const positionOf = () => TE.left({ _tag: 'StoreUnavailable', reason: 'closed' } as const);
    const api = apiFixture({ store: { ...store, positionOf } });
    const { status, body } = await api.get('/views/order-summary', token);
    assert.is(status, 503);
    assert.is(body['type'], '/problems/store-unavailable');
  });

  test('ends in 500 without details when the views break down during the wait, and the next query is served', async () => {
    const api = await placed();
    const query = api.get('/views/order-summary?wait=5000', token);
    await systemClock.sleep(20);
    api.views.breakDown();
    const [{ status, text }, tookMs] = await timed(() => query);
    assert.is(status, 500);
    assert.not.match(text, /secret/);
    assert.ok(tookMs < 2_000);
    assert.is((await api.get('/views/order-summary')).status, 200);
  });

  test('does not hold up the end of the server', async () => {
    const api = await placed();
    const query = api.get('/views/order-summary?wait=20000', token);
    await systemClock.sleep(30);
    const startMs = systemClock.monotonicMs();
    await api.app.close();
    const { status, body, headers } = await query;
    assert.ok(systemClock.monotonicMs() - startMs < 2_000);
    assert.is(status, 503);
    assert.is(body['type'], '/problems/shutting-down');
    assert.ok(headers['retry-after']);
  });

  test('is checked by the event itself, whatever the order of waiters (64 at once)', async () => {
    const api = await placed();
    const ids = Array.from({ length: 64 }, (_, index) => `w${index}`);
    const queries = ids.map((id) => api.get('/views/order-summary', { 'consistency-token': `order-${id}@1` }));
    for (const id of ids) {
      await api.post(`/orders/${id}/place`, order);
      const position = await api.dependencies.store.positionOf(`order-${id}@1`)();
      assert.ok(E.isRight(position));
      seen(api, 'order-summary', 'order', id, E.isRight(position) ? (position.right ?? 0) : 0);
    }
    for (const { status } of await Promise.all(queries)) assert.is(status, 200);
  });
});
