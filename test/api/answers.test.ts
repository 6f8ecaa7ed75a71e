/** Every operation of the document is called until it answers what it promises; the fixture holds each answer to its schema. */
import * as assert from 'uvu/assert';
import type { FastifyInstance } from 'fastify';
import * as t from 'io-ts';
import { addEndpoint, answer, endpoint, jsonText } from '../../api/http/endpoint';
import { field, record } from '../../domain/kernel/codec';
import { oneOf } from '../../domain/kernel/values';
import type { DeadLetterDirectory, DeadLetter, RedriveStatus } from '../../infra/dead-letters/query/query';
import type { EffectStatus, RecordedEffectResult, SetAsideEntry } from '../../infra/reactors/processes/processes';
import type { FlowReport } from '../../infra/flow/findings';
import type { RowExplanation } from '../../projections/engine/inspect/inspect';
import type { RebuildStatus } from '../../projections/view-reader';
import { answerContract } from '../support/answer-contract';
import { spec } from '../spec';
import { apiFixture, order, relayStatus, type ApiFixture } from './api-fixture';
import { group } from './fake-views';

const MOMENT = '2024-01-01T00:00:00.000Z';

const letter: DeadLetter = {
  id: 'order-summary:1',
  group: 'order-summary',
  status: 'open',
  owner: null,
  class: 'defect',
  reason: 'x is undefined',
  fingerprint: '0123456789abcdef',
  attempts: 1,
  firstFailedAt: MOMENT,
  lastFailedAt: MOMENT,
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
const audit = [{ action: 'note', actor: 'ada', detail: 'seen before', requestId: null, at: MOMENT }];
const preview: RedriveStatus['preview'] = {
  keys: 1,
  events: 3,
  classes: { defect: 1 },
  fingerprints: { '0123456789abcdef': 1 },
  schemaVersions: { 'OrderConfirmed/1': 1 },
  oldest: MOMENT,
  notRedrivable: 0,
};
const redrive: RedriveStatus = {
  id: 90,
  group: 'order-summary',
  state: 'halted',
  reason: 'the same cause again',
  ratePerSecond: 200,
  preview,
  keys: { waiting: 0, done: 0, failed: 1, gone: 0 },
  batch: 2,
  runs: 1,
  events: 1,
  startedAt: MOMENT,
  finishedAt: null,
};
const failures: DeadLetterDirectory = {
  groups: ['order-summary'],
  list: () => ({ items: [letter], nextCursor: 'next' }),
  find: () => ({
    ...letter,
    headers: [{ name: 'ce_id', value: 'order-o1@2' }],
    value: null,
    stack: 'TypeError',
    audit,
  }),
  select: () => ({ letters: [1], preview }),
  redrive: (id) => (id === redrive.id ? redrive : undefined),
  counts: () => [],
  failedRequests: () => [],
};
const effect: EffectStatus = {
  effect: 'receipt',
  meaning: 'Mails receipts.',
  owner: 'payments',
  mode: 'paused',
  modeSetBy: 'ada',
  modeSetAt: MOMENT,
  afterPosition: 7,
  notBefore: null,
  pending: 1,
  suspended: 1,
  done: 2,
  rejected: 3,
  dryRun: 4,
  reason: 'it fails',
};
const effectResult: RecordedEffectResult = {
  effect: 'receipt',
  key: 'receipt/order-o1@1',
  outcome: 'done',
  result: { messageId: 'm1' },
  attempts: 2,
  finishedAt: MOMENT,
};
const setAside: SetAsideEntry = {
  id: 'fulfilment:17',
  group: 'fulfilment',
  kind: 'deadline',
  subject: 'order-o1/payment-due',
  instance: 'o1',
  reason: 'its command is refused',
  status: 'open',
  setAsideAt: MOMENT,
  audit,
};
const rebuild: RebuildStatus = {
  id: 80,
  projection: 'order-summary',
  kind: 'rebuild',
  from: 'kafka',
  state: 'waiting',
  acceptDifferences: false,
  copy: null,
  until: null,
  key: null,
  reason: 'rows differ',
  done: 2,
  total: 2,
  rate: 1_000.5,
  etaSeconds: 0,
  proof: { rows: { before: 1, after: 1 } },
  differences: {
    count: 1,
    rows: [{ table: 'view', key: 'o1', before: null, after: { orderId: 'o1' }, events: ['order-o1@1'], eventCount: 1 }],
  },
  startedAt: MOMENT,
  finishedAt: null,
};
const event = { id: 'order-o1@1', position: 1, type: 'OrderPlaced', recordedAt: MOMENT } as const;
const caused = { ...event, actor: 'anonymous', correlationId: 'c', causationId: 'r' };
const explanation: RowExplanation = {
  projection: 'order-summary',
  key: 'o1',
  row: null,
  rowFromEvents: { orderId: 'o1' },
  agrees: false,
  eventCount: 1,
  history: [{ ...caused, changes: { orderId: { from: null, to: 'o1' } } }],
  chains: [{ correlationId: 'c', events: [{ ...caused, madeRow: true }] }],
  deliveries: { duplicates: 0, parked: [{ topic: 'orders', partition: 0, offset: 3, reason: 'it waits' }] },
};
const blocked = {
  topic: 'orders',
  partition: 0,
  position: 7,
  eventId: 'order-o1@2',
  reason: 'too large',
  events: 1,
  since: MOMENT,
  attempts: 2,
  nextAttemptAt: MOMENT,
};
const unroutable = { category: 'cart', events: 1, firstPosition: 1, firstEventId: 'cart-1@1', lastPosition: 1 };
const ages = { ageP50Seconds: 0.5, ageP99Seconds: 1.5, heartbeatSeconds: 4.5 };
const pace = { behind: 2, ageSeconds: 1.5, ratePerSecond: 0.5, drain: 'not-draining', etaSeconds: null } as const;
const stages: FlowReport = {
  storePosition: 7,
  windowSeconds: 60,
  slowest: 'projected',
  findings: [{ stage: 'order-summary', state: 'silent', reason: 'no report' }],
  items: [{ stage: 'projected', state: 'silent', verdict: 'stopped', slowest: 'order-summary', ...ages, ...pace }],
  groups: [
    {
      group: 'order-summary',
      stage: 'projected',
      state: 'silent',
      reason: null,
      verdict: 'stopped',
      isEstimate: true,
      heartbeatSeconds: null,
      partitions: [
        {
          topic: 'orders',
          partition: 0,
          nextOffset: 3,
          lag: 2,
          isEstimate: true,
          ageSeconds: 1.5,
          verdict: 'stopped',
        },
      ],
      ...pace,
    },
  ],
};
const copies = { waiting: 1, failed: 1, reason: 'no such topic', since: MOMENT };

const fixture = (): ApiFixture => {
  const api = apiFixture({
    failures,
    effects: () => [effect],
    effectResults: () => [effectResult],
    setAside: () => [setAside],
    failedRequests: () => [{ id: 5, kind: 'rebuild', actor: 'ada', reason: 'it cannot be read', failedAt: MOMENT }],
    explainRow: async () => Promise.resolve(explanation),
    relayStatus: async () =>
      Promise.resolve({
        ...relayStatus,
        state: 'blocked',
        cause: 'store-behind',
        broker: null,
        sentPosition: 8,
        failures: { timeout: 2 },
        blocked: [blocked],
        unroutable: [unroutable],
        topics: [{ topic: 'orders', partitions: 6, logId: 'l' }],
      }),
    reactorGroups: () => [{ ...group, group: 'fulfilment', deadLetterCopies: copies }],
    stages: async () => Promise.resolve(stages),
    readiness: async () =>
      Promise.resolve({
        ready: true,
        checks: { store: 'open' },
        reasons: [],
        notices: [{ stage: 'relay', state: 'blocked', reason: 'an event is too large' }],
      }),
  });
  api.views.setRebuild(rebuild);
  api.views.setRows('order-summary', [{ orderId: 'o1', status: 'placed', amount: null, lines: [], stale: true }]);
  api.views.setRows('sales-by-day', [{ day: '2024-05-01', currency: 'EUR', ordersPlaced: 3 }]);
  return api;
};

/** Requests, in their order, that bring each operation beside the commands to each answer that is no problem. */
const requests: ReadonlyArray<readonly [method: 'GET' | 'POST', url: string, body?: unknown]> = [
  ['GET', '/views'],
  ['GET', '/views/order-summary'],
  ['GET', '/views/order-summary/o1'],
  ['GET', '/views/sales-by-day?limit=1'],
  ['GET', '/views/sales-by-day/2024-05-01:EUR'],
  ['GET', '/streams/order-o1?limit=1'],
  ['GET', '/streams/order-o1?asOf=1'],
  ['GET', '/ops/relay'],
  ['GET', '/ops/groups'],
  ['GET', '/ops/projections'],
  ['GET', '/ops/stages'],
  ['GET', '/metrics'],
  ['POST', '/ops/projections/order-summary/rebuild', { copy: 'friday', until: '7' }],
  ['POST', '/ops/projections/order-summary/rollback'],
  ['POST', '/ops/rebuilds', { projections: ['order-summary', 'sales-by-day'] }],
  ['GET', '/ops/rebuilds/80'],
  ['POST', '/ops/rebuilds/80/accept-differences'],
  ['POST', '/ops/rebuilds/80/cancel'],
  ['POST', '/ops/projections/order-summary/drop-former'],
  ['POST', '/ops/projections/order-summary/drop-copy', { copy: 'friday' }],
  [
    'POST',
    '/ops/groups/order-summary/offsets',
    { moves: [{ topic: 'orders', partition: 0, logId: 'l', fromOffset: 1, toOffset: 0 }] },
  ],
  ['GET', '/ops/offset-moves/99'],
  ['POST', '/ops/relay/skips', { eventId: 'order-o1@2', reason: 'too large for ever' }],
  ['GET', '/ops/explain/order-summary/o1'],
  ['GET', '/ops/dead-letters'],
  ['GET', '/ops/dead-letters/order-summary:1'],
  ['POST', '/ops/dead-letters/order-summary:1/assign', { owner: 'ada' }],
  ['POST', '/ops/dead-letters/order-summary:1/note', { note: 'seen before' }],
  ['POST', '/ops/dead-letters/order-summary:1/discard', { reason: 'not ours' }],
  ['POST', '/ops/redrives', { group: 'order-summary' }],
  ['GET', '/ops/redrives/90'],
  ['POST', '/ops/redrives/90/run'],
  ['POST', '/ops/redrives/90/pause'],
  ['GET', '/ops/commands'],
  ['POST', '/ops/commands/fulfilment:17/release'],
  ['POST', '/ops/commands/fulfilment:17/discard', { reason: 'paid by hand' }],
  ['GET', '/ops/effects'],
  ['GET', '/ops/effects/receipt/results?key=receipt/order-o1@1'],
  ['POST', '/ops/effects/receipt/pause'],
  ['POST', '/ops/effects/receipt/drain'],
  ['POST', '/ops/effects/receipt/resume'],
  ['GET', '/ops/requests'],
  ['GET', '/ops/events'],
  ['GET', '/ops/correlations/c1'],
  ['GET', '/ops/audit'],
  ['GET', '/ops/contracts'],
  ['GET', '/ops/dead-letters/order-summary:1/concerns'],
  ['GET', '/health/live'],
  ['GET', '/health/ready'],
  ['GET', '/schemas/OrderPlaced/1'],
  ['GET', '/problems'],
  ['GET', '/problems/overloaded'],
];

spec('the answers', ({ test }) => {
  test('of every operation are called for, and each is as the document says', async () => {
    const api = fixture();
    const contract = answerContract((await api.get('/openapi.json')).body);
    const answered = new Set<string | undefined>();
    const note = (method: string, url: string, status: number): unknown =>
      answered.add(contract.nameOf(method, url, status));

    note('POST', '/orders/{id}/place', (await api.post('/orders/o1/place', order)).status);
    note('POST', '/orders/{id}/place', (await api.post('/orders/o2/place?dryRun=true', order)).status);
    const ids = new Map<string, unknown>();
    for (const [method, url, body] of requests) {
      const { status, body: answered } = await (method === 'GET' ? api.get(url) : api.post(url, body));
      assert.ok(status < 300, `${method} ${url} ${status} ${JSON.stringify(answered)}`);
      note(method, url, status);
      ids.set(url, answered['id']);
    }
    const skip = `/ops/relay/skips/${String(ids.get('/ops/relay/skips'))}`;
    note('GET', skip, (await api.get(skip)).status);
    note('GET', '/streams/order-o1', (await api.get('/streams/order-o1', { 'if-none-match': '"1"' })).status);

    // One codec serves the answers to all commands; one of them shows both.
    const commands = new RegExp(`^POST /(?:${api.dependencies.catalog.aggregates.map(({ path }) => path).join('|')})/`);
    const promised = contract.successes.filter((name) => !commands.test(name) || name.includes('/orders/{id}/place '));
    assert.equal(
      promised.filter((name) => !answered.has(name)),
      [],
    );
  });
});

spec('the contract of answers', ({ test }) => {
  const contract = async () => answerContract((await apiFixture().get('/openapi.json')).body);
  const complaintsOf = async (url: string, status: number, body: unknown, type = 'application/json') =>
    (await contract()).complaints('GET', url, { status, contentType: type, text: JSON.stringify(body) });
  const problemType = 'application/problem+json';
  const problem = { title: 'x', status: 404, detail: 'x', instance: '/ops/relay', known: [] };

  test('takes what is declared', async () => {
    assert.equal(await complaintsOf('/ops/relay', 200, relayStatus), []);
    assert.equal(
      await complaintsOf('/ops/relay', 404, { type: '/problems/no-relay-yet', ...problem }, problemType),
      [],
    );
  });

  test('complains of another status, media type, field, value, and problem', async () => {
    const without = { ...relayStatus, cursor: undefined };
    assert.match((await complaintsOf('/ops/relay', 202, relayStatus)).join(), /status is not declared/);
    assert.match((await complaintsOf('/ops/relay', 200, relayStatus, 'text/plain')).join(), /text\/plain/);
    assert.match((await complaintsOf('/ops/relay', 200, { ...relayStatus, kettle: 1 })).join(), /kettle/);
    assert.match((await complaintsOf('/ops/relay', 200, without)).join(), /cursor/);
    assert.match((await complaintsOf('/ops/relay', 200, { ...relayStatus, state: 'tired' })).join(), /state/);
    const other = { type: '/problems/unknown-row', ...problem };
    assert.match((await complaintsOf('/ops/relay', 404, other, problemType)).join(), /unknown-row is not declared/);
  });
});

// What the compiler holds; this file does not compile without the errors that it expects.
const kettle = endpoint({
  operationId: 'kettle',
  summary: 'How the kettle stands.',
  params: { id: field(t.string, 'The kettle.') },
  answers: {
    200: answer('It.', record('kettle', { state: field(oneOf({ cold: null, hot: null }), 'How it stands.') })),
    304: answer('As before.', t.undefined),
  },
  problems: [],
});

/** Never called. */
export const typedHandlers = (app: FastifyInstance): void => {
  addEndpoint(app, 'GET', '/kettles/:id', kettle, () => ({ state: 'hot' }));
  addEndpoint(app, 'GET', '/kettles/:id', kettle, (_, reply) => reply.code(304).send());
  addEndpoint(app, 'GET', '/kettles/:id', kettle, (_, reply) => reply.code(200).send(jsonText({ state: 'hot' })));
  // @ts-expect-error a value that is not declared
  addEndpoint(app, 'GET', '/kettles/:id', kettle, () => ({ state: 'tepid' }));
  // @ts-expect-error a field is missing
  addEndpoint(app, 'GET', '/kettles/:id', kettle, () => ({}));
  // @ts-expect-error a status that is not declared
  addEndpoint(app, 'GET', '/kettles/:id', kettle, (_, reply) => reply.code(202).send({ state: 'hot' }));
  // @ts-expect-error a value that is not declared for the status
  addEndpoint(app, 'GET', '/kettles/:id', kettle, (_, reply) => reply.code(200).send({ state: 'tepid' }));
  // @ts-expect-error a text of another value
  addEndpoint(app, 'GET', '/kettles/:id', kettle, (_, reply) => reply.code(200).send(jsonText({ state: 'tepid' })));
  // @ts-expect-error a part of the address that is not declared
  addEndpoint(app, 'GET', '/kettles/:id', kettle, ({ params }) => ({ state: params.name === '' ? 'cold' : 'hot' }));
};
