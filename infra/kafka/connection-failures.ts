/** What the Kafka client logs of a failed connection, as a sentence that says what to set. */
import type { KafkaConnection } from '../configuration';
import { shownCertificate } from './client-certificate';

export interface ConnectionFailure {
  /** `host:port` of the broker. */
  readonly address: string;
  readonly reason: string;
  /** Trying again does not help: a setting, a certificate or a password is wrong. */
  readonly needsPerson: boolean;
  /** A look at how the broker speaks TLS may tell more. */
  readonly askTls: boolean;
}

/** `[thrd:..]: ssl://host:port/bootstrap: what happened (after 5ms in state SSL_HANDSHAKE, 3 identical error(s) suppressed)` */
const LINE =
  /^(?:\[thrd:[^\]]*\]: )?(?:GroupCoordinator: )?(?:[a-z_]+:\/\/)?([^\s/]+:\d+)(?:\/\S+)?: (.*?)(?: \(after \d+ms in state (\w+).*\))?$/s;

/** What went wrong; undefined for a line that tells of no connection. */
export const failureOf = (line: string, connection: KafkaConnection): ConnectionFailure | undefined => {
  const [, address, said, state = ''] = LINE.exec(line.trim()) ?? [];
  // The client goes on talking for a moment after it was refused; the answer to that says nothing.
  if (address === undefined || said === undefined || /not valid in current SASL state/.test(said)) return undefined;
  const known =
    saslFailure(address, said, connection) ??
    tlsFailure(address, said, connection) ??
    closedAtOnce(address, said, state);
  return known === undefined
    ? { address, reason: `${address}: ${said}`, needsPerson: false, askTls: false }
    : { address, needsPerson: true, askTls: false, ...known };
};

type Known = Pick<ConnectionFailure, 'reason'> & Partial<ConnectionFailure>;

const saslFailure = (address: string, said: string, connection: KafkaConnection): Known | undefined => {
  if (!/SASL|authentication/i.test(said)) return undefined;
  const mechanism = connection.sasl?.mechanism ?? 'OAUTHBEARER';
  const offered = /supported mechanisms: (.+)$/.exec(said)?.[1];
  if (offered !== undefined) {
    const takes = `it takes ${offered.replaceAll(',', ', ')}: set KAFKA_SASL_MECHANISM`;
    return { reason: `authentication failed: ${address} does not take SASL ${mechanism}; ${takes}` };
  }
  const words = said.replace(/^SASL authentication error: /, '');
  const whom =
    connection.sasl === undefined
      ? `the token${connection.oauth?._tag === 'TokenEndpoint' ? ` of '${connection.oauth.clientId}'` : ''}`
      : `the user '${connection.sasl.username}'`;
  const settings =
    connection.sasl === undefined ? 'KAFKA_SASL_OAUTHBEARER_*' : 'KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD';
  return {
    reason: `authentication failed: ${whom} was refused by ${address} (SASL ${mechanism}): ${words}; look at ${settings}`,
  };
};

/** TLS's alerts that say something of the certificate that the client has shown, or not. */
const CERTIFICATE_ALERT =
  /alert (bad certificate|certificate required|unknown ca|certificate expired|certificate revoked|certificate unknown|unsupported certificate|handshake failure|access denied)/;

const tlsFailure = (address: string, said: string, { settings, ...connection }: KafkaConnection): Known | undefined => {
  if (/certificate verify failed/.test(said)) {
    const reason = `TLS: the certificate of ${address} is not accepted: ${said}; look at KAFKA_SSL_CA_LOCATION`;
    return { reason, askTls: true };
  }
  const alert = CERTIFICATE_ALERT.exec(said)?.[1];
  if (alert !== undefined) {
    const shown = shownCertificate(settings);
    return {
      reason:
        shown === undefined
          ? `TLS: ${address} asks for a client certificate (${alert}): set KAFKA_SSL_CERTIFICATE_LOCATION and ` +
            'KAFKA_SSL_KEY_LOCATION, or KAFKA_SSL_KEYSTORE_LOCATION and KAFKA_SSL_KEYSTORE_PASSWORD'
          : `TLS: ${address} refuses the client certificate ${shown.name} (${alert}): it is not valid now, or the broker ` +
            `does not trust its authority${shown.about === undefined ? '' : `; ${shown.about}`}`,
    };
  }
  if (/PLAINTEXT broker listener|wrong version number|packet length too long/.test(said)) {
    return {
      reason:
        `TLS: ${address} does not speak TLS, and KAFKA_SECURITY_PROTOCOL is ${connection.securityProtocol}: name the port ` +
        `of its TLS listener in KAFKA_BROKERS, or set KAFKA_SECURITY_PROTOCOL to plaintext or sasl_plaintext`,
    };
  }
  return /SSL/.test(said) ? { reason: `TLS: ${address}: ${said}`, askTls: true } : undefined;
};

/** A broker that closes the connection before its first answer did not understand the first words. */
const closedAtOnce = (address: string, said: string, state: string): Known | undefined => {
  if (state !== 'APIVERSION_QUERY' || !/closed by peer|Disconnected/.test(said)) return undefined;
  const reason =
    `${address} closes the connection before it answers: its listener may ask for TLS or SASL (KAFKA_SECURITY_PROTOCOL), ` +
    'or the broker is just stopping';
  return { reason, needsPerson: false, askTls: true };
};
