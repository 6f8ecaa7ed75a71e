/** A served process on a real Kafka: what it answers over HTTP is what the OpenAPI document that it serves promises. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import * as assert from 'uvu/assert';
import { answerContract, type AnswerContract } from '../support/answer-contract';
import { produceRaw } from '../support/broker-admin';
import { kafkaSpec } from '../support/kafka-spec';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';
import { playOrder, stockUp } from '../support/workload';

type Json = Readonly<Record<string, unknown>>;

interface Served {
  readonly etag: string;
  readonly body: Json;
}

/** Answers that a healthy installation never gives; test/api/answers.test.ts calls for them. */
const ONLY_AFTER_FAULTS: ReadonlySet<string> = new Set([
  // A dead letter that contains an event.
  'POST /ops/redrives 201',
  'GET /ops/redrives/{id} 200',
  'POST /ops/redrives/{id}/run 202',
  'POST /ops/redrives/{id}/pause 202',
  // A rebuild whose rows differ.
  'POST /ops/rebuilds/{id}/accept-differences 202',
  // An event that blocks its partition.
  'POST /ops/relay/skips 202',
  'GET /ops/relay/skips/{id} 200',
  // A suspended command or deadline.
  'POST /ops/commands/{id}/release 202',
  'POST /ops/commands/{id}/discard 202',
]);

const PLACE = {
  customerId: 'c1',
  currency: 'EUR',
  placedAt: '2018-03-01T08:00:00Z',
  lines: [{ sku: 'none', quantity: 1, unitPrice: 100, freight: 0 }],
};

const REQUEST_TIMEOUT_MS = 15_000;

kafkaSpec('the answers of a served process', ({ test, before, after }, broker) => {
  const prefix = broker.topicPrefix();
  let url = '';
  let server: ServerProcess | undefined;
  let contract: AnswerContract | undefined;
  const answered = new Set<string>();
  const complaints: string[] = [];

  const request = async (
    method: 'GET' | 'POST',
    path: string,
    body?: unknown,
    headers: object = {},
  ): Promise<Served> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const { status } = response;
    const contentType = response.headers.get('content-type') ?? undefined;
    const text = await response.text();
    const name = contract?.nameOf(method, path, status);
    if (name !== undefined) answered.add(name);
    complaints.push(...(contract?.complaints(method, path, { status, contentType, text }) ?? []));
    const isJson = contentType?.includes('json') === true && text !== '';
    return { etag: response.headers.get('etag') ?? '', body: isJson ? (JSON.parse(text) as Json) : {} };
  };
  const get = (path: string, headers?: object): Promise<Served> => request('GET', path, undefined, headers);
  const post = (path: string, body?: unknown, headers?: object): Promise<Served> =>
    request('POST', path, body, headers);
  const itemsOf = async (path: string): Promise<ReadonlyArray<Json>> =>
    (await get(path)).body['items'] as ReadonlyArray<Json>;
  const idOf = async (path: string, body?: unknown): Promise<string> => String((await post(path, body)).body['id']);

  before(async () => {
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    const environment = {
      PORT: String(port),
      KAFKA_BROKERS: broker.servers,
      KAFKA_TOPIC_PREFIX: prefix,
      // An effect, to be shown and paused; nobody listens there.
      DELIVERY_WEBHOOK_URL: 'http://127.0.0.1:9/',
      DELIVERY_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
      DELIVERY_WEBHOOK_TO_PRIVATE: 'true',
    };
    const folder = mkdtempSync(join(tmpdir(), 'tidemark-answers-'));
    server = startTidemark(['serve'], { ...environment, DATA_DIR: folder });
    await eventually('the server is ready', () => isReady(url));
    await stockUp(url, '');
    for (let index = 0; index < 5; index += 1) await playOrder(url, '', index);
    await produceRaw(broker.servers, { topic: `${prefix}orders`, partition: 0, key: 'x', value: Buffer.from('{') });
    contract = answerContract((await get('/openapi.json')).body);
    await eventually('the record is a dead letter', async () => (await itemsOf('/ops/dead-letters')).length > 0);
  });
  after(async () => {
    await server?.end('SIGKILL');
  });

  test('to commands and queries are as its document says', async () => {
    await post('/orders/a/place', PLACE, { 'idempotency-key': 'k' });
    await post('/orders/a/place', PLACE, { 'idempotency-key': 'k' });
    await post('/orders/a/place', { ...PLACE, currency: 'USD' }, { 'idempotency-key': 'k' });
    await post('/orders/a/place', PLACE);
    await post('/orders/a/place', { ...PLACE, lines: [] });
    await post('/orders/b/place?dryRun=true', PLACE);
    await post('/orders/b/confirm', { confirmedAt: '2018-03-01T08:00:00Z' });
    await post('/orders/a/place', '{"customerId":');
    await post('/orders/a/place', PLACE, { 'if-match': '"7"' });
    const views = await itemsOf('/views');
    for (const view of ['order-summary', 'stock-level', 'sales-by-day', 'customer-orders']) {
      const { key = [] } = views.find(({ name }) => name === view) ?? {};
      const pathOf = (row: Json): string => (key as string[]).map((column) => String(row[column])).join(':');
      const isSameRow = async (): Promise<boolean> => {
        const [first = {}] = await itemsOf(`/views/${view}?limit=2`);
        return isDeepStrictEqual((await get(`/views/${view}/${pathOf(first)}`)).body, first);
      };
      // The process manager's command on the new order may change a row between the two answers.
      await eventually(`the list and the row of ${view} are equal`, isSameRow);
    }
    await get('/views/order-summary/a', { 'consistency-token': 'order-a@1' });
    await get('/views/order-summary/nobody');
    await get('/views/nothing');
    await get('/views/order-summary?limit=none');
    await get('/streams/order-a?limit=1');
    await get('/streams/order-a?asOf=2018-03-01T08:00:00Z');
    const { etag } = await get('/streams/order-o0');
    await get('/streams/order-o0', { 'if-none-match': etag });
    await get('/streams/order-nobody');
    assert.equal(complaints, []);
  });

  test('to operators are as its document says', async () => {
    const lists = ['relay', 'groups', 'projections', 'stages', 'commands', 'requests'];
    for (const path of [...lists, 'events', 'audit', 'contracts', 'effects']) await get(`/ops/${path}`);
    const [event] = await itemsOf('/ops/events');
    await get(`/ops/correlations/${String(event?.['correlationId'])}`);
    await get('/ops/effects/delivery-webhook/results');
    for (const action of ['pause', 'drain', 'resume']) await post(`/ops/effects/delivery-webhook/${action}`);
    for (const path of ['/metrics', '/health/live', '/health/ready', '/schemas/OrderPlaced/1', '/problems'])
      await get(path);
    await get('/problems/overloaded');
    await get('/ops/explain/order-summary/o0');
    await get('/ops/explain/order-summary/nobody');

    const copy = await idOf('/ops/projections/stock-level/rebuild', { copy: 'friday', until: '7' });
    const rebuild = await idOf('/ops/projections/order-summary/rebuild', { from: 'store' });
    for (const id of [copy, rebuild]) {
      const isOver = async (): Promise<boolean> => (await get(`/ops/rebuilds/${id}`)).body['state'] === 'done';
      await eventually(`the rebuild ${id} is done`, isOver, 30_000);
    }
    await post('/ops/projections/stock-level/drop-copy', { copy: 'friday' });
    await post('/ops/projections/order-summary/drop-former');
    await post('/ops/projections/sales-by-day/rollback');
    const [two] = (await post('/ops/rebuilds', { projections: ['sales-by-day', 'stock-level'] })).body[
      'items'
    ] as Json[];
    await post(`/ops/rebuilds/${String(two?.['id'])}/cancel`);
    await post(`/ops/rebuilds/${rebuild}/accept-differences`);

    const [topic] = (await get('/ops/relay')).body['topics'] as ReadonlyArray<Json>;
    const place = { topic: topic?.['topic'], partition: 0, logId: topic?.['logId'] };
    const move = await idOf('/ops/groups/order-summary/offsets', { moves: [{ ...place, fromOffset: 1, toOffset: 0 }] });
    await get(`/ops/offset-moves/${move}`);
    await post('/ops/relay/skips', { eventId: 'order-a@1', reason: 'it blocks nothing' });
    await get('/ops/relay/skips/999');

    const [letter] = await itemsOf('/ops/dead-letters?class=malformed');
    const path = `/ops/dead-letters/${String(letter?.['id'])}`;
    await get(path);
    await get(`${path}/concerns`);
    await post(`${path}/assign`, { owner: 'ada' });
    await post(`${path}/note`, { note: 'not an event' });
    await post(`${path}/discard`, { reason: 'not ours' });
    await post('/ops/redrives', { group: letter?.['group'] });
    await get('/ops/redrives/999');
    await post('/ops/commands/fulfilment:999/release');
    await get('/ops/requests');
    assert.equal(complaints, []);
  });

  test('include every one that the document promises of a healthy installation', () => {
    const commands = /^POST \/(?:orders|stock|payments)\//;
    const promised = contract?.successes.filter((name) => !commands.test(name) && !ONLY_AFTER_FAULTS.has(name)) ?? [];
    assert.ok(promised.length > 30, `${promised.length}`);
    assert.equal(
      promised.filter((name) => !answered.has(name)),
      [],
    );
    for (const status of [200, 201]) assert.ok(answered.has(`POST /orders/{id}/place ${status}`), String(status));
  });
});
