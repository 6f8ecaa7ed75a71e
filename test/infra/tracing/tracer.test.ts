/** The tracer on its own: what is off costs nothing, and an exporter that fails or hangs disturbs nobody. */
import * as assert from 'uvu/assert';
import { systemClock } from '../../../infra/clock';
import { readConfiguration, type TracingSettings } from '../../../infra/configuration';
import { inMemoryLog } from '../../../infra/kafka/memory/in-memory-log';
import { silentLogger, type Logger } from '../../../infra/logger';
import { openTracer } from '../../../infra/tracing/open-tracer';
import { processSpans } from '../../../infra/tracing/process-spans';
import { tracedCommands } from '../../../infra/tracing/command-spans';
import { tracedLog } from '../../../infra/tracing/traced-log';
import { isSampled, noTracer, type Tracer } from '../../../infra/tracing/tracer';
import { spec } from '../../spec';
import { localServer } from '../../support/local-server';
import { otlpReceiver } from '../../support/otlp-receiver';
import { freePort } from '../../support/server';

const SAMPLED = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
const UNSAMPLED = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00';
const FLUSH_MS = 200;

const settingsFor = (endpoint: string, more: Readonly<Record<string, string>> = {}): TracingSettings => {
  const { tracing } = readConfiguration({
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_BSP_SCHEDULE_DELAY: '5',
    ...more,
  });
  if (tracing === undefined) throw new Error('tracing is off');
  return tracing;
};

const open = (settings: TracingSettings, logger: Logger = silentLogger): Promise<Tracer> =>
  openTracer({ settings, clock: systemClock, logger, flushMs: FLUSH_MS });

const endSpans = (tracer: Tracer, count: number): void => {
  for (let index = 0; index < count; index += 1)
    tracer.start({ name: `span ${index}`, kind: 'server', attributes: {} }).end();
};

spec('tracing that is off', ({ test }) => {
  test('leaves every function and the log as they are', async () => {
    const tracer = await openTracer({ settings: undefined, clock: systemClock, logger: silentLogger, flushMs: 1 });
    assert.is(tracer, noTracer);
    const log = inMemoryLog({ clock: systemClock });
    assert.is(tracedLog(log, tracer), log);
    const handle: Parameters<typeof tracedCommands>[0] = () => () => Promise.reject(new Error('not called'));
    assert.is(tracedCommands(handle, tracer), handle);
    const apply = async (): Promise<void> => Promise.resolve();
    const { around, traceparentOf } = processSpans(tracer, 'group');
    assert.is(around(apply), apply);
    assert.is(traceparentOf({ id: 'order-1@1', traceparent: SAMPLED }), SAMPLED);
  });

  test('is not even loaded', () => {
    const isLoaded = Object.keys(require.cache).some((file) => file.includes('/@opentelemetry/sdk-trace/'));
    assert.not.ok(isLoaded);
  });
});

spec('tracing that is on', ({ test }) => {
  test('reads from the flags alone whether a context is sampled', () => {
    assert.equal([isSampled(SAMPLED), isSampled(UNSAMPLED), isSampled('')], [true, false, false]);
  });

  test('continues the trace of its parent, and begins one without', async () => {
    const receiver = await otlpReceiver();
    const tracer = await open(settingsFor(receiver.url, { OTEL_SERVICE_NAME: 'shop' }));
    const parent = { traceparent: SAMPLED, tracestate: 'vendor=1' };
    const child = tracer.start({
      name: 'child',
      kind: 'client',
      parent,
      isLinked: true,
      attributes: { a: 1, b: undefined },
    });
    const root = tracer.start({ name: 'root', kind: 'server', attributes: {} });
    child.end({ failure: 'Broken' });
    child.end();
    root.end();
    await tracer.stop();
    await receiver.close();
    assert.match(child.context.traceparent, /^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
    assert.is(child.context.tracestate, 'vendor=1');
    const found = receiver.spans.map(({ service, name, parentSpanId, links, isFailed, attributes }) => ({
      ...{ service, name, parentSpanId, links, isFailed, attributes },
    }));
    assert.equal(found, [
      {
        ...{ service: 'shop', name: 'child', parentSpanId: '00f067aa0ba902b7', links: ['00f067aa0ba902b7'] },
        ...{ isFailed: true, attributes: { a: 1, 'error.type': 'Broken' } },
      },
      { service: 'shop', name: 'root', parentSpanId: '', links: [], isFailed: false, attributes: {} },
    ]);
  });

  test('keeps a share of new traces, and follows the decision of a parent', async () => {
    const receiver = await otlpReceiver();
    const none = { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' };
    const tracer = await open(settingsFor(receiver.url, none));
    const root = tracer.start({ name: 'root', kind: 'server', attributes: {} });
    const unwanted = tracer.start({ name: 'no', kind: 'server', parent: { traceparent: UNSAMPLED }, attributes: {} });
    const wanted = tracer.start({ name: 'yes', kind: 'server', parent: { traceparent: SAMPLED }, attributes: {} });
    for (const span of [root, unwanted, wanted]) span.end();
    await tracer.stop();
    await receiver.close();
    assert.equal(
      receiver.spans.map(({ name }) => name),
      ['yes'],
    );
    assert.not.ok(isSampled(root.context.traceparent));
  });

  const warningsOf = (): { readonly logger: Logger; readonly lines: Readonly<Record<string, unknown>>[] } => {
    const lines: Readonly<Record<string, unknown>>[] = [];
    return { lines, logger: { ...silentLogger, warn: (fields, message) => void lines.push({ ...fields, message }) } };
  };

  test('says once that its receiver is away, and stops within its time', async () => {
    const { lines, logger } = warningsOf();
    const tracer = await open(
      settingsFor(`http://127.0.0.1:${await freePort()}`, { OTEL_EXPORTER_OTLP_TIMEOUT: '50' }),
      logger,
    );
    for (let batch = 0; batch < 3; batch += 1) {
      endSpans(tracer, 10);
      await systemClock.sleep(20);
    }
    await tracer.stop();
    assert.equal(
      lines.map(({ message }) => message),
      ['spans could not be exported: they are lost'],
    );
  });

  test('keeps a bounded number of spans while its receiver hangs, and leaves it behind at a stop', async () => {
    const server = await localServer(() => undefined);
    const bounds = { OTEL_BSP_MAX_QUEUE_SIZE: '20', OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '10' };
    const tracer = await open(settingsFor(server.url, bounds));
    const startedMs = systemClock.monotonicMs();
    endSpans(tracer, 5_000);
    await tracer.stop();
    assert.ok(systemClock.monotonicMs() - startedMs < 5_000, 'less than the time limit of a request');
    // One batch was under way, and what the queue holds was tried at the stop.
    assert.ok(server.requests.length >= 1 && server.requests.length <= 3, String(server.requests.length));
    await server.close();
  });
});

spec('the settings of tracing', ({ test }) => {
  const read = (more: Readonly<Record<string, string>>): TracingSettings | undefined => readConfiguration(more).tracing;
  const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318/' };

  test('are absent without an endpoint, and where tracing is switched off', () => {
    assert.is(read({}), undefined);
    assert.is(read({ ...ENDPOINT, OTEL_SDK_DISABLED: 'true' }), undefined);
    assert.is(read({ ...ENDPOINT, OTEL_TRACES_EXPORTER: 'none' }), undefined);
  });

  test("have OpenTelemetry's defaults", () => {
    assert.equal(read(ENDPOINT), {
      endpoint: 'http://collector:4318/v1/traces',
      protocol: 'http/protobuf',
      headers: {},
      requestTimeoutMs: 10_000,
      serviceName: 'tidemark',
      resource: {},
      sampler: 'parentbased_always_on',
      samplerRatio: 1,
      maxQueueSpans: 2_048,
      maxBatchSpans: 512,
      exportDelayMs: 5_000,
      exportTimeoutMs: 30_000,
    });
  });

  test('prefer what is said of traces alone, and decode pairs', () => {
    const found = read({
      ...ENDPOINT,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://traces.example/in',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1, b=two%20words',
      OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'a=3',
      OTEL_RESOURCE_ATTRIBUTES: 'service.name=shop,deployment.environment.name=test',
    });
    assert.is(found?.endpoint, 'https://traces.example/in');
    assert.equal(found?.headers, { a: '3', b: 'two words' });
    assert.is(found?.serviceName, 'shop');
  });

  for (const [name, value] of [
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'grpc'],
    ['OTEL_TRACES_SAMPLER', 'jaeger_remote'],
    ['OTEL_TRACES_SAMPLER_ARG', '2'],
    ['OTEL_BSP_MAX_QUEUE_SIZE', '0'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector'],
  ] as const) {
    test(`refuse ${name}=${value} with what it takes`, () => {
      assert.throws(() => read({ ...ENDPOINT, [name]: value }), new RegExp(`${name} is '${value}'; it takes`));
    });
  }

  test('never show a header, which may hold a secret', () => {
    assert.throws(
      () => read({ ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'sesame' }),
      (error: Error) => error.message.includes('OTEL_EXPORTER_OTLP_HEADERS') && !error.message.includes('sesame'),
    );
  });
});
