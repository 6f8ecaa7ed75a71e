/** Tokens instead of passwords: from a token endpoint with client credentials, or unsigned ones for trials. */
import { isLoopbackAddress } from './exposure';
import type { GivenSettings } from './kafka-settings';
import type { Warn } from './secrets';
import { ConfigurationError } from './values';

/** OAuth 2.0 client credentials. */
export interface TokenEndpoint {
  readonly _tag: 'TokenEndpoint';
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string;
  /** SASL extensions that are sent with the token, such as a cluster's id. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Unsigned tokens, as Kafka's unsecured validator accepts them. */
export interface UnsecuredTokens {
  readonly _tag: 'UnsecuredTokens';
  /** In librdkafka's format: `principal=<name>`. */
  readonly config: string;
}

export type KafkaOAuth = TokenEndpoint | UnsecuredTokens;

const PREFIX = 'sasl.oauthbearer.';
const ENDPOINT_NAMES = [
  'method',
  'token.endpoint.url',
  'client.id',
  'client.secret',
  'scope',
  'extensions',
  'grant.type',
];
const UNSECURED = 'enable.sasl.oauthbearer.unsecure.jwt';

/** Reads the source of tokens. Throws ConfigurationError. */
export const kafkaOAuth = (given: GivenSettings, warn: Warn): KafkaOAuth => {
  for (const name of ['sasl.username', 'sasl.password']) {
    const source = given.get(name)?.source;
    if (source === undefined) continue;
    throw new ConfigurationError(
      `${source} is set, but KAFKA_SASL_MECHANISM is OAUTHBEARER, which uses a token instead`,
    );
  }
  if (given.get(UNSECURED)?.value === 'true') return unsecuredTokens(given, warn);
  for (const [name, { source }] of given) {
    if (!name.startsWith(PREFIX) || ENDPOINT_NAMES.includes(name.slice(PREFIX.length))) continue;
    throw new ConfigurationError(`${source} can't be used: Tidemark requests tokens itself, with client credentials`);
  }
  const grant = given.get(`${PREFIX}grant.type`);
  if (grant !== undefined && grant.value !== 'client_credentials') {
    throw new ConfigurationError(`${grant.source} is '${grant.value}'; it takes client_credentials`);
  }
  const required = (name: string, variable: string): string => {
    const value = given.get(PREFIX + name)?.value;
    if (value !== undefined) return value;
    throw new ConfigurationError(
      `KAFKA_SASL_MECHANISM is OAUTHBEARER: set ${variable} (it takes KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, _CLIENT_ID ` +
        'and _CLIENT_SECRET or _CLIENT_SECRET_FILE)',
    );
  };
  const scope = given.get(`${PREFIX}scope`)?.value;
  return {
    _tag: 'TokenEndpoint',
    url: endpointUrl(required('token.endpoint.url', 'KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL')),
    clientId: required('client.id', 'KAFKA_SASL_OAUTHBEARER_CLIENT_ID'),
    clientSecret: required('client.secret', 'KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET'),
    ...(scope === undefined ? {} : { scope }),
    extensions: extensions(given.get(`${PREFIX}extensions`)?.value ?? ''),
  };
};

const unsecuredTokens = (given: GivenSettings, warn: Warn): UnsecuredTokens => {
  const config = given.get(`${PREFIX}config`)?.value;
  if (config === undefined) {
    throw new ConfigurationError(`KAFKA_SASL_OAUTHBEARER_CONFIG is not set; unsigned tokens need principal=<name>`);
  }
  warn(
    'KAFKA_ENABLE_SASL_OAUTHBEARER_UNSECURE_JWT is true: tokens are unsigned, so anybody can create them. Use it for trials only',
  );
  return { _tag: 'UnsecuredTokens', config };
};

/** The client's secret is sent there, so it must be encrypted unless it stays on this machine. */
const endpointUrl = (value: string): string => {
  const url = URL.canParse(value) ? new URL(value) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new ConfigurationError(
      `KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL is '${value}'; it takes a URL such as https://login.example/token`,
    );
  }
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (url.protocol === 'https:' || host === 'localhost' || isLoopbackAddress(host)) return value;
  throw new ConfigurationError(
    `KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL is '${value}', which would send the client's secret unencrypted: ` +
      'use https, except on this machine',
  );
};

const extensions = (list: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    list
      .split(',')
      .filter((entry) => entry.trim() !== '')
      .map((entry) => {
        const [, name, value] = /^\s*([A-Za-z]+)=(.*?)\s*$/.exec(entry) ?? [];
        if (name !== undefined && value !== undefined && name !== 'auth') return [name, value];
        throw new ConfigurationError(
          `KAFKA_SASL_OAUTHBEARER_EXTENSIONS holds '${entry}'; it takes <name>=<value>, several separated by commas`,
        );
      }),
  );
