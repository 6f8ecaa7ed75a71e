/** The settings of tracing: OpenTelemetry's own variables, with its names, defaults and meanings. */
import { ConfigurationError, integer, oneOf, text, url, type Environment } from './values';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/** Where spans go, and which. */
export interface TracingSettings {
  /** Where requests of OTLP/HTTP are posted, the path of traces included. */
  readonly endpoint: string;
  readonly protocol: 'http/protobuf' | 'http/json';
  /** Sent with each request; may hold secrets. */
  readonly headers: Readonly<Record<string, string>>;
  readonly requestTimeoutMs: number;
  readonly serviceName: string;
  /** Further attributes of this process. */
  readonly resource: Readonly<Record<string, string>>;
  readonly sampler: (typeof SAMPLERS)[number];
  /** The share of traces that a sampler by ratio keeps, 0 to 1. */
  readonly samplerRatio: number;
  /** Upper limit on spans that wait for their export; more are dropped. */
  readonly maxQueueSpans: number;
  readonly maxBatchSpans: number;
  readonly exportDelayMs: number;
  readonly exportTimeoutMs: number;
}

/** Undefined where no endpoint is set, or tracing is switched off. Throws {@link ConfigurationError}. */
export const tracingSettings = (environment: Environment): TracingSettings | undefined => {
  const endpoint = tracesEndpoint(environment);
  const isDisabled = oneOf(environment, 'OTEL_SDK_DISABLED', ['true', 'false'], 'false') === 'true';
  const exporter = oneOf(environment, 'OTEL_TRACES_EXPORTER', ['otlp', 'none'], 'otlp');
  if (endpoint === undefined || isDisabled || exporter === 'none') return undefined;
  const resource = pairs(environment, 'OTEL_RESOURCE_ATTRIBUTES');
  return {
    endpoint,
    protocol: oneOf(
      environment,
      forTraces(environment, 'PROTOCOL'),
      ['http/protobuf', 'http/json'] as const,
      'http/protobuf',
    ),
    headers: { ...pairs(environment, `${OTLP}HEADERS`), ...pairs(environment, `${OTLP}TRACES_HEADERS`) },
    requestTimeoutMs: integer(environment, forTraces(environment, 'TIMEOUT'), 10_000, 1, 600_000),
    serviceName: text(environment, 'OTEL_SERVICE_NAME') ?? resource['service.name'] ?? 'tidemark',
    resource,
    sampler: oneOf(environment, 'OTEL_TRACES_SAMPLER', SAMPLERS, 'parentbased_always_on'),
    samplerRatio: ratio(environment, 'OTEL_TRACES_SAMPLER_ARG'),
    maxQueueSpans: integer(environment, 'OTEL_BSP_MAX_QUEUE_SIZE', 2_048, 1, 1_000_000),
    maxBatchSpans: integer(environment, 'OTEL_BSP_MAX_EXPORT_BATCH_SIZE', 512, 1, 100_000),
    exportDelayMs: integer(environment, 'OTEL_BSP_SCHEDULE_DELAY', 5_000, 1, 600_000),
    exportTimeoutMs: integer(environment, 'OTEL_BSP_EXPORT_TIMEOUT', 30_000, 1, 600_000),
  };
};

const OTLP = 'OTEL_EXPORTER_OTLP_';

/** The variable for traces alone goes first. */
const forTraces = (environment: Environment, name: string): string => {
  const own = `${OTLP}TRACES_${name}`;
  return text(environment, own) === undefined ? `${OTLP}${name}` : own;
};

/** The general endpoint is a base that the path of traces is appended to; the one for traces is used as it is. */
const tracesEndpoint = (environment: Environment): string | undefined => {
  const own = url(environment, `${OTLP}TRACES_ENDPOINT`);
  if (own !== undefined) return own;
  const base = url(environment, `${OTLP}ENDPOINT`);
  return base === undefined ? undefined : `${base}/v1/traces`;
};

/** `name=value` pairs, separated by commas, with values percent-encoded. The message shows no value: it may be a secret. */
const pairs = (environment: Environment, name: string): Readonly<Record<string, string>> => {
  const entries = (text(environment, name) ?? '').split(',').filter((entry) => entry.trim() !== '');
  return Object.fromEntries(
    entries.map((entry) => {
      const [, key, value] = /^\s*([^=\s]+)\s*=\s*(.*?)\s*$/.exec(entry) ?? [];
      const decoded = value === undefined ? undefined : percentDecoded(value);
      if (key !== undefined && decoded !== undefined) return [key, decoded];
      throw new ConfigurationError(`${name} can't be read; it takes <name>=<value>, several separated by commas`);
    }),
  );
};

const percentDecoded = (value: string): string | undefined => {
  try {
    return decodeURIComponent(value);
  } catch {
    return undefined;
  }
};

const ratio = (environment: Environment, name: string): number => {
  const value = text(environment, name);
  if (value === undefined) return 1;
  const parsed = /^(?:0|1|0?\.\d{1,15}|1\.0{1,15}|0\.\d{1,15})$/.test(value) ? Number(value) : Number.NaN;
  if (parsed >= 0 && parsed <= 1) return parsed;
  throw new ConfigurationError(`${name} is '${value}'; it takes a number from 0 to 1`);
};
