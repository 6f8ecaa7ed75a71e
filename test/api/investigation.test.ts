/** Looking for what happened: recent events, chains, contracts, the audit, and whom a dead letter concerns. */
import * as assert from 'uvu/assert';
import { deadLetterDirectory } from '../../infra/dead-letters/query/all-files-reader';
import type { DeadLetterDetail } from '../../infra/dead-letters/query/query';
import { spec } from '../spec';
import { apiFixture, order } from './api-fixture';

type Item = Readonly<Record<string, unknown>>;
const itemsOf = (body: Readonly<Record<string, unknown>>): ReadonlyArray<Item> => body['items'] as ReadonlyArray<Item>;

spec('events of all streams', ({ test, before, after }) => {
  const { app, get, post } = apiFixture();
  after(() => app.close());
  before(async () => {
    for (const id of ['o1', 'o2', 'o3']) await post(`/orders/${id}/place`, order, { 'x-correlation-id': `c-${id}` });
    await post(
      '/orders/o1/cancel',
      { reason: 'customer', cancelledAt: '2024-05-01T11:00:00Z' },
      { 'x-correlation-id': 'c-o1' },
    );
  });

  test('are listed from the newest on, page by page', async () => {
    const first = (await get('/ops/events?limit=3')).body;
    assert.equal(
      itemsOf(first).map(({ id }) => id),
      ['order-o1@2', 'order-o3@1', 'order-o2@1'],
    );
    const second = (await get(`/ops/events?limit=3&cursor=${String(first['nextCursor'])}`)).body;
    assert.equal(
      itemsOf(second).map(({ id }) => id),
      ['order-o1@1'],
    );
    assert.not('nextCursor' in second);
    assert.is((await get('/ops/events?cursor=zzz')).body['type'], '/problems/unknown-cursor');
  });

  test('are found by what they followed from, in their order', async () => {
    const { body } = await get('/ops/correlations/c-o1');
    assert.equal(
      itemsOf(body).map(({ id }) => id),
      ['order-o1@1', 'order-o1@2'],
    );
    assert.equal(itemsOf((await get('/ops/correlations/nobody?near=1')).body), []);
    assert.is((await get('/ops/correlations/c-o1?near=0')).status, 400);
  });
});

spec('the audit', ({ test }) => {
  test('says who asked for what, the newest first, and what could not be done', async () => {
    const failed = {
      id: 1,
      kind: 'rebuild',
      actor: 'anonymous',
      reason: 'no such thing',
      failedAt: '2024-01-01T00:00:00Z',
    };
    const { get, post } = apiFixture({ failedRequests: () => [failed] });
    await post('/ops/projections/order-summary/rebuild', {});
    await post('/ops/projections/sales-by-day/rebuild', { from: 'store' });
    const { body } = await get('/ops/audit');
    assert.equal(
      itemsOf(body).map(({ id, kind, actor, failure }) => [id, kind, actor, failure]),
      [
        [2, 'rebuild', 'anonymous', null],
        [1, 'rebuild', 'anonymous', 'no such thing'],
      ],
    );
    assert.equal(itemsOf(body)[0]?.['body'], { projection: 'sales-by-day', from: 'store' });
  });
});

spec('the contracts', ({ test }) => {
  test('name every event with its versions, and who handles it', async () => {
    const { get, dependencies } = apiFixture();
    const contracts = itemsOf((await get('/ops/contracts')).body);
    const events = dependencies.catalog.aggregates.flatMap(({ events: all }) => [...all.keys()]);
    assert.equal(contracts.map(({ type }) => type).sort(), events.sort());
    const placed = contracts.find(({ type }) => type === 'OrderPlaced');
    assert.ok((placed?.['readers'] as ReadonlyArray<Item>).some(({ name }) => name === 'order-summary'));
    assert.is((placed?.['versions'] as ReadonlyArray<Item>)[0]?.['schemaVersion'], placed?.['schemaVersion']);
  });
});

const letter = (overrides: Partial<DeadLetterDetail>): DeadLetterDetail => ({
  id: 'order-summary:1',
  group: 'order-summary',
  status: 'open',
  owner: null,
  class: 'defect',
  reason: 'it broke',
  fingerprint: 'f'.repeat(16),
  attempts: 1,
  firstFailedAt: '2024-01-01T00:00:00Z',
  lastFailedAt: '2024-01-01T00:00:00Z',
  eventId: 'order-o1@1',
  stream: 'order-o1',
  type: 'OrderPlaced',
  schemaVersion: 1,
  position: 1,
  correlationId: 'c',
  causationId: 'c',
  topic: 'orders',
  partition: 0,
  offset: 0,
  key: 'o1',
  parked: 0,
  headers: [],
  value: null,
  stack: null,
  audit: [],
  ...overrides,
});

spec('a dead letter', ({ test }) => {
  const found: Record<string, DeadLetterDetail> = {
    'order-summary:1': letter({}),
    'order-summary:2': letter({ id: 'order-summary:2', eventId: null, stream: null }),
  };
  const failures = { ...deadLetterDirectory([]), find: (id: string) => found[id] };

  test('says which event it is, and whose row is stale for it', async () => {
    const { get, post, views } = apiFixture({ failures });
    await post('/orders/o1/place', order);
    views.quarantine('order-summary', 'order-o1', 1);
    const { body } = await get('/ops/dead-letters/order-summary:1/concerns');
    assert.equal([body['aggregate'], body['aggregateId'], body['rows']], ['order', 'o1', ['o1']]);
    const event = body['event'] as Readonly<Record<string, unknown>>;
    assert.is(event['id'], 'order-o1@1');
    assert.is((event['data'] as Item)['customerId'], 'c1');
  });

  test('that holds no event concerns nobody', async () => {
    const { get } = apiFixture({ failures });
    const { body } = await get('/ops/dead-letters/order-summary:2/concerns');
    assert.equal([body['event'], body['aggregateId'], body['rows']], [null, null, []]);
    assert.is((await get('/ops/dead-letters/order-summary:9/concerns')).status, 404);
  });
});
