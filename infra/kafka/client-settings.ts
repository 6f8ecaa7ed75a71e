/** The settings that every Kafka client of the engine shares: address and credentials of the cluster. */
import { accessSync, constants } from 'node:fs';
import { canonicalName, ConfigurationError, settingsFor, variableOf, type KafkaConnection } from '../configuration';
import { features } from './native-client';
import type { AskForToken } from './oauth-tokens';

/** Settings as librdkafka names them; functions are callbacks. */
export type ClientSettings = Readonly<Record<string, string | number | boolean | AskForToken>>;

/** The client feature that each SASL mechanism needs. */
const SASL_FEATURES: Readonly<Record<string, string>> = {
  PLAIN: 'sasl_plain',
  'SCRAM-SHA-256': 'sasl_scram',
  'SCRAM-SHA-512': 'sasl_scram',
  OAUTHBEARER: 'sasl_oauthbearer',
};

/**
 * Returns the settings of a connection. Throws ConfigurationError if this build of the client does not support them, so that the
 * program fails at start instead of retrying forever.
 */
export const connectionSettings = (
  connection: KafkaConnection,
  built: ReadonlyArray<string> = features,
  askForToken?: AskForToken,
): ClientSettings => {
  refuseImpossible(connection, built);
  const { brokers, securityProtocol, sslCaLocation, sasl } = connection;
  return {
    'client.id': 'tidemark',
    // A restarted broker is found within a second; the default of ten seconds would prolong an outage.
    'reconnect.backoff.ms': 50,
    'reconnect.backoff.max.ms': 1_000,
    'socket.keepalive.enable': true,
    ...settingsFor(connection, 'all'),
    'bootstrap.servers': brokers,
    'security.protocol': securityProtocol,
    ...(sslCaLocation === undefined ? {} : { 'ssl.ca.location': sslCaLocation }),
    ...(sasl === undefined
      ? {}
      : { 'sasl.mechanisms': sasl.mechanism, 'sasl.username': sasl.username, 'sasl.password': sasl.password }),
    ...oauthSettings(connection, askForToken),
  };
};

const oauthSettings = ({ oauth }: KafkaConnection, askForToken: AskForToken | undefined): ClientSettings => {
  switch (oauth?._tag) {
    case undefined:
      return {};
    case 'UnsecuredTokens':
      return {
        'sasl.mechanisms': 'OAUTHBEARER',
        'enable.sasl.oauthbearer.unsecure.jwt': true,
        'sasl.oauthbearer.config': oauth.config,
      };
    case 'TokenEndpoint':
      return {
        'sasl.mechanisms': 'OAUTHBEARER',
        ...(askForToken === undefined ? {} : { oauthbearer_token_refresh_cb: askForToken }),
      };
  }
};

/** Returns the settings of one kind of client: given settings override its defaults, and its guarantees override both. */
export const settingsOfKind = (
  given: ClientSettings,
  defaults: ClientSettings,
  promises: ClientSettings,
): ClientSettings => {
  const names = new Set(Object.keys(given).map(canonicalName));
  const kept = Object.entries(defaults).filter(([name]) => !names.has(canonicalName(name)));
  return { ...Object.fromEntries(kept), ...given, ...promises };
};

const refuseImpossible = (
  { securityProtocol, sslCaLocation, sasl, oauth, settings = {} }: KafkaConnection,
  built: ReadonlyArray<string>,
): void => {
  if (securityProtocol.endsWith('ssl')) {
    requireFeature(built, 'ssl', `KAFKA_SECURITY_PROTOCOL=${securityProtocol}`, 'libssl-dev');
    const files = { ...settings, ...(sslCaLocation === undefined ? {} : { 'ssl.ca.location': sslCaLocation }) };
    for (const [name, file] of Object.entries(files)) {
      if (name.startsWith('ssl.') && name.endsWith('.location')) refuseUnreadable(variableOf(name), file);
    }
  }
  if (!securityProtocol.startsWith('sasl')) return;
  if (sasl === undefined && oauth === undefined) {
    throw new ConfigurationError(`KAFKA_SECURITY_PROTOCOL=${securityProtocol} needs a user name and a password`);
  }
  const mechanism = sasl?.mechanism ?? 'OAUTHBEARER';
  const feature = SASL_FEATURES[mechanism];
  if (feature === undefined) {
    const known = Object.keys(SASL_FEATURES).join(', ');
    throw new ConfigurationError(`KAFKA_SASL_MECHANISM is '${mechanism}'; it takes one of ${known}`);
  }
  requireFeature(built, feature, `KAFKA_SASL_MECHANISM=${mechanism}`, 'libssl-dev and libsasl2-dev');
};

const requireFeature = (built: ReadonlyArray<string>, feature: string, setting: string, packages: string): void => {
  if (built.includes(feature)) return;
  throw new ConfigurationError(
    `${setting} needs '${feature}', which this build of the Kafka client lacks (it has ${built.join(', ')}): ` +
      `install ${packages}, then rebuild it with 'npm rebuild @confluentinc/kafka-javascript'`,
  );
};

const refuseUnreadable = (setting: string, file: string): void => {
  try {
    accessSync(file, constants.R_OK);
  } catch (error) {
    throw new ConfigurationError(`${setting} is '${file}', which can't be read: ${String(error)}`);
  }
};
