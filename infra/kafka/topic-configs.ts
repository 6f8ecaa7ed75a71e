/**
 * The settings of topics as the brokers hold them. The Kafka client has no call for this, so it is asked over a short connection
 * of its own, with the same settings of security.
 */
import type { ClientSettings } from './client-settings';
import { connectBroker, type BrokerAddress, type BrokerConnection } from './wire/broker-connection';
import { brokerSecurity, type BrokerSecurity } from './wire/broker-security';
import { KafkaWriter, type KafkaReader } from './wire/kafka-bytes';

/** The settings of one topic by their names; those that Kafka keeps to itself are left out. */
export type TopicConfig = ReadonlyMap<string, string>;

/** The settings can't be looked at: by whom and why, for operators. */
export class ConfigsUnavailable extends Error {
  override readonly name = 'ConfigsUnavailable';
}

const DESCRIBE_CONFIGS = 32;
const TOPIC_RESOURCE = 2;
const TIMEOUT_MS = 5_000;
/** So many brokers are tried, so that the whole has an end. */
const MAX_BROKERS_TRIED = 3;

const AUTHORIZATION_FAILED: ReadonlySet<number> = new Set([29, 31]);
const UNKNOWN_TOPIC = 3;

/** Asks for the settings of topics; those that are not there are left out. Rejects with {@link ConfigsUnavailable}. */
export const topicConfigs = async (
  settings: ClientSettings,
  topics: ReadonlyArray<string>,
  nowMs: () => number,
): Promise<ReadonlyMap<string, TopicConfig>> => {
  try {
    const security = brokerSecurity(settings, nowMs);
    const connection = await anyBroker(addressesOf(settings), security);
    try {
      return configsIn(await connection.ask(describeConfigs(topics)));
    } finally {
      connection.close();
    }
  } catch (error) {
    if (error instanceof ConfigsUnavailable) throw error;
    throw new ConfigsUnavailable(error instanceof Error ? error.message : String(error), { cause: error });
  }
};

const addressesOf = (settings: ClientSettings): ReadonlyArray<BrokerAddress> =>
  String(settings['bootstrap.servers'] ?? '')
    .split(',')
    .map((address) => {
      const colon = address.lastIndexOf(':');
      return { host: address.slice(0, colon).trim(), port: Number(address.slice(colon + 1)) };
    });

/** Every broker knows the settings of every topic. */
const anyBroker = async (
  addresses: ReadonlyArray<BrokerAddress>,
  security: BrokerSecurity,
): Promise<BrokerConnection> => {
  let last: unknown = new Error('no broker is named');
  for (const address of addresses.slice(0, MAX_BROKERS_TRIED)) {
    try {
      return await connectBroker(address, security, TIMEOUT_MS);
    } catch (error) {
      last = error;
    }
  }
  throw last;
};

const describeConfigs = (topics: ReadonlyArray<string>) => {
  const body = new KafkaWriter();
  body.list(topics, (topic) => {
    // -1: every setting.
    body.int8(TOPIC_RESOURCE).text(topic).int32(-1);
  });
  // Where a value comes from is nobody's business here.
  body.int8(0);
  return { api: DESCRIBE_CONFIGS, version: 1, body: body.end() };
};

const configsIn = (answer: KafkaReader): ReadonlyMap<string, TopicConfig> => {
  answer.int32();
  const configs = new Map<string, TopicConfig>();
  const resources = answer.list(() => resourceIn(answer));
  for (const { code, reason, topic, config } of resources) {
    if (code === UNKNOWN_TOPIC) continue;
    if (AUTHORIZATION_FAILED.has(code)) {
      throw new ConfigsUnavailable(`Kafka does not allow this user to look at them (DescribeConfigs of ${topic})`);
    }
    if (code !== 0) throw new ConfigsUnavailable(`DescribeConfigs of ${topic}: ${reason ?? `error ${code}`}`);
    configs.set(topic, config);
  }
  return configs;
};

const resourceIn = (answer: KafkaReader) => {
  const code = answer.int16();
  const reason = answer.text();
  answer.int8();
  const topic = answer.text() ?? '';
  const entries = answer.list(() => {
    const name = answer.text() ?? '';
    const value = answer.text();
    // Whether it is read-only, where it comes from, whether it is secret; then its synonyms, of which there are none.
    answer.int8();
    answer.int8();
    answer.int8();
    answer.list(() => [answer.text(), answer.text(), answer.int8()]);
    return [name, value] as const;
  });
  const config = new Map(entries.flatMap(([name, value]) => (value === null ? [] : [[name, value] as const])));
  return { code, reason, topic, config };
};
