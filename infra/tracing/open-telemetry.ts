/** The tracer on OpenTelemetry's SDK, with spans exported in batches over OTLP/HTTP. Loaded only where tracing is on. */
import {
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  TraceFlags,
  type Context,
  type SpanContext,
} from '@opentelemetry/api';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
  type Sampler,
} from '@opentelemetry/sdk-trace';
import type { TracingSettings } from '../configuration';
import type { OpenTelemetryOptions } from './tracing-options';
import { openExporter } from './span-exporter';
import type { Span, SpanAttributes, SpanStart, TraceContext, Tracer } from './tracer';

/** Opens the tracer; nothing is sent before the first span has ended. */
export const openTelemetryTracer = async (options: OpenTelemetryOptions): Promise<Tracer> => {
  const { settings, clock, flushMs } = options;
  const exporter = await openExporter(options);
  const processor = new BatchSpanProcessor({
    exporter,
    maxQueueSize: settings.maxQueueSpans,
    maxExportBatchSize: Math.min(settings.maxBatchSpans, settings.maxQueueSpans),
    scheduledDelayMillis: settings.exportDelayMs,
    exportTimeoutMillis: settings.exportTimeoutMs,
  });
  const provider = new TracerProvider({
    sampler: samplerOf(settings),
    resource: resourceFromAttributes({ ...settings.resource, 'service.name': settings.serviceName }),
    spanProcessors: [processor],
  });
  const spans = provider.getTracer('tidemark');
  return {
    isOn: true,
    start: ({ name, kind, parent, isLinked = false, attributes }) => {
      const parentContext = parent === undefined ? undefined : spanContextOf(parent);
      const links = isLinked && parentContext !== undefined ? [{ context: parentContext }] : [];
      const span = spans.startSpan(name, { kind: KINDS[kind], attributes, links }, contextUnder(parentContext));
      return {
        context: textOf(span.spanContext()),
        end: ({ failure, attributes: more } = {}) => {
          if (!span.isRecording()) return;
          if (more !== undefined) span.setAttributes(withoutAbsent(more));
          if (failure !== undefined) {
            span.setAttribute('error.type', failure);
            span.setStatus({ code: SpanStatusCode.ERROR });
          }
          span.end();
        },
      } satisfies Span;
    },
    stop: async () => {
      const over = new AbortController();
      await Promise.race([provider.shutdown().catch(() => undefined), clock.sleep(flushMs, over.signal)]);
      over.abort();
      // An export that hangs must not keep the process.
      exporter.abandon();
    },
  };
};

const KINDS: Readonly<Record<SpanStart['kind'], SpanKind>> = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
};

const withoutAbsent = (attributes: SpanAttributes): Readonly<Record<string, string | number>> =>
  Object.fromEntries(
    Object.entries(attributes).filter((entry): entry is [string, string | number] => entry[1] !== undefined),
  );

const contextUnder = (parent: SpanContext | undefined): Context =>
  parent === undefined ? ROOT_CONTEXT : trace.setSpanContext(ROOT_CONTEXT, parent);

/** The texts have been checked where they came in; the SDK ignores an invalid context. */
const spanContextOf = ({ traceparent, tracestate }: TraceContext): SpanContext => {
  const [, traceId = '', spanId = '', flags = ''] = traceparent.split('-');
  return {
    traceId,
    spanId,
    traceFlags: Number.parseInt(flags, 16) & TraceFlags.SAMPLED,
    isRemote: true,
    ...(tracestate === undefined ? {} : { traceState: createTraceState(tracestate) }),
  };
};

const textOf = ({ traceId, spanId, traceFlags, traceState }: SpanContext): TraceContext => {
  const traceparent = `00-${traceId}-${spanId}-0${traceFlags & TraceFlags.SAMPLED}`;
  const tracestate = traceState?.serialize() ?? '';
  return tracestate === '' ? { traceparent } : { traceparent, tracestate };
};

const samplerOf = ({ sampler, samplerRatio }: TracingSettings): Sampler => {
  switch (sampler) {
    case 'always_on':
      return new AlwaysOnSampler();
    case 'always_off':
      return new AlwaysOffSampler();
    case 'traceidratio':
      return new TraceIdRatioBasedSampler(samplerRatio);
    case 'parentbased_always_on':
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case 'parentbased_always_off':
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case 'parentbased_traceidratio':
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplerRatio) });
  }
};
