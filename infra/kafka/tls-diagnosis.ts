/** One look at how a broker speaks TLS: the Kafka client says only that verification failed, Node's says what and whose. */
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { connect, type ConnectionOptions, type PeerCertificate, type TLSSocket } from 'node:tls';
import type { KafkaConnection } from '../configuration';

const TIMEOUT_MS = 3_000;

/** A sentence about the broker's certificate; undefined where there is nothing to say of it. Never rejects. */
export const diagnoseTls = async (connection: KafkaConnection, address: string): Promise<string | undefined> => {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[|\]$/g, '');
  let options: ConnectionOptions;
  try {
    options = optionsFor(connection, host, Number(address.slice(at + 1)));
  } catch {
    // What can't be read was refused at the start, or has gone since: the client's own words have to do.
    return undefined;
  }
  return new Promise((resolve) => {
    const socket = connect(options);
    let finding: string | undefined;
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.once('secureConnect', () => {
      finding = connection.securityProtocol.endsWith('ssl')
        ? findingOf(socket, connection, host, address)
        : `${address} speaks TLS, and KAFKA_SECURITY_PROTOCOL is ${connection.securityProtocol}: set it to ssl or sasl_ssl`;
      socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.once('close', () => resolve(finding));
  });
};

const optionsFor = (
  { sslCaLocation, settings = {} }: KafkaConnection,
  host: string,
  port: number,
): ConnectionOptions => {
  const ca = settings['ssl.ca.pem'] ?? (sslCaLocation === undefined ? undefined : readFileSync(sslCaLocation));
  const checksHost = settings['ssl.endpoint.identification.algorithm'] !== 'none';
  return {
    host,
    port,
    // Nothing is sent, and nothing of what it says is believed: the look is for the reason alone.
    rejectUnauthorized: false,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(checksHost ? {} : { checkServerIdentity: () => undefined }),
  };
};

const findingOf = (
  socket: TLSSocket,
  { sslCaLocation }: KafkaConnection,
  host: string,
  address: string,
): string | undefined => {
  // The types say Error; where certificates are not insisted on, it is the code's text.
  const code = socket.authorizationError as Error | string | null | undefined;
  if (code === null || code === undefined) return undefined;
  const certificate = socket.getPeerCertificate();
  const name = `the certificate of ${address} (${nameOf(certificate.subject)})`;
  const reason = reasonOf(code instanceof Error ? code.message : code, certificate, host, sslCaLocation);
  return `TLS: ${name} is not accepted: ${reason}`;
};

const reasonOf = (code: string, certificate: PeerCertificate, host: string, ca: string | undefined): string => {
  if (code.startsWith('CERT_HAS_EXPIRED'))
    return `it or its authority's has expired (it was valid until ${certificate.valid_to})`;
  if (code.startsWith('CERT_NOT_YET_VALID'))
    return `it is valid only from ${certificate.valid_from}: is a clock wrong?`;
  if (code.startsWith('ERR_TLS_CERT_ALTNAME') || code.includes('altnames')) {
    const names = certificate.subjectaltname ?? nameOf(certificate.subject);
    return `it is made out to ${names}, and the host is '${host}': use a name that it has in KAFKA_BROKERS`;
  }
  if (/SELF_SIGNED|UNABLE_TO/.test(code)) {
    const where = ca === undefined ? "the system's authorities" : `'${ca}' (KAFKA_SSL_CA_LOCATION)`;
    return (
      `its authority is '${nameOf(certificate.issuer)}', which is unknown to ${where}: set KAFKA_SSL_CA_LOCATION to the ` +
      "authority's certificate (PEM)"
    );
  }
  return code;
};

/** The types leave out that a certificate may have no name at all, or several of a kind. */
const nameOf = (subject: PeerCertificate['subject'] | undefined): string => {
  const { CN, O } = (subject ?? {}) as Readonly<Record<string, string | string[] | undefined>>;
  return [CN ?? O ?? 'without a name'].flat().join(', ');
};
