/** The ways in: what lets a client in, what keeps it out, and what is said of that. */
import { systemClock } from '../../../infra/clock';
import { localServer, type LocalServer } from '../../support/local-server';
import { STORE_PASSWORD } from './certificates';
import { user, type SecureKafka } from './secure-kafka';

export type Environment = Readonly<Record<string, string>>;
/** The settings of a way in. */
export type Way = (broker: SecureKafka, tokenUrl: string) => Environment;

const client = { KAFKA_SASL_OAUTHBEARER_CLIENT_ID: 'tidemark', KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 'token-secret' };

const tls: Way = ({ tls: KAFKA_BROKERS, authority }) => ({
  KAFKA_BROKERS,
  KAFKA_SECURITY_PROTOCOL: 'ssl',
  KAFKA_SSL_CA_LOCATION: authority.file,
});
/** A user and a password. */
export const withPassword =
  (mechanism: string, password = user.password): Way =>
  ({ sasl }) => ({
    KAFKA_BROKERS: sasl,
    KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext',
    KAFKA_SASL_MECHANISM: mechanism,
    KAFKA_SASL_USERNAME: user.username,
    KAFKA_SASL_PASSWORD: password,
  });
const scramOverTls: Way = (broker, url) => ({
  ...tls(broker, url),
  ...withPassword('SCRAM-SHA-256')(broker, url),
  KAFKA_BROKERS: broker.saslTls,
  KAFKA_SECURITY_PROTOCOL: 'sasl_ssl',
});
/** A token that an endpoint gives to whoever knows the client's secret. */
export const withTokens: Way = ({ sasl }, url) => ({
  KAFKA_BROKERS: sasl,
  KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext',
  KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
  KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: `${url}/token`,
  ...client,
});

/** What it is, and its settings. */
export const letIn: ReadonlyArray<readonly [string, Way]> = [
  [
    'a client certificate in PEM files',
    (broker, url) => ({
      ...tls(broker, url),
      KAFKA_SSL_CERTIFICATE_LOCATION: broker.client.certificate,
      KAFKA_SSL_KEY_LOCATION: broker.client.key,
    }),
  ],
  [
    'a client certificate in a PKCS#12 file',
    (broker, url) => ({
      ...tls(broker, url),
      KAFKA_SSL_KEYSTORE_LOCATION: broker.client.keystore,
      KAFKA_SSL_KEYSTORE_PASSWORD: STORE_PASSWORD,
    }),
  ],
  ['PLAIN', withPassword('PLAIN')],
  ['SCRAM-SHA-256', withPassword('SCRAM-SHA-256')],
  ['SCRAM-SHA-512', withPassword('SCRAM-SHA-512')],
  ['SCRAM-SHA-256 over TLS', scramOverTls],
  ['a token of the endpoint', withTokens],
  [
    'an unsigned token of its own',
    ({ sasl }) => ({
      KAFKA_BROKERS: sasl,
      KAFKA_SECURITY_PROTOCOL: 'sasl_plaintext',
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_ENABLE_SASL_OAUTHBEARER_UNSECURE_JWT: 'true',
      KAFKA_SASL_OAUTHBEARER_CONFIG: 'principal=tidemark',
    }),
  ],
];

/** What it is, its settings, and what is said. */
export const keptOut: ReadonlyArray<readonly [string, Way, RegExp]> = [
  [
    'a wrong password',
    withPassword('SCRAM-SHA-512', 'guessed'),
    /authentication failed: the user 'app' was refused by 127.0.0.1:\d+ \(SASL SCRAM-SHA-512\): .*invalid credentials/,
  ],
  [
    'a mechanism that the broker does not take',
    (broker, url) => ({ ...scramOverTls(broker, url), KAFKA_SASL_MECHANISM: 'PLAIN' }),
    /does not take SASL PLAIN; it takes SCRAM-SHA-256: set KAFKA_SASL_MECHANISM/,
  ],
  [
    'a client that the token endpoint refuses',
    (broker, url) => ({ ...withTokens(broker, url), KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET: 'guessed' }),
    /authentication failed: no token from http:.*\/token: it answered 401, invalid_client, who are you/,
  ],
  [
    'an authority that did not sign the broker',
    (broker, url) => ({ ...scramOverTls(broker, url), KAFKA_SSL_CA_LOCATION: broker.stranger.file }),
    /the certificate of 127.0.0.1:\d+ \(broker\) is not accepted: its authority is 'tidemark-authority', which is unknown to '.*strange-authority.pem' \(KAFKA_SSL_CA_LOCATION\)/,
  ],
  [
    'a broker under a name that its certificate does not have',
    (broker, url) => ({
      ...scramOverTls(broker, url),
      KAFKA_BROKERS: broker.saslTls.replace('127.0.0.1', 'localhost'),
    }),
    /the certificate of localhost:\d+ \(broker\) is not accepted: it is made out to IP Address:127.0.0.1, and the host is 'localhost'/,
  ],
  [
    'a client without a certificate',
    tls,
    /TLS: 127.0.0.1:\d+ asks for a client certificate .*set KAFKA_SSL_CERTIFICATE_LOCATION/,
  ],
  [
    'a client certificate of another authority',
    (broker, url) => {
      const { certificate, key } = broker.stranger.issue('intruder', 'extendedKeyUsage=clientAuth');
      return { ...tls(broker, url), KAFKA_SSL_CERTIFICATE_LOCATION: certificate, KAFKA_SSL_KEY_LOCATION: key };
    },
    /TLS: 127.0.0.1:\d+ refuses the client certificate '.*intruder.*' \(KAFKA_SSL_CERTIFICATE_LOCATION\), made out to 'CN=intruder' .*its authority is 'CN=.*', and it is valid from .* to /,
  ],
  [
    'TLS at a port without it',
    (broker, url) => ({ ...tls(broker, url), KAFKA_BROKERS: broker.sasl }),
    /TLS: 127.0.0.1:\d+ does not speak TLS, and KAFKA_SECURITY_PROTOCOL is ssl/,
  ],
  [
    'plain text at a port with TLS',
    ({ saslTls: KAFKA_BROKERS }) => ({ KAFKA_BROKERS }),
    /127.0.0.1:\d+ speaks TLS, and KAFKA_SECURITY_PROTOCOL is plaintext: set it to ssl or sasl_ssl/,
  ],
];

/** Unsigned tokens that live for so long, for whoever knows the client's secret. */
export const TOKEN_LIFETIME_S = 5;

/** The endpoint. */
export const tokenServer = async (): Promise<LocalServer> =>
  localServer(({ headers, body }) => {
    const known = `Basic ${Buffer.from('tidemark:token-secret').toString('base64')}`;
    if (headers.authorization !== known || body !== 'grant_type=client_credentials') {
      return { status: 401, body: { error: 'invalid_client', error_description: 'who are you' } };
    }
    const nowS = systemClock.nowMs() / 1_000;
    const claims = { sub: 'tidemark', iat: nowS, exp: nowS + TOKEN_LIFETIME_S };
    const parts = [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
    return { status: 200, body: { access_token: `${parts.join('.')}.`, expires_in: TOKEN_LIFETIME_S } };
  });
