/** The one file that reads the environment. Every setting has a name, a default, and an error that says what to do. */
import { resolve } from 'node:path';

/** How records are written: one JSON value with everything (structured), or attributes as headers (binary). */
export type CloudEventsMode = 'structured' | 'binary';

/** How to reach a real Kafka. */
export interface KafkaConnection {
  /** `host:port`, comma separated. */
  readonly brokers: string;
  readonly securityProtocol: 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl';
  readonly sslCaLocation?: string;
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: string };
}

/** What a caller who shows a key may do: `client` sends commands and reads, `operator` does everything. */
export type AccessRole = 'client' | 'operator';

export interface ApiKey {
  readonly name: string;
  readonly role: AccessRole;
  readonly key: string;
}

export interface Configuration {
  readonly host: string;
  readonly port: number;
  readonly dataDirectory: string;
  /** Absent: the embedded broker. */
  readonly kafka?: KafkaConnection;
  /** Put before every topic's name, so that several installations can share a cluster. */
  readonly topicPrefix: string;
  readonly cloudEventsMode: CloudEventsMode;
  /** Take on topics that are not the ones this data was published to, by publishing everything again. */
  readonly acceptNewLog: boolean;
  /** Empty: no key is asked for. */
  readonly apiKeys: ReadonlyArray<ApiKey>;
  /** The key that this program's own clients (reactors, command line) send. */
  readonly apiKey?: string;
  /** Names, beside loopback and addresses, under which the API takes requests; `*` for any. */
  readonly allowedHosts: ReadonlyArray<string>;
  /** Where clients find the API. */
  readonly baseUrl: string;
  /** Where consumers find the schemas that events name in `dataschema`; `/<type>/<version>` is put behind it. */
  readonly schemaBaseUrl: string;
  /** Events that the relay publishes in an older version, until consumers are ready: event name to version. */
  readonly writeVersions: ReadonlyMap<string, number>;
  /** Requests a second per client; 0 for no limit. */
  readonly rateLimitPerSecond: number;
  /** The largest request body taken. */
  readonly bodyLimitBytes: number;
  /** Appends that may wait for the disk before new commands are answered 503. */
  readonly appendQueueLimit: number;
  /** How long a writer that no longer renews its lease keeps a successor out. */
  readonly leaseTtlMs: number;
  /** How long an order may stay unpaid before it is cancelled, counted from when it was recorded. */
  readonly paymentTermMs: number;
  /** From the signal to the end of the process, at most. */
  readonly shutdownDeadlineMs: number;
  readonly ordersDirectory?: string;
}

/** A setting that can't be used: which, what is wrong with it, and what it takes. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/**
 * Before the first asynchronous I/O: each Kafka consumer holds a thread of libuv's pool while it waits for records, and
 * the default of four would starve the rest (file access, name look-ups).
 */
export const prepareProcess = (): void => {
  process.env['UV_THREADPOOL_SIZE'] ??= '16';
};

/** A Kafka record holds a megabyte at most, an event's attributes included: what no record can hold is not let in. */
const MOST_BODY_BYTES = 900_000;

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the environment. Throws {@link ConfigurationError}. */
export const readConfiguration = (environment: Environment = process.env): Configuration => {
  // Not 0, a port of the system's choice: nobody would know where to find the API, this program's reactors included.
  const port = integer(environment, 'PORT', 8080, 1, 65_535);
  const host = text(environment, 'HOST') ?? '127.0.0.1';
  const kafka = kafkaConnection(environment);
  const baseUrl = url(environment, 'BASE_URL') ?? `http://${reachable(host)}:${port}`;
  const apiKey = text(environment, 'API_KEY');
  const ordersDirectory = text(environment, 'ORDERS_DIR');
  return {
    host,
    port,
    dataDirectory: resolve(text(environment, 'DATA_DIR') ?? './data'),
    ...(kafka === undefined ? {} : { kafka }),
    topicPrefix: topicPrefix(environment),
    cloudEventsMode: oneOf(environment, 'CLOUDEVENTS_MODE', ['structured', 'binary'], 'structured'),
    acceptNewLog: oneOf(environment, 'ACCEPT_NEW_LOG', ['true', 'false'], 'false') === 'true',
    apiKeys: apiKeys(environment),
    ...(apiKey === undefined ? {} : { apiKey }),
    allowedHosts: allowedHosts(environment, host, baseUrl),
    baseUrl,
    schemaBaseUrl: url(environment, 'SCHEMA_BASE_URL') ?? `${baseUrl}/schemas`,
    writeVersions: writeVersions(environment),
    rateLimitPerSecond: integer(environment, 'RATE_LIMIT_PER_SECOND', 0, 0, 1_000_000),
    bodyLimitBytes: integer(environment, 'BODY_LIMIT_BYTES', 524_288, 1_024, MOST_BODY_BYTES),
    appendQueueLimit: integer(environment, 'APPEND_QUEUE_LIMIT', 10_000, 1, 1_000_000),
    leaseTtlMs: integer(environment, 'LEASE_TTL_MS', 5_000, 300, 600_000),
    paymentTermMs: integer(environment, 'PAYMENT_TERM_MS', 1_209_600_000, 1_000, 3_153_600_000_000),
    shutdownDeadlineMs: integer(environment, 'SHUTDOWN_DEADLINE_MS', 15_000, 100, 600_000),
    ...(ordersDirectory === undefined ? {} : { ordersDirectory: resolve(ordersDirectory) }),
  };
};

const text = (environment: Environment, name: string): string | undefined => {
  const value = environment[name];
  return value === undefined || value === '' ? undefined : value;
};

const integer = (environment: Environment, name: string, otherwise: number, least: number, most: number): number => {
  const value = text(environment, name);
  if (value === undefined) return otherwise;
  const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (parsed >= least && parsed <= most) return parsed;
  throw new ConfigurationError(`${name} is '${value}'; it takes an integer from ${least} to ${most}`);
};

const oneOf = <Word extends string>(
  environment: Environment,
  name: string,
  words: ReadonlyArray<Word>,
  otherwise: Word,
): Word => {
  const value = text(environment, name);
  if (value === undefined) return otherwise;
  const found = words.find((word) => word === value.toLowerCase());
  if (found !== undefined) return found;
  throw new ConfigurationError(`${name} is '${value}'; it takes one of ${words.join(', ')}`);
};

/** A URL without slashes at its end, so that a path can be put behind it. */
const url = (environment: Environment, name: string): string | undefined => {
  const value = text(environment, name);
  if (value === undefined) return undefined;
  const trimmed = value.replace(/\/+$/, '');
  if (/^https?:\/\/[^\s?#]+$/.test(trimmed) && URL.canParse(trimmed)) return trimmed;
  throw new ConfigurationError(`${name} is '${value}'; it takes a URL such as http://127.0.0.1:8080`);
};

/** A host to connect to: one that stands for all of a machine's addresses is reached at the machine itself. */
const reachable = (host: string): string => {
  if (host === '0.0.0.0' || host === '::') return '127.0.0.1';
  return host.includes(':') ? `[${host}]` : host;
};

/** HOST and the host of BASE_URL are names of this server in any case. */
const allowedHosts = (environment: Environment, host: string, baseUrl: string): ReadonlyArray<string> => {
  const named = (text(environment, 'ALLOWED_HOSTS') ?? '').split(',').map((name) => name.trim().toLowerCase());
  const names = named.filter((name) => name !== '');
  for (const name of names) {
    if (name === '*' || /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/.test(name)) continue;
    throw new ConfigurationError(
      `ALLOWED_HOSTS names '${name}'; it takes host names without ports, several of them with commas between, or *`,
    );
  }
  return [...new Set([host.toLowerCase(), new URL(baseUrl).hostname.replace(/^\[(.*)\]$/, '$1'), ...names])];
};

const topicPrefix = (environment: Environment): string => {
  const prefix = text(environment, 'KAFKA_TOPIC_PREFIX') ?? '';
  if (/^[A-Za-z0-9._-]{0,100}$/.test(prefix)) return prefix;
  throw new ConfigurationError(`KAFKA_TOPIC_PREFIX is '${prefix}'; it takes up to 100 of A-Z a-z 0-9 . _ -`);
};

const kafkaConnection = (environment: Environment): KafkaConnection | undefined => {
  const brokers = text(environment, 'KAFKA_BROKERS');
  if (brokers === undefined) return undefined;
  for (const broker of brokers.split(',')) {
    if (/^[^\s:]+:\d{1,5}$/.test(broker.trim())) continue;
    throw new ConfigurationError(
      `KAFKA_BROKERS names '${broker}'; it takes host:port, several of them with commas between`,
    );
  }
  const securityProtocol = oneOf(
    environment,
    'KAFKA_SECURITY_PROTOCOL',
    ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'] as const,
    'plaintext',
  );
  const sslCaLocation = text(environment, 'KAFKA_SSL_CA_LOCATION');
  const sasl = securityProtocol.startsWith('sasl') ? saslSettings(environment) : undefined;
  return {
    brokers: brokers.replaceAll(' ', ''),
    securityProtocol,
    ...(sslCaLocation === undefined ? {} : { sslCaLocation }),
    ...(sasl === undefined ? {} : { sasl }),
  };
};

const saslSettings = (environment: Environment): NonNullable<KafkaConnection['sasl']> => {
  const username = text(environment, 'KAFKA_SASL_USERNAME');
  const password = text(environment, 'KAFKA_SASL_PASSWORD');
  if (username === undefined || password === undefined) {
    throw new ConfigurationError(
      'KAFKA_SECURITY_PROTOCOL asks for SASL: set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    );
  }
  return { mechanism: text(environment, 'KAFKA_SASL_MECHANISM') ?? 'SCRAM-SHA-256', username, password };
};

const writeVersions = (environment: Environment): ReadonlyMap<string, number> => {
  const value = text(environment, 'WRITE_VERSIONS');
  if (value === undefined) return new Map();
  return new Map(
    value.split(',').map((entry) => {
      const [, name, version] = /^([A-Za-z0-9]+)=([1-9]\d{0,5})$/.exec(entry.trim()) ?? [];
      if (name !== undefined && version !== undefined) return [name, Number(version)];
      throw new ConfigurationError(
        `WRITE_VERSIONS holds '${entry}'; it takes <event>=<version>, several of them with commas between`,
      );
    }),
  );
};

const apiKeys = (environment: Environment): ReadonlyArray<ApiKey> => {
  const value = text(environment, 'API_KEYS');
  if (value === undefined) return [];
  return value.split(',').map((entry) => {
    const [name, role, ...rest] = entry.trim().split(':');
    // A key may hold colons of its own.
    const key = rest.join(':');
    if (name !== undefined && name !== '' && (role === 'client' || role === 'operator') && key !== '')
      return { name, role, key };
    // The entry itself is not repeated: it holds a secret.
    throw new ConfigurationError(
      'API_KEYS holds an entry that is not <name>:<client|operator>:<key>; entries are separated by commas',
    );
  });
};
