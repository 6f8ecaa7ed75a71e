/** One order through three processes on a real Kafka, as a receiver of OTLP gets it: one connected trace. */
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { kafkaSpec } from '../support/kafka-spec';
import { otlpReceiver, type OtlpReceiver, type ReceivedSpan } from '../support/otlp-receiver';
import { eventually, freePort, isReady, startTidemark, type ServerProcess } from '../support/server';

const ROLES = {
  api: { OTEL_SERVICE_NAME: 'shop-api', LOG_LEVEL: 'debug' },
  relay: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json', OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop-relay' },
  'projections,reactors': { OTEL_SERVICE_NAME: 'shop-consumers' },
} as const;
type Roles = keyof typeof ROLES;

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT_SPAN_ID = '00f067aa0ba902b7';
const SAMPLED = `00-${TRACE_ID}-${CLIENT_SPAN_ID}-01`;

/** Values that stand in payloads alone. */
const PAYLOAD = ['customer-in-the-payload', '2018-03-01T08:17:43Z', '987654'] as const;

kafkaSpec('the trace of an order', ({ test, before, after }, broker) => {
  const prefix = broker.topicPrefix();
  const running = new Map<Roles, ServerProcess>();
  let receiver: OtlpReceiver;
  let url = '';

  const post = async (path: string, body: unknown, headers: Readonly<Record<string, string>>): Promise<void> => {
    const response = await fetch(`${url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
    assert.is(response.status, 201, await response.text());
  };
  const place = (orderId: string, headers: Readonly<Record<string, string>>): Promise<void> =>
    post(
      `/orders/${orderId}/place`,
      {
        customerId: PAYLOAD[0],
        currency: 'EUR',
        placedAt: PAYLOAD[1],
        lines: [{ sku: 's1', quantity: 1, unitPrice: Number(PAYLOAD[2]), freight: 0 }],
      },
      headers,
    );

  const spansOf = (traceId: string): ReadonlyArray<ReceivedSpan> =>
    receiver.spans.filter((span) => span.traceId === traceId);
  /** The names from the first span to this one, without the prefix of the topics. */
  const pathOf = (span: ReceivedSpan): string => {
    const parent = receiver.spans.find(({ spanId }) => spanId === span.parentSpanId);
    const name = span.name.replace(prefix, '');
    return parent === undefined ? name : `${pathOf(parent)} > ${name}`;
  };
  const processed = (): ReadonlyArray<ReceivedSpan> =>
    spansOf(TRACE_ID).filter(({ name }) => name.startsWith('process '));

  before(async () => {
    receiver = await otlpReceiver();
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    for (const [roles, settings] of Object.entries(ROLES) as [Roles, Readonly<Record<string, string>>][]) {
      running.set(
        roles,
        startTidemark(['serve', '--json', '--roles', roles], {
          PORT: String(port),
          DATA_DIR: dataDirectory,
          KAFKA_BROKERS: broker.servers,
          KAFKA_TOPIC_PREFIX: prefix,
          OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
          OTEL_BSP_SCHEDULE_DELAY: '100',
          ...settings,
        }),
      );
    }
    await eventually('the API is ready', () => isReady(url), 60_000);
    await post(
      '/stock/s1/receive',
      { receiptId: 'r1', quantity: 10, receivedAt: '2018-02-01T00:00:00Z' },
      { traceparent: `00-${'1'.repeat(32)}-${CLIENT_SPAN_ID}-00` },
    );
    await place('o1', { traceparent: SAMPLED, tracestate: 'vendor=opaque' });
  });
  after(async () => {
    for (const server of running.values()) await server.end('SIGKILL');
    await receiver.close();
  });

  const dataDirectory = mkdtempSync(join(tmpdir(), 'tidemark-tracing-'));
  const ORDER = 'POST /orders/:id/place > create orders';
  const RESERVATION = `${ORDER} > process orders > POST stock/reserve > POST /stock/:id/reserve > create stock`;

  test('reaches from the request over the commands of the process manager to the rows of their events', async () => {
    const isThere = (path: string): boolean => spansOf(TRACE_ID).some((span) => pathOf(span) === path);
    for (const path of [
      ORDER,
      `${ORDER} > send orders`,
      `${ORDER} > process orders`,
      RESERVATION,
      `${RESERVATION} > send stock`,
      `${RESERVATION} > process stock`,
    ]) {
      await eventually(path, async () => Promise.resolve(isThere(path)));
    }
  });

  test('is connected: each span follows from another one, and the first from the client', async () => {
    const groups = (): ReadonlySet<unknown> =>
      new Set(processed().map(({ attributes }) => attributes['messaging.consumer.group.name']));
    await eventually('the groups have processed', async () =>
      Promise.resolve(groups().size >= 3 && groups().has('fulfilment') && groups().has('order-summary')),
    );
    const ids = new Set([CLIENT_SPAN_ID, ...spansOf(TRACE_ID).map(({ spanId }) => spanId)]);
    await eventually('all spans have arrived', async () =>
      Promise.resolve(spansOf(TRACE_ID).every(({ parentSpanId }) => ids.has(parentSpanId))),
    );
    const roots = spansOf(TRACE_ID).filter(({ parentSpanId }) => parentSpanId === CLIENT_SPAN_ID);
    assert.equal(
      roots.map(({ name, kind, service, traceState }) => [name, kind, service, traceState]),
      [['POST /orders/:id/place', 'server', 'shop-api', 'vendor=opaque']],
    );
    assert.ok(groups().has('fulfilment') && groups().has('order-summary'), [...groups()].join());
    assert.equal(new Set(spansOf(TRACE_ID).map(({ service }) => service)).size, 3);
    assert.not.ok(spansOf(TRACE_ID).some(({ isFailed }) => isFailed));
  });

  test('says of each message what the conventions ask for', () => {
    const created = spansOf(TRACE_ID).find(({ name }) => name === `create ${prefix}orders`);
    const sent = spansOf(TRACE_ID).find(({ name }) => name === `send ${prefix}orders`);
    const [consumed] = processed().filter(({ name }) => name === `process ${prefix}orders`);
    assert.equal([created?.kind, sent?.kind, consumed?.kind], ['producer', 'client', 'consumer']);
    for (const span of [sent, consumed]) {
      assert.equal(span?.links, [created?.spanId]);
      const { attributes = {} } = span ?? {};
      assert.is(attributes['messaging.system'], 'kafka');
      assert.is(attributes['messaging.destination.name'], `${prefix}orders`);
      assert.is(attributes['messaging.message.id'], 'order-o1@1');
      assert.is(typeof attributes['messaging.message.conversation_id'], 'string');
      assert.match(String(attributes['messaging.destination.partition.id']), /^\d+$/);
      assert.is(attributes['messaging.kafka.message.key'], 'o1');
    }
    assert.is(sent?.attributes['messaging.operation.type'], 'send');
    assert.is(consumed?.attributes['messaging.operation.type'], 'process');
    assert.is(consumed?.attributes['messaging.kafka.offset'], 0);
  });

  test('comes in protobuf, and in JSON where it is asked for', () => {
    assert.equal([...receiver.contentTypes].sort(), ['application/json', 'application/x-protobuf']);
  });

  test('stays away where the client has decided against it, and the context is passed on all the same', async () => {
    const unsampled = `00-${'2'.repeat(32)}-${CLIENT_SPAN_ID}-00`;
    await place('o2', { traceparent: unsampled });
    await eventually('the reservation of the order', async () => {
      const response = await fetch(`${url}/streams/stock-s1?limit=100`);
      const { items } = (await response.json()) as { items: { traceparent?: string }[] };
      return items.some(({ traceparent = '' }) => traceparent.startsWith(`00-${'2'.repeat(32)}`));
    });
    assert.equal(spansOf('2'.repeat(32)), []);
  });

  const linesOf = (roles: Roles): ReadonlyArray<Readonly<Record<string, unknown>>> =>
    (running.get(roles)?.output() ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

  test('is found in the log by its id, with the ids of its commands and events', () => {
    const line = linesOf('api').find(({ traceId, command }) => traceId === TRACE_ID && command === 'place');
    const { level, roles, stream, outcome, eventIds, correlationId, causationId, msg } = line ?? {};
    assert.equal(
      { level, roles, stream, outcome, eventIds, msg },
      {
        level: 20,
        roles: 'api',
        stream: 'order-o1',
        outcome: 'Accepted',
        eventIds: ['order-o1@1'],
        msg: 'a command was accepted',
      },
    );
    assert.match(String(causationId), /^request:/);
    assert.is(typeof correlationId, 'string');
    const reserve = linesOf('api').find(({ traceId, command }) => traceId === TRACE_ID && command === 'reserve');
    assert.equal([reserve?.['causationId'], reserve?.['correlationId']], ['order-o1@1', correlationId]);
  });

  test('leaves lines of one shape in every process, and no value of a payload in any of them', () => {
    for (const roles of Object.keys(ROLES) as Roles[]) {
      const lines = linesOf(roles);
      assert.ok(lines.length > 0, roles);
      for (const line of lines) {
        assert.equal(
          [typeof line['level'], typeof line['time'], line['roles'], typeof line['msg']],
          [...['number', 'string', roles, 'string']],
        );
      }
      for (const value of PAYLOAD) assert.not.ok(running.get(roles)?.output().includes(value), `${roles}: ${value}`);
    }
  });

  test('is exported to its end when the processes stop', async () => {
    await place('o3', { traceparent: `00-${'3'.repeat(32)}-${CLIENT_SPAN_ID}-01` });
    assert.is(await running.get('api')?.end('SIGTERM'), 0);
    assert.ok(spansOf('3'.repeat(32)).some(({ name }) => name === 'POST /orders/:id/place'));
  });
});
