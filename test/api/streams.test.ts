/** Streams: what happened, page by page, and what it came to at any moment. */
import * as TE from 'fp-ts/TaskEither';
import * as assert from 'uvu/assert';
import type { NewEvent } from '../../domain/kernel/event-store';
import { type Clock } from '../../infra/clock';
import { inMemoryEventStore } from '../../infra/memory/in-memory-event-store';
import { spec } from '../spec';
import { apiFixture, order, type Answer, type ApiFixture } from './api-fixture';
import { ownClock } from '../support/test-clock';

const receive = (receiptId: string): unknown => ({ receiptId, quantity: 5, receivedAt: '2024-05-01T10:00:00Z' });

/** A clock that stands where a test puts it. */
const standingClock = (): Clock & { nowIs: (time: string) => void } => {
  let nowMs = 0;
  return { ...ownClock, nowMs: () => nowMs, nowIs: (time) => (nowMs = Date.parse(time)) };
};

spec('a stream', ({ test, before, after }) => {
  const api = apiFixture();
  const { app, get, post } = api;
  before(async () => {
    await post('/orders/o1/place', order, { 'x-correlation-id': 'c1' });
    for (let index = 1; index <= 7; index += 1) await post('/stock/kettle/receive', receive(`r${index}`));
  });
  after(() => app.close());

  test('shows its events in the order of versions, with envelope and payload', async () => {
    const { status, body } = await get('/streams/order-o1');
    assert.is(status, 200);
    const [event] = body['items'] as Record<string, unknown>[];
    assert.equal(Object.keys(event ?? {}).sort(), [
      'actor',
      'causationId',
      'correlationId',
      'data',
      'id',
      'position',
      'recordedAt',
      'schemaVersion',
      'stream',
      'type',
      'version',
    ]);
    assert.is(event?.['id'], 'order-o1@1');
    assert.is(event?.['correlationId'], 'c1');
    assert.equal(event?.['data'], { orderId: 'o1', amount: 11_500, ...order });
    assert.not.ok('nextCursor' in body);
  });

  test('is read page by page', async () => {
    const versions: unknown[] = [];
    let url: string | undefined = '/streams/stock-kettle?limit=3';
    for (let pages = 1; url !== undefined; pages += 1) {
      const page: Answer = await get(url);
      versions.push(...(page.body['items'] as Record<string, unknown>[]).map((event) => event['version']));
      const next = page.body['nextCursor'] as string | undefined;
      assert.is(next === undefined, pages === 3);
      url = next === undefined ? undefined : `/streams/stock-kettle?limit=3&cursor=${next}`;
    }
    assert.equal(versions, [1, 2, 3, 4, 5, 6, 7]);
  });

  test('has no further page where the last one is full', async () => {
    assert.not.ok('nextCursor' in (await get('/streams/stock-kettle?limit=7')).body);
  });

  test('folds to its state as of a position', async () => {
    const { status, body } = await get('/streams/stock-kettle?asOf=4');
    assert.is(status, 200);
    assert.is(body['stream'], 'stock-kettle');
    assert.is(body['asOf'], '4');
    assert.is(body['version'], 3);
    assert.is(body['position'], 4);
    assert.is((body['state'] as Record<string, unknown>)['onHand'], 15);
    assert.is((await get('/streams/stock-kettle?asOf=999999')).body['version'], 7);
  });

  test('was empty before its first event', async () => {
    const { status, body } = await get('/streams/stock-kettle?asOf=1');
    assert.is(status, 200);
    assert.is(body['version'], 0);
    assert.is(body['position'], 0);
    assert.is((body['state'] as Record<string, unknown>)['onHand'], 0);
  });

  const bad: ReadonlyArray<readonly [string, number, string]> = [
    ['/streams/order-o9', 404, 'unknown-stream'],
    ['/streams/order-o9?asOf=1', 404, 'unknown-stream'],
    ['/streams/ship-s1', 404, 'unknown-stream'],
    ['/streams/order', 400, 'invalid-parameter'],
    ['/streams/order-', 400, 'invalid-parameter'],
    ['/streams/order-a%20b', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=-1', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=1.5', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=yesterday', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=2024-05-01', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=2024-02-30T00:00:00Z', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=2024-02-03T00:00:00', 400, 'invalid-parameter'],
    ['/streams/order-o1?asOf=1&limit=1', 422, 'parameters-conflict'],
    ['/streams/order-o1?limit=0', 400, 'invalid-parameter'],
    ['/streams/order-o1?limit=x', 400, 'invalid-parameter'],
    ['/streams/order-o1?cursor=x', 404, 'unknown-cursor'],
    ['/streams/order-o1?cursor=', 404, 'unknown-cursor'],
    ['/streams/order-o1?cursor=djE%3D', 404, 'unknown-cursor'],
    ['/streams/order-o1?colour=red', 400, 'invalid-parameter'],
  ];
  for (const [url, status, name] of bad) {
    test(`answers ${url} with ${status} ${name}`, async () => {
      const answer = await get(url);
      assert.is(answer.status, status, answer.text);
      assert.is(answer.body['type'], `/problems/${name}`);
    });
  }
});

spec('a state as of a time', ({ test }) => {
  test('is folded from what was recorded until then, the moment itself included', async () => {
    const clock = standingClock();
    const { post, get } = apiFixture({ clock, store: inMemoryEventStore({ clock }) });
    for (const [index, time] of ['2024-05-01T10:00:00Z', '2024-05-02T10:00:00Z', '2024-05-03T10:00:00Z'].entries()) {
      clock.nowIs(time);
      await post('/stock/kettle/receive', receive(`r${index}`));
    }
    const versionAt = async (time: string): Promise<unknown> =>
      (await get(`/streams/stock-kettle?asOf=${time}`)).body['version'];
    assert.is(await versionAt('2024-05-01T09:59:59.999Z'), 0);
    assert.is(await versionAt('2024-05-01T10:00:00Z'), 1);
    assert.is(await versionAt('2024-05-03T09:00:00Z'), 2);
    assert.is(await versionAt('2030-01-01T00:00:00Z'), 3);
  });
});

spec('a stream under trouble', ({ test }) => {
  const appended = async (api: ApiFixture, ...events: ReadonlyArray<NewEvent>): Promise<void> => {
    const metadata = { correlationId: 'c', causationId: 'c', actor: 'a' };
    await api.dependencies.store.append({
      streams: [{ stream: 'stock-kettle', expectedVersion: 'any', events }],
      metadata,
    })();
  };
  const received = (index: number): NewEvent => ({
    type: 'StockReceived',
    schemaVersion: 1,
    data: { sku: 'kettle', receiptId: `r${index}`, quantity: 1, receivedAt: '2024-05-01T10:00:00Z' },
  });

  test('of more events than one page folds to the last of them', async () => {
    const api = apiFixture();
    await appended(api, ...Array.from({ length: 1_201 }, (_, index) => received(index)));
    const { body } = await api.get('/streams/stock-kettle?asOf=1200');
    assert.is(body['version'], 1_200, JSON.stringify(body).slice(0, 200));
    assert.is((await api.get('/streams/stock-kettle?asOf=1000')).body['version'], 1_000);
    assert.is((await api.get('/streams/stock-kettle?asOf=5000')).body['version'], 1_201);
  });

  test('shows an event that no contract knows, but cannot fold it', async () => {
    const api = apiFixture();
    await appended(api, received(1), { type: 'KettleWhistled', schemaVersion: 1, data: { pitch: 440 } });
    const { body } = await api.get('/streams/stock-kettle');
    assert.equal((body['items'] as Record<string, unknown>[])[1]?.['data'], { pitch: 440 });
    const folded = await api.get('/streams/stock-kettle?asOf=9');
    assert.is(folded.status, 500);
    assert.is(folded.body['type'], '/problems/unreadable-stream');
    assert.is(folded.body['eventId'], 'stock-kettle@2');
    assert.is((await api.get('/streams/stock-kettle?asOf=1')).status, 200);
  });

  test('is 503 while the store cannot be read', async () => {
    const store = inMemoryEventStore({ clock: ownClock });
    const readStream = () => TE.left({ _tag: 'StoreUnavailable', reason: '/secret' } as const);
    const api = apiFixture({ store: { ...store, readStream } });
    for (const query of ['', '?asOf=1']) {
      const { status, body, text } = await api.get(`/streams/order-o1${query}`);
      assert.is(status, 503);
      assert.is(body['type'], '/problems/store-unavailable');
      assert.not.match(text, /secret/);
    }
  });
});
