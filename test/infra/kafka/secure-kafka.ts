/** A broker that is reached in every secure way: client certificates, passwords and tokens. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../../infra/kafka/real-broker/free-port';
import { ownKafka } from '../../support/kafka';
import { authorityIn, STORE_PASSWORD, type Authority, type CertificateFiles } from './certificates';

/** The user that the broker knows. */
export const user = { username: 'app', password: 'app-secret' };

export interface SecureKafka {
  /** `host:port` of the listener without any security, for tools. */
  readonly servers: string;
  /** TLS, and a client certificate. */
  readonly tls: string;
  /** PLAIN, SCRAM and unsigned tokens, without TLS. */
  readonly sasl: string;
  /** TLS, and SCRAM-SHA-256. */
  readonly saslTls: string;
  readonly authority: Authority;
  /** What nobody trusts. */
  readonly stranger: Authority;
  readonly client: CertificateFiles;
  readonly stop: () => Promise<void>;
}

const MODULES = 'org.apache.kafka.common.security';
const scram = `${MODULES}.scram.ScramLoginModule required;`;
const plain = `${MODULES}.plain.PlainLoginModule required user_${user.username}="${user.password}";`;
const tokens = `${MODULES}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`;

/** Starts it with certificates of its own. */
export const secureKafka = async (): Promise<SecureKafka> => {
  const folder = mkdtempSync(join(tmpdir(), 'tidemark-tls-'));
  const authority = authorityIn(folder, 'tidemark-authority');
  const stranger = authorityIn(folder, 'strange-authority');
  const broker = authority.issue('broker', 'subjectAltName=IP:127.0.0.1');
  const [tls, sasl, saslTls] = [await freePort(), await freePort(), await freePort()];
  const kafka = await ownKafka({
    extraListeners: [
      { protocol: 'SSL', port: tls },
      { protocol: 'SASL_PLAINTEXT', port: sasl },
      { protocol: 'SASL_SSL', port: saslTls },
    ],
    properties: {
      'ssl.keystore.type': 'PKCS12',
      'ssl.keystore.location': broker.keystore,
      'ssl.keystore.password': STORE_PASSWORD,
      'ssl.key.password': STORE_PASSWORD,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.location': authority.file,
      'listener.name.ssl.ssl.client.auth': 'required',
      'listener.name.sasl_ssl.sasl.enabled.mechanisms': 'SCRAM-SHA-256',
      'listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config': scram,
      'listener.name.sasl_plaintext.sasl.enabled.mechanisms': 'PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER',
      'listener.name.sasl_plaintext.plain.sasl.jaas.config': plain,
      'listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config': scram,
      'listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config': scram,
      'listener.name.sasl_plaintext.oauthbearer.sasl.jaas.config': tokens,
    },
    formatParameters: ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
      '--add-scram',
      `${mechanism}=[name=${user.username},password=${user.password}]`,
    ]),
  });
  return {
    servers: kafka.servers,
    tls: `127.0.0.1:${tls}`,
    sasl: `127.0.0.1:${sasl}`,
    saslTls: `127.0.0.1:${saslTls}`,
    authority,
    stranger,
    client: authority.issue('client', 'extendedKeyUsage=clientAuth'),
    stop: async () => {
      await kafka.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
};
