/** What operators may ask of rebuilds beside the plain one, and how bad wishes are turned away. */
import * as assert from 'uvu/assert';
import type { RowExplanation } from '../../projections/engine/inspect/inspect';
import type { RebuildStatus } from '../../projections/view-reader';
import { spec } from '../spec';
import { apiFixture, type ApiFixture } from './api-fixture';
import { fakeViews, group } from './fake-views';

const path = '/ops/projections/order-summary';

const asked = async ({ dependencies }: ApiFixture): Promise<ReadonlyArray<unknown>> =>
  (await dependencies.operationRequests.after(0)).map(({ kind, body }) => [kind, JSON.parse(body) as unknown]);

const waiting: RebuildStatus = {
  id: 7,
  projection: 'order-summary',
  kind: 'rebuild',
  from: 'kafka',
  state: 'waiting',
  acceptDifferences: false,
  copy: null,
  until: null,
  key: null,
  reason: 'rows differ',
  done: 1,
  total: 1,
  rate: null,
  etaSeconds: null,
  proof: null,
  differences: { count: 1, rows: [] },
  startedAt: null,
  finishedAt: null,
};

spec('wishes about rebuilds', ({ test }) => {
  test('reach the role: several in one pass, a copy, a row, a way back', async () => {
    const api = apiFixture();
    const several = await api.post('/ops/rebuilds', {
      projections: ['order-summary', 'sales-by-day'],
      acceptDifferences: true,
    });
    assert.is(several.status, 202);
    assert.is((await api.post(`${path}/rebuild`, { copy: 'friday', until: '7' })).body['kind'], 'copy');
    assert.is((await api.post(`${path}/rebuild`, { key: 'o1' })).body['kind'], 'row');
    assert.is((await api.post(`${path}/rollback`)).body['kind'], 'rollback');
    const bodies = (await asked(api)) as ReadonlyArray<
      readonly [string, { readonly pass?: string; readonly projection: string }]
    >;
    assert.equal(
      bodies.map(([kind, { projection }]) => `${kind} ${projection}`),
      [
        'rebuild order-summary',
        'rebuild sales-by-day',
        'rebuild order-summary',
        'rebuild order-summary',
        'rebuild order-summary',
      ],
    );
    assert.ok(bodies[0]?.[1].pass !== undefined);
    assert.is(bodies[0][1].pass, bodies[1]?.[1].pass);
  });

  for (const [status, body] of [
    [422, { copy: 'friday' }],
    [422, { until: '7' }],
    [400, { copy: 'friday', until: 'soon' }],
    [400, { copy: 'friday', until: '2024-02-03T00:00:00' }],
    [400, { copy: 'friday', until: '2024-02-30T00:00:00Z' }],
    [400, { copy: 'no name', until: '7' }],
    [422, { key: 'o1', until: '7', copy: 'friday' }],
    [422, { copy: 'friday', until: '7', acceptDifferences: true }],
  ] as const) {
    test(`are refused where they mean nothing: ${JSON.stringify(body)}`, async () => {
      const api = apiFixture();
      assert.is((await api.post(`${path}/rebuild`, body)).status, status);
      assert.equal(await asked(api), []);
    });
  }

  test('accept or end what waits, and nothing that does not', async () => {
    const api = apiFixture();
    api.views.setRebuild(waiting);
    assert.is((await api.post('/ops/rebuilds/7/accept-differences')).status, 202);
    assert.is((await api.post('/ops/rebuilds/7/cancel')).status, 202);
    assert.equal(await asked(api), [
      ['rebuild-control', { action: 'accept-differences', rebuild: 7 }],
      ['rebuild-control', { action: 'cancel', rebuild: 7 }],
    ]);
    api.views.setRebuild({ ...waiting, state: 'done' });
    for (const action of ['accept-differences', 'cancel']) {
      const { status, body } = await api.post(`/ops/rebuilds/7/${action}`);
      assert.is(status, 409);
      assert.is(body['type'], '/problems/rebuild-not-open');
    }
    assert.is((await api.post('/ops/rebuilds/8/cancel')).status, 404);
  });

  test('drop what is left over, where there is something', async () => {
    const api = apiFixture();
    assert.is((await api.post(`${path}/drop-former`)).status, 202);
    assert.is((await api.post(`${path}/drop-copy`, { copy: 'friday' })).status, 202);
    assert.is((await api.post(`${path}/drop-copy`, { copy: 'monday' })).status, 404);
    assert.is((await api.post('/ops/projections/sales-by-day/drop-former')).status, 404);
    assert.is((await asked(api)).length, 2);
  });

  test('take an operator', async () => {
    const apiKeys = [{ name: 'shop', role: 'client' as const, key: 'secret' }];
    const api = apiFixture({ apiKeys });
    const headers = { authorization: 'Bearer secret' };
    for (const each of [`${path}/rollback`, `${path}/drop-former`, '/ops/rebuilds/7/cancel']) {
      assert.is((await api.post(each, undefined, headers)).status, 403, each);
    }
    assert.is((await api.get('/ops/explain/order-summary/o1', headers)).status, 403);
  });
});

spec('moves of offsets', ({ test }) => {
  const moves = [{ topic: 'orders', partition: 0, logId: 'kafka:x', fromOffset: 9, toOffset: 3 }];

  test('are asked for with 202, shown by their id, and known groups only', async () => {
    const api = apiFixture();
    const { status, body, headers } = await api.post('/ops/groups/order-summary/offsets', { moves });
    assert.equal([status, body], [202, { id: 1, state: 'requested', reason: null }]);
    assert.is(headers['location'], '/ops/offset-moves/1');
    assert.equal(await asked(api), [['move-offsets', { group: 'order-summary', moves }]]);
    assert.equal((await api.get('/ops/offset-moves/1')).body, { id: 1, state: 'requested', reason: null });
    assert.equal((await api.get('/ops/offset-moves/99')).body, { id: 99, state: 'done', reason: null });
    assert.is((await api.get('/ops/offset-moves/5')).status, 404);
    assert.is((await api.post('/ops/groups/nobody/offsets', { moves })).status, 404);
    assert.is((await api.post('/ops/groups/order-summary/offsets', { moves: [{}] })).status, 400);
  });
});

spec('numbers and keys that mean nothing', ({ test }) => {
  const move = { topic: 'orders', partition: 0, logId: 'kafka:x', fromOffset: 9, toOffset: 3 };
  /** A body that is right by itself, and names what the group does not read. */
  const unknownPlaces = [{ topic: 'nothing' }, { partition: 99 }];
  const malformed = [
    ...[0.5, 3.5, -1, 1e300, '3', null, 2 ** 53].flatMap((value) => [
      { toOffset: value },
      { fromOffset: value },
      { partition: value },
    ]),
    { topic: '' },
    { logId: 1 },
  ];
  for (const [change, expected] of [
    ...malformed.map((each) => [each, 400] as const),
    ...unknownPlaces.map((each) => [each, 422] as const),
  ]) {
    test(`are refused in a move of offsets: ${JSON.stringify(change)}`, async () => {
      const api = apiFixture({ views: { ...fakeViews(), groups: () => [{ ...group, group: 'order-summary' }] } });
      const { status, text } = await api.post('/ops/groups/order-summary/offsets', { moves: [{ ...move, ...change }] });
      assert.is(status, expected, text);
      assert.equal(await asked(api), []);
    });
  }

  for (const moves of [[], [move, move]]) {
    test(`are refused in a list of ${moves.length} moves`, async () => {
      const api = apiFixture();
      assert.is((await api.post('/ops/groups/order-summary/offsets', { moves })).status, 422);
      assert.equal(await asked(api), []);
    });
  }

  for (const [key, missing] of [
    ['2026-01-01', 'currency'],
    [':EUR', 'day'],
    ['2026-01-01:', 'currency'],
    [':', 'day, currency'],
  ] as const) {
    test(`are refused in the key of a row, with what is missing: '${key}'`, async () => {
      const api = apiFixture();
      const { status, body } = await api.post('/ops/projections/sales-by-day/rebuild', { key });
      assert.is(status, 422);
      assert.is(body['detail'], `'key': '${key}' lacks ${missing}: a key of sales-by-day is day:currency.`);
      assert.equal(await asked(api), []);
    });
  }

  test('are refused in an empty key of a row', async () => {
    const api = apiFixture();
    const { status, body } = await api.post('/ops/projections/sales-by-day/rebuild', { key: '' });
    assert.is(status, 400);
    assert.match(JSON.stringify(body['errors']), /\/key/);
    assert.equal(await asked(api), []);
  });

  test('are no defect where they stand in the store already', async () => {
    for (const [kind, path, type] of [
      ['rebuild', '/ops/rebuilds/1', 'unknown-rebuild'],
      ['redrive-plan', '/ops/redrives/1', 'unknown-redrive'],
    ] as const) {
      for (const body of ['{', 'null', '{"projection":7}']) {
        const api = apiFixture();
        await api.dependencies.operationRequests.submitAll([{ kind, body, actor: 'somebody' }]);
        const answer = await api.get(path);
        assert.equal([answer.status, answer.body['type']], [404, `/problems/${type}`]);
      }
    }
  });
});

spec('what was set aside', ({ test }) => {
  const entry = {
    id: 'fulfilment:7',
    group: 'fulfilment',
    kind: 'command' as const,
    subject: 'fulfilment/order-o1@1/confirm',
    instance: 'o1',
    reason: '404',
    status: 'open' as const,
    setAsideAt: '2026-01-01T00:00:00.000Z',
    audit: [],
  };
  const withEntry = (status: 'open' | 'released' = 'open'): ApiFixture =>
    apiFixture({
      setAside: ({ number = 7, group = 'fulfilment' }) =>
        number === 7 && group === 'fulfilment' ? [{ ...entry, status }] : [],
      failedRequests: () => [{ id: 3, kind: 'rebuild', actor: 'ada', reason: 'no', failedAt: entry.setAsideAt }],
    });

  test('is listed, released and discarded by an operator', async () => {
    const api = withEntry();
    assert.equal((await api.get('/ops/commands?group=fulfilment&status=open')).body, { items: [entry] });
    const released = await api.post('/ops/commands/fulfilment:7/release');
    assert.equal([released.status, released.body], [202, { id: 'fulfilment:7', action: 'release', requestId: 1 }]);
    assert.is((await api.post('/ops/commands/fulfilment:7/discard', { reason: 'a test' })).status, 202);
    assert.equal(await asked(api), [
      ['command-release', { group: 'fulfilment', number: 7 }],
      ['command-discard', { group: 'fulfilment', number: 7, reason: 'a test' }],
    ]);
    assert.is(((await api.get('/ops/requests')).body['items'] as ReadonlyArray<unknown>).length, 1);
  });

  test('is refused by name where there is nothing to decide', async () => {
    const api = withEntry('released');
    for (const [path, status] of [
      ['/ops/commands/fulfilment:7/release', 409],
      ['/ops/commands/fulfilment:8/release', 404],
      ['/ops/commands/nothing/release', 404],
      ['/ops/commands/fulfilment:0.5/release', 404],
    ] as const) {
      assert.is((await api.post(path)).status, status, path);
    }
    assert.is((await api.post('/ops/commands/fulfilment:7/discard', {})).status, 400);
    assert.is((await api.get('/ops/commands?status=gone')).status, 400);
    assert.is((await api.get('/ops/commands?group=nobody')).status, 404);
    assert.equal(await asked(api), []);
  });
});

spec('a copy of a view', ({ test }) => {
  test('is read under its name, and is 404 under any other', async () => {
    const api = apiFixture();
    api.views.setRows('order-summary@friday', [{ orderId: 'o1', status: 'placed' }]);
    assert.equal((await api.get('/views/order-summary@friday')).body, { items: [{ orderId: 'o1', status: 'placed' }] });
    assert.equal((await api.get('/views/order-summary@friday/o1')).body, { orderId: 'o1', status: 'placed' });
    assert.is((await api.get('/views/order-summary@friday/o2')).body['type'], '/problems/unknown-row');
    assert.is((await api.get('/views/order-summary@monday')).body['type'], '/problems/unknown-view');
    assert.is((await api.get('/views/nothing@friday/o1')).body['type'], '/problems/unknown-view');
  });
});

const event = {
  id: 'order-o1@1',
  position: 1,
  type: 'OrderPlaced',
  recordedAt: '2024-01-01T00:00:00.000Z',
  actor: 'anonymous',
  correlationId: 'c',
  causationId: 'r',
};

spec('an explanation', ({ test }) => {
  test('is what the engine knows of the row, or 404', async () => {
    const explained: RowExplanation = {
      projection: 'order-summary',
      key: 'o1',
      row: { orderId: 'o1' },
      rowFromEvents: null,
      agrees: false,
      eventCount: 1,
      history: [{ ...event, changes: { orderId: { from: null, to: 'o1' } } }],
      chains: [{ correlationId: 'c', events: [{ ...event, madeRow: true }] }],
      deliveries: { duplicates: null, parked: [{ topic: 'orders', partition: 0, offset: 3, reason: 'it waits' }] },
    };
    const api = apiFixture({ explainRow: async (_, key) => Promise.resolve(key === 'o1' ? explained : undefined) });
    assert.equal((await api.get('/ops/explain/order-summary/o1')).body, explained);
    assert.is((await api.get('/ops/explain/order-summary/o2')).body['type'], '/problems/unknown-row');
    assert.is((await api.get('/ops/explain/carts/o1')).body['type'], '/problems/unknown-projection');
  });
});
