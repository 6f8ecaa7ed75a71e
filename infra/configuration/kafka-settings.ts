/**
 * Settings of the Kafka client: `KAFKA_<NAME>`, or a line of the file that `KAFKA_CONFIG_FILE` names. Variables override the file;
 * unknown names, and settings that would break a guarantee, are rejected.
 */
import { nearest, findSetting, settingNames, settingOfVariable, variableOf } from './kafka-names';
import { refusalOf } from './kafka-refusals';
import { fileSettingOf, secretFile, secretText, type Warn } from './secrets';
import { ConfigurationError, text, type Environment } from './values';

/** A setting's value, and its source for messages. */
export interface GivenSetting {
  readonly value: string;
  readonly source: string;
}

/** Settings by their canonical names. */
export type GivenSettings = ReadonlyMap<string, GivenSetting>;

/** Variables that begin with KAFKA_ and are not settings of the client. */
const OWN_VARIABLES: ReadonlyArray<string> = ['KAFKA_BROKERS', 'KAFKA_TOPIC_PREFIX', 'KAFKA_CONFIG_FILE'];

/** Settings that are secrets: each may be read from a file. */
const SECRET_NAMES: ReadonlyArray<string> = [
  'sasl.password',
  'ssl.key.password',
  'ssl.key.pem',
  'ssl.keystore.password',
  'sasl.oauthbearer.client.secret',
  'sasl.oauthbearer.client.credentials.client.secret',
];

/** Variables that Kubernetes sets for a service named kafka, and those of Kafka's own tools and images. */
const FOREIGN = [
  /^KAFKA_(.+_)?SERVICE_(HOST|PORT(_.+)?)$/,
  /^KAFKA_(.+_)?PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?$/,
  /^KAFKA_(HOME|VERSION|DEBUG_FLAG|OPTS|HEAP_OPTS|LOG4J_OPTS|JMX_OPTS|GC_LOG_OPTS|JVM_PERFORMANCE_OPTS|JMX_PORT)$/,
];

/** Reads all settings. Throws ConfigurationError. */
export const givenSettings = (environment: Environment, warn: Warn): GivenSettings => {
  const file = text(environment, 'KAFKA_CONFIG_FILE');
  return new Map([...(file === undefined ? [] : fromFile(file, warn)), ...fromVariables(environment, warn)]);
};

type Given = Map<string, GivenSetting>;

const fromVariables = (environment: Environment, warn: Warn): Given => {
  const given: Given = new Map();
  for (const variable of Object.keys(environment).sort()) {
    if (!variable.startsWith('KAFKA_') || text(environment, variable) === undefined) continue;
    if (OWN_VARIABLES.includes(variable) || FOREIGN.some((pattern) => pattern.test(variable))) continue;
    const secretName = SECRET_NAMES.find((name) => fileSettingOf(variableOf(name)) === variable);
    const name = secretName ?? settingOfVariable(variable)?.name;
    if (name === undefined) throw unknown(variable, settingNames.map(variableOf).concat(OWN_VARIABLES));
    // Also reads the file of a secret, and rejects a secret that is set in both ways.
    const value = SECRET_NAMES.includes(name)
      ? secretText(environment, variableOf(name), warn)
      : text(environment, variable);
    // Already read through the other variable.
    if (value !== undefined && given.get(canonical(name))?.value !== value) {
      add(given, name, { value: oneLine(name, value, variable), source: variable });
    }
  }
  return given;
};

const canonical = (name: string): string => findSetting(name)?.canonical ?? name;

const oneLine = (name: string, value: string, source: string): string => {
  if (name.endsWith('.pem') || !/[\r\n]/.test(value)) return value;
  throw new ConfigurationError(`${source} has more than one line`);
};

const fromFile = (file: string, warn: Warn): Given => {
  const given: Given = new Map();
  const lines = secretFile(file, 'KAFKA_CONFIG_FILE', warn).split(/\r?\n/);
  lines.forEach((raw, index) => {
    const line = raw.trim();
    if (line === '' || line.startsWith('#') || line.startsWith('!')) return;
    const place = `KAFKA_CONFIG_FILE, line ${index + 1}`;
    const [, name, value] = /^([^=\s]+)\s*=\s*(.*)$/.exec(line) ?? [];
    // The line is not repeated: it may hold a secret.
    if (name === undefined || value === undefined) throw new ConfigurationError(`${place}: it is not <name>=<value>`);
    if (findSetting(name) === undefined) throw unknown(`${place}: '${name}'`, settingNames, name);
    if (value === '') throw new ConfigurationError(`${place}: '${name}' has no value`);
    add(given, name, { value, source: `${place}: '${name}'` });
  });
  return given;
};

/** Numeric settings, recognised by their units. The client truncates 4294968296 to 1000 before it checks the range. */
const NUMERIC = /(?:^|\.)(?:bytes|cnt|fails|kbytes|level|max|messages|ms|retries|seconds|size|threshold|ttl)$/;
const MAX_NUMBER = 2_147_483_647;

/** A client that waits longer counts as stalled: it would be replaced repeatedly, and make no progress. */
const MAX_WAIT_MS = 10_000;
const WAITS: ReadonlySet<string> = new Set([
  'queue.buffering.max.ms',
  'fetch.wait.max.ms',
  'fetch.error.backoff.ms',
  'fetch.queue.backoff.ms',
  'retry.backoff.ms',
  'retry.backoff.max.ms',
]);

/** Rejects numbers that the client would misread, and waits that would make it count as stalled. */
const refuseBeyond = (name: string, { source, value }: GivenSetting): void => {
  if (NUMERIC.test(name) && Math.abs(Number(value)) > MAX_NUMBER) {
    throw new ConfigurationError(`${source} is ${value}, and the Kafka client accepts at most ${MAX_NUMBER}`);
  }
  if (WAITS.has(canonical(name)) && Number(value) > MAX_WAIT_MS) {
    throw new ConfigurationError(
      `${source} is ${value}; it takes up to ${MAX_WAIT_MS}: a client that waits longer counts as stalled`,
    );
  }
};

/** Adds a setting. Throws if it may not be set, or is also set by another of its names. */
const add = (given: Given, name: string, setting: GivenSetting): void => {
  const refusal = refusalOf(name);
  if (refusal !== undefined) throw new ConfigurationError(`${setting.source} can't be set: ${refusal}`);
  refuseBeyond(name, setting);
  const before = given.get(canonical(name));
  if (before !== undefined) {
    throw new ConfigurationError(`${before.source} and ${setting.source} set the same: omit one of them`);
  }
  given.set(canonical(name), setting);
};

const unknown = (shown: string, candidates: ReadonlyArray<string>, word = shown): ConfigurationError => {
  const near = nearest(word, candidates);
  return new ConfigurationError(
    `${shown} is not a setting of the Kafka client${near === undefined ? '' : `; the nearest is ${near}`}`,
  );
};
