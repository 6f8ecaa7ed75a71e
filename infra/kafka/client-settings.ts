/** The settings that every Kafka client of the engine shares: where the cluster is and how to be let in. */
import { accessSync, constants } from 'node:fs';
import { features } from '@confluentinc/kafka-javascript';
import { ConfigurationError, type KafkaConnection } from '../configuration';

/** Settings as librdkafka names them. */
export type ClientSettings = Readonly<Record<string, string | number | boolean>>;

/** SASL mechanisms, and the feature that a build must have for each. */
const SASL_FEATURES: Readonly<Record<string, string>> = {
  PLAIN: 'sasl_plain',
  'SCRAM-SHA-256': 'sasl_scram',
  'SCRAM-SHA-512': 'sasl_scram',
};

/**
 * The settings of a connection. Throws ConfigurationError where this build of the client can't meet them, so that the
 * program says so at its start instead of trying for ever.
 */
export const connectionSettings = (
  connection: KafkaConnection,
  built: ReadonlyArray<string> = features,
): ClientSettings => {
  refuseImpossible(connection, built);
  const { brokers, securityProtocol, sslCaLocation, sasl } = connection;
  return {
    'bootstrap.servers': brokers,
    'client.id': 'tidemark',
    'security.protocol': securityProtocol,
    // A broker that comes back is found again within a second; the default of ten would be most of an outage.
    'reconnect.backoff.ms': 50,
    'reconnect.backoff.max.ms': 1_000,
    'socket.keepalive.enable': true,
    'log.connection.close': false,
    ...(sslCaLocation === undefined ? {} : { 'ssl.ca.location': sslCaLocation }),
    ...(sasl === undefined
      ? {}
      : { 'sasl.mechanisms': sasl.mechanism, 'sasl.username': sasl.username, 'sasl.password': sasl.password }),
  };
};

const refuseImpossible = (
  { securityProtocol, sslCaLocation, sasl }: KafkaConnection,
  built: ReadonlyArray<string>,
): void => {
  if (securityProtocol.endsWith('ssl')) {
    requireFeature(built, 'ssl', `KAFKA_SECURITY_PROTOCOL=${securityProtocol}`, 'libssl-dev');
    if (sslCaLocation !== undefined) refuseUnreadable(sslCaLocation);
  }
  if (!securityProtocol.startsWith('sasl')) return;
  if (sasl === undefined) {
    throw new ConfigurationError(`KAFKA_SECURITY_PROTOCOL=${securityProtocol} needs a user name and a password`);
  }
  const feature = SASL_FEATURES[sasl.mechanism];
  if (feature === undefined) {
    const known = Object.keys(SASL_FEATURES).join(', ');
    throw new ConfigurationError(`KAFKA_SASL_MECHANISM is '${sasl.mechanism}'; it takes one of ${known}`);
  }
  requireFeature(built, feature, `KAFKA_SASL_MECHANISM=${sasl.mechanism}`, 'libssl-dev and libsasl2-dev');
};

const requireFeature = (built: ReadonlyArray<string>, feature: string, setting: string, packages: string): void => {
  if (built.includes(feature)) return;
  throw new ConfigurationError(
    `${setting} needs '${feature}', which this build of the Kafka client lacks (it has ${built.join(', ')}): ` +
      `install ${packages}, then build it again with 'npm rebuild @confluentinc/kafka-javascript'`,
  );
};

const refuseUnreadable = (file: string): void => {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new ConfigurationError(`KAFKA_SSL_CA_LOCATION is '${file}', which can't be read: ${String(error)}`);
  }
};
