/** The OTLP/HTTP exporter: a failure is logged at most once a minute, and disturbs nobody. */
import type { Agent } from 'node:http';
import type { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import type { SpanExporter } from '@opentelemetry/sdk-trace';
import type { OpenTelemetryOptions } from './tracing-options';

const WARNING_INTERVAL_MS = 60_000;

export interface AbandonableExporter extends SpanExporter {
  /** Ends the connections, also those of an export that hangs. */
  readonly abandon: () => void;
}

/** Opens the exporter for the protocol of the settings. */
export const openExporter = async ({
  settings,
  clock,
  logger,
}: Pick<OpenTelemetryOptions, 'settings' | 'clock' | 'logger'>): Promise<AbandonableExporter> => {
  const agents = new Set<Agent>();
  let isOver = false;
  const exporter = await otlpExporter(settings.protocol, {
    url: settings.endpoint,
    // Asked for at every attempt: the exporter has no other way to end its retries.
    headers: () => {
      if (isOver) return Promise.reject(new Error('tracing has stopped'));
      return Promise.resolve({ ...settings.headers });
    },
    timeoutMillis: settings.requestTimeoutMs,
    httpAgentOptions: async (protocol: string) => {
      const { Agent: ForProtocol } = protocol === 'https:' ? await import('node:https') : await import('node:http');
      const agent = new ForProtocol({ keepAlive: true });
      agents.add(agent);
      return agent;
    },
  });
  let warnedAtMs = -Infinity;
  let lostSpans = 0;
  const noteLoss = (spans: number, error: Error): void => {
    lostSpans += spans;
    if (isOver || clock.monotonicMs() - warnedAtMs < WARNING_INTERVAL_MS) return;
    warnedAtMs = clock.monotonicMs();
    logger.warn({ spans: lostSpans, reason: error.message }, 'spans could not be exported: they are lost');
    lostSpans = 0;
  };
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error !== undefined) noteLoss(spans.length, result.error);
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    abandon: () => {
      isOver = true;
      for (const agent of agents) agent.destroy();
    },
  };
};

type ExporterOptions = ConstructorParameters<typeof OTLPTraceExporter>[0];

const otlpExporter = async (
  protocol: 'http/protobuf' | 'http/json',
  options: ExporterOptions,
): Promise<SpanExporter> => {
  const { OTLPTraceExporter: Exporter } =
    protocol === 'http/json'
      ? await import('@opentelemetry/exporter-trace-otlp-http')
      : await import('@opentelemetry/exporter-trace-otlp-proto');
  return new Exporter(options);
};
