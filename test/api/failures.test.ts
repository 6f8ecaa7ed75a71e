/** Dead letters and redrives over HTTP: what is shown, asked for, and refused. */
import * as assert from 'uvu/assert';
import type { DeadLetter, DeadLetterDetail } from '../../infra/dead-letters/query/dead-letters-reader';
import type { DeadLetterDirectory } from '../../infra/dead-letters/query/all-files-reader';
import { spec } from '../spec';
import { apiFixture } from './api-fixture';

const listed: DeadLetter = {
  id: 'order-summary:1',
  group: 'order-summary',
  status: 'open',
  owner: null,
  class: 'defect',
  reason: 'x is undefined',
  fingerprint: '0123456789abcdef',
  attempts: 1,
  firstFailedAt: '2026-01-01T00:00:00.000Z',
  lastFailedAt: '2026-01-01T00:00:00.000Z',
  eventId: 'order-o1@2',
  stream: 'order-o1',
  type: 'OrderConfirmed',
  schemaVersion: 1,
  position: 7,
  correlationId: 'c',
  causationId: 'r',
  topic: 'orders',
  partition: 0,
  offset: 3,
  key: 'o1',
  parked: 2,
};
const letter: DeadLetterDetail = {
  ...listed,
  headers: [],
  value: null,
  stack: 'TypeError: x is undefined\n    at project (order-summary.js:1:1)',
  audit: [],
};
const over: DeadLetterDetail = { ...letter, id: 'order-summary:2', status: 'redriven' };
const preview = {
  keys: 1,
  events: 3,
  classes: { defect: 1 },
  fingerprints: { '0123456789abcdef': 1 },
  schemaVersions: { 'OrderConfirmed/1': 1 },
  oldest: '2026-01-01T00:00:00.000Z',
  notRedrivable: 0,
};

const failures: DeadLetterDirectory = {
  groups: ['order-summary', 'fulfilment'],
  list: () => ({ items: [listed] }),
  find: (id) => [letter, over].find((each) => each.id === id),
  select: (group, { fingerprint }) =>
    group === 'order-summary' && fingerprint !== 'other'
      ? { letters: [1], preview }
      : { letters: [], preview: { ...preview, keys: 0 } },
  redrive: () => undefined,
  counts: () => [],
  failedRequests: () => [],
};

spec('dead letters over HTTP', ({ test }) => {
  test('are listed and shown', async () => {
    const { get } = apiFixture({ failures });
    assert.equal((await get('/ops/dead-letters?group=order-summary&class=defect&status=open')).body, {
      items: [listed],
    });
    assert.equal((await get('/ops/dead-letters/order-summary:1')).body, letter);
  });

  test('are assigned, noted and discarded by requests in the name of the caller', async () => {
    const { post, dependencies } = apiFixture({ failures });
    const acts = [
      ['assign', { owner: 'ada' }],
      ['note', { note: 'seen before' }],
      ['discard', { reason: 'not ours' }],
    ] as const;
    for (const [name, body] of acts) {
      const { status, body: answer } = await post(`/ops/dead-letters/order-summary:1/${name}`, body);
      assert.is(status, 202);
      assert.is(answer['action'], name);
    }
    assert.equal(
      (await dependencies.operationRequests.after(0)).map(({ kind, body }) => [kind, JSON.parse(body) as unknown]),
      acts.map(([name, body]) => [`dead-letter-${name}`, { group: 'order-summary', letter: 1, ...body }]),
    );
  });

  const refused: ReadonlyArray<readonly [string, 'GET' | 'POST', string, unknown, number, string]> = [
    ['an unknown group', 'GET', '/ops/dead-letters?group=nobody', undefined, 404, 'unknown-group'],
    ['an unknown status', 'GET', '/ops/dead-letters?status=lost', undefined, 400, 'invalid-parameter'],
    ['an unknown letter', 'GET', '/ops/dead-letters/order-summary:9', undefined, 404, 'unknown-dead-letter'],
    ['a discard without a reason', 'POST', '/ops/dead-letters/order-summary:1/discard', {}, 400, 'invalid-body'],
    ['an empty reason', 'POST', '/ops/dead-letters/order-summary:1/discard', { reason: '' }, 400, 'invalid-body'],
    [
      'a discard of what is redriven',
      'POST',
      '/ops/dead-letters/order-summary:2/discard',
      { reason: 'x' },
      409,
      'dead-letter-over',
    ],
    ['a plan for nobody', 'POST', '/ops/redrives', { group: 'nobody' }, 404, 'unknown-group'],
    ['a plan of nothing', 'POST', '/ops/redrives', { group: 'fulfilment' }, 409, 'nothing-to-redrive'],
    [
      'a plan without a pace',
      'POST',
      '/ops/redrives',
      { group: 'order-summary', ratePerSecond: 0 },
      400,
      'invalid-body',
    ],
    [
      'a letter of another group',
      'POST',
      '/ops/redrives',
      { group: 'order-summary', ids: ['x:1'] },
      404,
      'unknown-dead-letter',
    ],
    ['an unknown redrive', 'GET', '/ops/redrives/9', undefined, 404, 'unknown-redrive'],
    ['the run of an unknown redrive', 'POST', '/ops/redrives/9/run', undefined, 404, 'unknown-redrive'],
  ];
  for (const [what, method, path, body, status, type] of refused) {
    test(`refuse ${what}`, async () => {
      const { get, post, dependencies } = apiFixture({ failures });
      const answer = method === 'GET' ? await get(path) : await post(path, body);
      assert.equal([answer.status, answer.body['type']], [status, `/problems/${type}`]);
      assert.equal(await dependencies.operationRequests.after(0), []);
    });
  }

  test("are an operator's business", async () => {
    const { get, post } = apiFixture({ failures, apiKeys: [{ name: 'shop', role: 'client', key: 'k' }] });
    const key = { authorization: 'Bearer k' };
    assert.is((await get('/ops/dead-letters', key)).status, 403);
    assert.is((await post('/ops/redrives', { group: 'order-summary' }, key)).status, 403);
  });
});

spec('a redrive over HTTP', ({ test }) => {
  test('is planned with a preview, shown, and set going by its own request', async () => {
    const { get, post, dependencies } = apiFixture({ failures });
    const planned = await post('/ops/redrives', { group: 'order-summary', ratePerSecond: 50 });
    assert.is(planned.status, 201);
    assert.is(planned.headers['location'], '/ops/redrives/1');
    assert.equal(planned.body['preview'], preview);
    assert.equal([planned.body['state'], planned.body['ratePerSecond']], ['requested', 50]);
    assert.equal((await get('/ops/redrives/1')).body, planned.body);
    assert.is((await post('/ops/redrives/1/run')).status, 202);
    assert.is((await post('/ops/redrives/1/pause')).status, 202);
    const requests = (await dependencies.operationRequests.after(1)).map(({ kind, body }) => [
      kind,
      JSON.parse(body) as unknown,
    ]);
    assert.equal(requests, [
      ['redrive-run', { group: 'order-summary', redrive: 1 }],
      ['redrive-pause', { group: 'order-summary', redrive: 1 }],
    ]);
  });
});
