/** What operators see and ask for. */
import * as assert from 'uvu/assert';
import type { RebuildStatus } from '../../projections/view-reader';
import { spec } from '../spec';
import { apiFixture, relayStatus } from './api-fixture';
import { group } from './fake-views';

const path = '/ops/projections/order-summary/rebuild';

spec('operations', ({ test }) => {
  test('show the relay, or that none has run yet', async () => {
    assert.equal((await apiFixture().get('/ops/relay')).body, relayStatus);
    const { status, body } = await apiFixture({ relayStatus: async () => Promise.resolve(undefined) }).get(
      '/ops/relay',
    );
    assert.is(status, 404);
    assert.is(body['type'], '/problems/no-relay-yet');
  });

  test('show the groups of projections and reactors', async () => {
    const { body } = await apiFixture().get('/ops/groups');
    assert.equal(body, { items: [group, { ...group, group: 'reactors' }] });
  });

  test('show the projections', async () => {
    const { get, views } = apiFixture();
    assert.equal((await get('/ops/projections')).body, { items: views.projections() });
  });

  test('refuse parameters that mean nothing', async () => {
    for (const url of ['/ops/relay?x=1', '/ops/groups?limit=1', '/ops/projections?a=b']) {
      assert.is((await apiFixture().get(url)).status, 400);
    }
  });
});

spec('a rebuild', ({ test }) => {
  const requested = {
    id: 1,
    projection: 'order-summary',
    kind: 'rebuild',
    from: 'store',
    state: 'requested',
    acceptDifferences: false,
    copy: null,
    until: null,
    key: null,
    reason: null,
    done: 0,
    total: null,
    rate: null,
    etaSeconds: null,
    proof: null,
    differences: null,
    startedAt: null,
    finishedAt: null,
  };

  test('is asked for with 202, an id and the place where it is shown', async () => {
    const { post, get, dependencies } = apiFixture();
    const { status, body, headers } = await post(path, { from: 'store' });
    assert.is(status, 202);
    assert.equal(body, requested);
    assert.is(headers['location'], '/ops/rebuilds/1');
    const [request] = await dependencies.operationRequests.after(0);
    assert.is(request?.kind, 'rebuild');
    assert.equal(JSON.parse(request?.body ?? ''), { projection: 'order-summary', from: 'store' });
    assert.is(request?.actor, 'anonymous');
    assert.equal((await get('/ops/rebuilds/1')).body, requested);
  });

  test('is from kafka unless said otherwise, with an empty body or none', async () => {
    const { post } = apiFixture();
    for (const body of [undefined, {}, '']) {
      const answer = await post(path, body);
      assert.is(answer.status, 202, answer.text);
      assert.is(answer.body['from'], 'kafka');
    }
  });

  test('shows how it stands once it is picked up', async () => {
    const { post, get, views } = apiFixture();
    await post(path);
    await post(path);
    const running: RebuildStatus = {
      ...requested,
      id: 2,
      kind: 'rebuild',
      from: 'kafka',
      state: 'running',
      done: 5,
      total: 10,
    };
    views.setRebuild(running);
    assert.equal((await get('/ops/rebuilds/2')).body, running);
    assert.is((await get('/ops/rebuilds/1')).body['state'], 'requested');
  });

  test('is 404 for an unknown projection or id, 400 for an id that can be none', async () => {
    const { post, get } = apiFixture();
    const { status, body } = await post('/ops/projections/nothing/rebuild', {});
    assert.is(status, 404);
    assert.is(body['type'], '/problems/unknown-projection');
    assert.equal(body['known'], ['order-summary', 'sales-by-day']);
    assert.is((await get('/ops/rebuilds/7')).body['type'], '/problems/unknown-rebuild');
    for (const id of ['0', 'x', '-1', '1.5', '01']) assert.is((await get(`/ops/rebuilds/${id}`)).status, 400, id);
  });

  for (const body of [{ from: 'nowhere' }, { from: null }, { form: 'kafka' }, [], 'null', '{', '"kafka"']) {
    test(`is refused with ${JSON.stringify(body)}`, async () => {
      const { post, dependencies } = apiFixture();
      assert.is((await post(path, body)).status, 400);
      assert.is((await dependencies.operationRequests.after(0)).length, 0);
    });
  }

  test('is 503 while the store takes no write, with the reason in the log only', async () => {
    const submitAll = (): never => {
      throw new Error('disk full in /secret');
    };
    const { post, logged } = apiFixture({ operationRequests: { submitAll, after: async () => Promise.resolve([]) } });
    const { status, text } = await post(path, {});
    assert.is(status, 503);
    assert.not.match(text, /secret/);
    assert.match(String(logged[0]?.['error']), /secret/);
  });
});
