/** How to reach a real Kafka and be let in. */
import { ConfigurationError, oneOf, text, type Environment } from './values';

/** How to reach a real Kafka. */
export interface KafkaConnection {
  /** `host:port`, comma separated. */
  readonly brokers: string;
  readonly securityProtocol: 'plaintext' | 'ssl' | 'sasl_plaintext' | 'sasl_ssl';
  readonly sslCaLocation?: string;
  readonly sasl?: { readonly mechanism: string; readonly username: string; readonly password: string };
}

/** Reads `KAFKA_TOPIC_PREFIX`. */
export const topicPrefix = (environment: Environment): string => {
  const prefix = text(environment, 'KAFKA_TOPIC_PREFIX') ?? '';
  if (/^[A-Za-z0-9._-]{0,100}$/.test(prefix)) return prefix;
  throw new ConfigurationError(`KAFKA_TOPIC_PREFIX is '${prefix}'; it takes up to 100 of A-Z a-z 0-9 . _ -`);
};

/** Reads how to reach Kafka; undefined where `KAFKA_BROKERS` is not set. */
export const kafkaConnection = (environment: Environment): KafkaConnection | undefined => {
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
