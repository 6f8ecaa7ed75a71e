/** The only file that reads the environment. Every setting has a name, a default, and an error message that says what to do. */
import { isIPv4, isIPv6 } from 'node:net';
import { resolve } from 'node:path';
import { settingValue, valuesOf, type SettingDeclarations, type SettingValues } from '../domain/kernel/setting';
import { apiKeys, ownApiKey, type ApiKey } from './configuration/access-keys';
import { kafkaConnection, topicPrefix, type KafkaConnection } from './configuration/kafka-connection';
import { tracingSettings, type TracingSettings } from './configuration/tracing';
import { ConfigurationError, integer, oneOf, text, uriReference, url, type Environment } from './configuration/values';
import { LOG_LEVELS, type LogLevel } from './logger';

export type { AccessRole, ApiKey } from './configuration/access-keys';
export { settingsFor, type KafkaConnection } from './configuration/kafka-connection';
export { canonicalName, settingNames, variableOf } from './configuration/kafka-names';
export type { KafkaOAuth, TokenEndpoint } from './configuration/kafka-oauth';
export { refuseExposed, refuseReactorsWithoutKey } from './configuration/exposure';
export type { TracingSettings } from './configuration/tracing';
export { ConfigurationError } from './configuration/values';

/** How records are written: as one JSON value (structured), or with attributes as headers (binary). */
export type CloudEventsMode = 'structured' | 'binary';

export interface Configuration {
  readonly host: string;
  readonly port: number;
  /** Where this process, whatever its roles are, answers for metrics and health; absent: nowhere. */
  readonly ops?: { readonly host: string; readonly port: number };
  readonly dataDirectory: string;
  /** Absent: the embedded broker. */
  readonly kafka?: KafkaConnection;
  /** Prefix of every topic's name, so that several installations can share a cluster. */
  readonly topicPrefix: string;
  /** Whether the relay sends heartbeats through Kafka, and groups read them. */
  readonly heartbeats: boolean;
  readonly cloudEventsMode: CloudEventsMode;
  /** Accept topics other than those that the data was published to, by publishing everything again. */
  readonly acceptNewLog: boolean;
  /** Empty: no key is required. */
  readonly apiKeys: ReadonlyArray<ApiKey>;
  /** The key that this program's own clients (reactors, command line) send. */
  readonly apiKey?: string;
  /** Host names, besides loopback and IP addresses, that requests to the API may use; `*` for any. */
  readonly allowedHosts: ReadonlyArray<string>;
  /** Where clients find the API. */
  readonly baseUrl: string;
  /** Where consumers find the schemas that events name in `dataschema`; `/<type>/<version>` is appended. */
  readonly schemaBaseUrl: string;
  /** The `source` of every published event; absent: `/tidemark/<store id>/<category>`. */
  readonly eventSource?: string;
  /** Events that the relay publishes in an older version, until consumers are ready, by event name. */
  readonly writeVersions: ReadonlyMap<string, number>;
  /** Effects whose calls are logged and recorded as such, and not made; `all` for every one. */
  readonly effectsDryRun: ReadonlyArray<string>;
  /** What to do at start if the program's events differ from the contracts' lock. */
  readonly contractDrift: 'refuse' | 'warn';
  /** Requests per second and client; 0 for no limit. */
  readonly rateLimitPerSecond: number;
  /** Upper limit on a request body. */
  readonly bodyLimitBytes: number;
  /** Upper limit on waiting appends; beyond it new commands are rejected with 503. */
  readonly appendQueueLimit: number;
  /** How long a writer that no longer renews its lease blocks a successor. */
  readonly leaseTtlMs: number;
  /** How long responses are remembered by their idempotency keys. */
  readonly idempotencyTtlMs: number;
  /** Upper limit on the time from the signal to the end of the process. */
  readonly shutdownDeadlineMs: number;
  /** The least important level of the program's log that is written. */
  readonly logLevel: LogLevel;
  /** Absent: no spans are made. */
  readonly tracing?: TracingSettings;
  readonly ordersDirectory?: string;
  /** Warnings to be logged at start. */
  readonly warnings?: ReadonlyArray<string>;
}

/**
 * Call it before the first asynchronous I/O: each Kafka consumer occupies a thread of libuv's pool while it waits for records,
 * and the default of four threads would starve the rest (file access, name resolution).
 */
export const prepareProcess = (): void => {
  process.env['UV_THREADPOOL_SIZE'] ??= '16';
};

/** Whether errors are printed with stacks; usable even if other settings are invalid. */
export const isDebugging = (environment: Environment = process.env): boolean =>
  environment['TIDEMARK_DEBUG'] === 'true' || environment['TIDEMARK_DEBUG'] === '1';

/**
 * Whether deciders, projections and process managers get frozen inputs, a development aid: `FREEZE_INPUTS`, else whether
 * `NODE_ENV` is `development`. Throws {@link ConfigurationError}.
 */
export const freezesInputs = (environment: Environment = process.env): boolean => {
  const otherwise = environment['NODE_ENV'] === 'development' ? 'true' : 'false';
  return oneOf(environment, 'FREEZE_INPUTS', ['true', 'false'], otherwise) === 'true';
};

/** A Kafka record holds at most a megabyte, including the event's attributes; larger bodies are rejected. */
const MAX_BODY_BYTES = 900_000;

/**
 * Reads the environment. Throws {@link ConfigurationError}.
 *
 * @example
 * ```ts
 * const configuration = readConfiguration({ ...process.env, PORT: '8081' });
 * ```
 */
export const readConfiguration = (environment: Environment = process.env): Configuration => {
  const warnings: string[] = [];
  const warn = (sentence: string): void => void warnings.push(sentence);
  // Not 0 (a port of the system's choice): nobody, including the reactors, would know where to find the API.
  const port = integer(environment, 'PORT', 8080, 1, 65_535);
  const host = listeningHost(environment);
  const kafka = kafkaConnection(environment, warn);
  const baseUrl = url(environment, 'BASE_URL') ?? `http://${reachable(host)}:${port}`;
  const apiKey = ownApiKey(environment, warn);
  const ordersDirectory = text(environment, 'ORDERS_DIR');
  const ops = opsAddress(environment);
  const tracing = tracingSettings(environment);
  const eventSource = uriReference(environment, 'EVENT_SOURCE');
  return {
    host,
    port,
    ...(ops === undefined ? {} : { ops }),
    dataDirectory: resolve(text(environment, 'DATA_DIR') ?? './data'),
    ...(kafka === undefined ? {} : { kafka }),
    topicPrefix: topicPrefix(environment),
    heartbeats: oneOf(environment, 'HEARTBEATS', ['true', 'false'], 'true') === 'true',
    cloudEventsMode: oneOf(environment, 'CLOUDEVENTS_MODE', ['structured', 'binary'], 'structured'),
    acceptNewLog: oneOf(environment, 'ACCEPT_NEW_LOG', ['true', 'false'], 'false') === 'true',
    apiKeys: apiKeys(environment, warn),
    ...(apiKey === undefined ? {} : { apiKey }),
    allowedHosts: allowedHosts(environment, host, baseUrl),
    baseUrl,
    schemaBaseUrl: url(environment, 'SCHEMA_BASE_URL') ?? `${baseUrl}/schemas`,
    ...(eventSource === undefined ? {} : { eventSource }),
    writeVersions: writeVersions(environment),
    effectsDryRun: namesIn(environment, 'EFFECTS_DRY_RUN'),
    contractDrift: oneOf(environment, 'CONTRACT_DRIFT', ['refuse', 'warn'], 'refuse'),
    rateLimitPerSecond: integer(environment, 'RATE_LIMIT_PER_SECOND', 0, 0, 1_000_000),
    bodyLimitBytes: integer(environment, 'BODY_LIMIT_BYTES', 524_288, 1_024, MAX_BODY_BYTES),
    appendQueueLimit: integer(environment, 'APPEND_QUEUE_LIMIT', 10_000, 1, 1_000_000),
    leaseTtlMs: integer(environment, 'LEASE_TTL_MS', 5_000, 300, 600_000),
    idempotencyTtlMs: integer(environment, 'IDEMPOTENCY_TTL_MS', 604_800_000, 1_000, 3_153_600_000_000),
    shutdownDeadlineMs: integer(environment, 'SHUTDOWN_DEADLINE_MS', 15_000, 100, 600_000),
    logLevel: oneOf(environment, 'LOG_LEVEL', LOG_LEVELS, 'info'),
    ...(tracing === undefined ? {} : { tracing }),
    ...(ordersDirectory === undefined ? {} : { ordersDirectory: resolve(ordersDirectory) }),
    ...(warnings.length === 0 ? {} : { warnings }),
  };
};

const namesIn = (environment: Environment, variable: string): ReadonlyArray<string> =>
  (text(environment, variable) ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');

const opsAddress = (environment: Environment): Configuration['ops'] => {
  const host = text(environment, 'OPS_HOST');
  if (text(environment, 'OPS_PORT') !== undefined) {
    return { host: host ?? '127.0.0.1', port: integer(environment, 'OPS_PORT', 0, 1, 65_535) };
  }
  if (host === undefined) return undefined;
  throw new ConfigurationError('OPS_HOST is set and OPS_PORT is not: set OPS_PORT to serve metrics and health there');
};

/** Reads an application's own settings; see {@link SettingDeclarations}. Throws {@link ConfigurationError}. */
export const readSettings = <S extends SettingDeclarations>(
  declarations: S,
  environment: Environment = process.env,
): SettingValues<S> =>
  valuesOf(declarations, (setting) => {
    const value = text(environment, setting.variable);
    if (value === undefined) return setting.default;
    const read = settingValue(setting, value);
    if (read !== undefined) return read;
    throw new ConfigurationError(
      `${setting.variable} is '${value}'; it takes ${setting.codec.name}: ${setting.meaning}`,
    );
  });

const HOST_NAME = /^[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?)*\.?$/;

/** The address to listen on; brackets around an IPv6 address are removed. */
const listeningHost = (environment: Environment): string => {
  const value = text(environment, 'HOST') ?? '127.0.0.1';
  const host = /^\[(.*)\]$/.exec(value)?.[1] ?? value;
  const isInBrackets = host !== value;
  // An invalid IPv4 address must not count as a name.
  const isName = HOST_NAME.test(host) && host.length <= 253 && !/(^|\.)(0[xX][0-9A-Fa-f]*|[0-9]+)\.?$/.test(host);
  if (isIPv6(host) || (!isInBrackets && (isIPv4(host) || isName))) return host;
  throw new ConfigurationError(
    `HOST is '${value}'; it takes an address of this machine, such as 127.0.0.1, ::1 or 0.0.0.0, or a name of it, without a port`,
  );
};

/** The host to connect to; a wildcard address is reached at loopback. */
const reachable = (host: string): string => {
  if (host.includes('%')) {
    throw new ConfigurationError(
      `HOST is '${host}': a URL can't contain the zone of an address, so set BASE_URL as well`,
    );
  }
  if (isIPv6(host) && new URL(`http://[${host}]`).hostname === '[::]') return '127.0.0.1';
  if (host === '0.0.0.0') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};

/** HOST and the host of BASE_URL are names of this server in all cases. */
const allowedHosts = (environment: Environment, host: string, baseUrl: string): ReadonlyArray<string> => {
  const named = (text(environment, 'ALLOWED_HOSTS') ?? '').split(',').map((name) => name.trim().toLowerCase());
  const names = named.filter((name) => name !== '');
  for (const name of names) {
    if (name === '*' || /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name)) continue;
    throw new ConfigurationError(
      `ALLOWED_HOSTS names '${name}'; it takes host names without ports, several separated by commas, or *`,
    );
  }
  return [...new Set([host.toLowerCase(), new URL(baseUrl).hostname.replace(/^\[(.*)\]$/, '$1'), ...names])];
};

const writeVersions = (environment: Environment): ReadonlyMap<string, number> => {
  const value = text(environment, 'WRITE_VERSIONS');
  if (value === undefined) return new Map();
  return new Map(
    value.split(',').map((entry) => {
      const [, name, version] = /^([A-Za-z0-9]+)=([1-9]\d{0,5})$/.exec(entry.trim()) ?? [];
      if (name !== undefined && version !== undefined) return [name, Number(version)];
      throw new ConfigurationError(
        `WRITE_VERSIONS holds '${entry}'; it takes <event>=<version>, several separated by commas`,
      );
    }),
  );
};
