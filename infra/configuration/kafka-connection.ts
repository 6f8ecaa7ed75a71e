/** Address and credentials of a real Kafka. */
import { kafkaOAuth, type KafkaOAuth } from './kafka-oauth';
import { findSetting, variableOf, type SettingTaker } from './kafka-names';
import { givenSettings, type GivenSettings } from './kafka-settings';
import type { Warn } from './secrets';
import { ConfigurationError, oneOf, text, type Environment } from './values';

const SECURITY_PROTOCOLS = ['plaintext', 'ssl', 'sasl_plaintext', 'sasl_ssl'] as const;

/** Address and credentials of a real Kafka. */
export interface KafkaConnection {
  /** `host:port`, comma separated. */
  readonly brokers: string;
  readonly securityProtocol: (typeof SECURITY_PROTOCOLS)[number];
  readonly sslCaLocation?: string;
  /** A user and a password. */
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: string };
  /** Tokens instead of a password. */
  readonly oauth?: KafkaOAuth;
  /** All other settings of the client by their librdkafka names, including the client's certificate. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** Reads `KAFKA_TOPIC_PREFIX`. */
export const topicPrefix = (environment: Environment): string => {
  const prefix = text(environment, 'KAFKA_TOPIC_PREFIX') ?? '';
  if (/^[A-Za-z0-9._-]{0,100}$/.test(prefix)) return prefix;
  throw new ConfigurationError(`KAFKA_TOPIC_PREFIX is '${prefix}'; it takes up to 100 of A-Z a-z 0-9 . _ -`);
};

/** The client would use a port above 65,535 modulo 65,536, and connect to another server. */
const isAddress = (broker: string): boolean => {
  const [, port] = /^(?:[^\s:[\]/]+|\[[0-9A-Fa-f:.]+\]):(\d{1,5})$/.exec(broker) ?? [];
  return port !== undefined && Number(port) >= 1 && Number(port) <= 65_535;
};

/** Reads how to reach Kafka; undefined if `KAFKA_BROKERS` is not set. */
export const kafkaConnection = (environment: Environment, warn: Warn): KafkaConnection | undefined => {
  // First, so that a misspelt KAFKA_BROKERS does not start the embedded broker.
  const given = givenSettings(environment, warn);
  const brokers = text(environment, 'KAFKA_BROKERS');
  if (brokers === undefined) {
    const [first] = given.values();
    if (first === undefined) return undefined;
    throw new ConfigurationError(
      `${first.source} is set, but KAFKA_BROKERS is not: set it to the address of the Kafka`,
    );
  }
  for (const broker of brokers.split(',')) {
    if (isAddress(broker.trim())) continue;
    throw new ConfigurationError(
      `KAFKA_BROKERS names '${broker}'; it takes host:port (1 to 65535), several separated by commas`,
    );
  }
  const securityProtocol = oneOf(
    { KAFKA_SECURITY_PROTOCOL: given.get('security.protocol')?.value },
    'KAFKA_SECURITY_PROTOCOL',
    SECURITY_PROTOCOLS,
    'plaintext',
  );
  refuseUnused(given, securityProtocol);
  refuseHalfCertificate(given);
  const sslCaLocation = given.get('ssl.ca.location')?.value;
  return {
    brokers: brokers.replaceAll(' ', ''),
    securityProtocol,
    ...(sslCaLocation === undefined ? {} : { sslCaLocation }),
    ...(securityProtocol.startsWith('sasl') ? credentials(given, securityProtocol, warn) : {}),
    ...otherSettings(given),
  };
};

/** Settings that are separate fields of the connection. */
const OWN_NAMES = /^(security\.protocol|ssl\.ca\.location|sasl\.(mechanisms|username|password)|.*oauthbearer\..*)$/;

const otherSettings = (given: GivenSettings): Pick<KafkaConnection, 'settings'> => {
  const others = [...given]
    .filter(([name]) => !OWN_NAMES.test(name))
    .map(([name, { value }]) => [name, value] as const);
  return others.length === 0 ? {} : { settings: Object.fromEntries(others) };
};

/** An unused credential would otherwise be noticed only when the broker rejects the client. */
const refuseUnused = (given: GivenSettings, protocol: KafkaConnection['securityProtocol']): void => {
  for (const [name, { source }] of given) {
    const needed = /^sasl\.|oauthbearer/.test(name) && !protocol.startsWith('sasl') ? 'sasl_ssl' : undefined;
    const neededTls = /^ssl\./.test(name) && !protocol.endsWith('ssl') ? 'ssl or sasl_ssl' : undefined;
    const missing = needed ?? neededTls;
    if (missing === undefined) continue;
    throw new ConfigurationError(
      `${source} is set, but KAFKA_SECURITY_PROTOCOL is ${protocol}, which does not use it: set it to ${missing}`,
    );
  }
};

/** A client certificate needs its key: as two files, two texts, or one PKCS#12 file with a password. */
const refuseHalfCertificate = (given: GivenSettings): void => {
  const pairs = [
    ['ssl.certificate.location', 'ssl.key.location'],
    ['ssl.certificate.pem', 'ssl.key.pem'],
    ['ssl.keystore.location', 'ssl.keystore.password'],
  ] as const;
  const whole = pairs.filter(([first, second]) => given.has(first) || given.has(second));
  for (const [first, second] of whole) {
    const missing = given.has(first) ? second : first;
    if (given.has(missing)) continue;
    // A certificate as a file and its key as a text, or the other way round, is complete too.
    const other = missing.endsWith('.location')
      ? missing.replace('.location', '.pem')
      : missing.replace('.pem', '.location');
    if (other !== missing && given.has(other)) continue;
    throw new ConfigurationError(
      `${variableOf(missing === first ? second : first)} is set, but ${variableOf(missing)} is not: a client's certificate ` +
        'needs both',
    );
  }
  if (whole.length > 1 && given.has('ssl.keystore.location')) {
    throw new ConfigurationError(
      'KAFKA_SSL_KEYSTORE_LOCATION and another certificate are both set: a client uses one, so omit one of them',
    );
  }
};

const credentials = (given: GivenSettings, protocol: string, warn: Warn): Pick<KafkaConnection, 'sasl' | 'oauth'> => {
  const mechanism = given.get('sasl.mechanisms')?.value ?? 'SCRAM-SHA-256';
  if (mechanism === 'OAUTHBEARER') return { oauth: kafkaOAuth(given, warn) };
  for (const [name, { source }] of given) {
    if (!name.includes('oauthbearer')) continue;
    throw new ConfigurationError(`${source} is set, but KAFKA_SASL_MECHANISM is ${mechanism}: set it to OAUTHBEARER`);
  }
  const username = given.get('sasl.username')?.value;
  const password = given.get('sasl.password')?.value;
  if (username === undefined || password === undefined) {
    throw new ConfigurationError(
      'KAFKA_SECURITY_PROTOCOL requires SASL: set KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD',
    );
  }
  if (mechanism === 'PLAIN' && protocol === 'sasl_plaintext') {
    warn(
      'KAFKA_SASL_MECHANISM is PLAIN without TLS: the password crosses the network in clear text; sasl_ssl encrypts it',
    );
  }
  return { sasl: { mechanism, username, password } };
};

/** Returns the settings of all clients, or of one kind of client. */
export const settingsFor = ({ settings = {} }: KafkaConnection, kind: SettingTaker): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(settings).filter(([name]) => [kind, 'all'].includes(findSetting(name)?.taker ?? 'all')),
  );
