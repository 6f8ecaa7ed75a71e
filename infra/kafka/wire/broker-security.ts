/** How to be let in by a broker, read from the settings of the Kafka client, so that there is one place where they are given. */
import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { rootCertificates, type ConnectionOptions } from 'node:tls';

/** Settings as librdkafka names them. */
export type SecuritySettings = Readonly<Record<string, unknown>>;

/** What a connection needs beside host and port. */
export interface BrokerSecurity {
  /** Absent for a connection that is not encrypted. */
  readonly tls?: (host: string) => ConnectionOptions;
  readonly sasl?: SaslLogin;
}

/** A way of logging in. */
export type SaslLogin =
  | {
      readonly mechanism: 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';
      readonly username: string;
      readonly password: string;
    }
  | { readonly mechanism: 'OAUTHBEARER'; readonly token: () => Promise<string> };

/** The settings ask for something that only the Kafka client itself can do. */
export class UnknownSecurity extends Error {
  override readonly name = 'UnknownSecurity';
}

/** Reads files as they are now. Throws {@link UnknownSecurity}. */
export const brokerSecurity = (settings: SecuritySettings, nowMs: () => number): BrokerSecurity => {
  const protocol = textOf(settings, 'security.protocol')?.toLowerCase() ?? 'plaintext';
  return {
    ...(protocol.endsWith('ssl') ? { tls: tlsOptions(settings) } : {}),
    ...(protocol.startsWith('sasl') ? { sasl: saslLogin(settings, nowMs) } : {}),
  };
};

const textOf = (settings: SecuritySettings, name: string): string | undefined => {
  const value: unknown = settings[name];
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : undefined;
};

// -------------------------------------------------------------------------------------
// TLS
// -------------------------------------------------------------------------------------

/** Keys and certificates that live in something that Node can't open. */
const ELSEWHERE = ['ssl.engine.location', 'ssl.engine.id', 'ssl.providers', 'ssl.ca.certificate.stores'];
const SYSTEM_AUTHORITIES = '/etc/ssl/certs/ca-certificates.crt';

const tlsOptions = (settings: SecuritySettings): ((host: string) => ConnectionOptions) => {
  const elsewhere = ELSEWHERE.find((name) => textOf(settings, name) !== undefined);
  if (elsewhere !== undefined) throw new UnknownSecurity(`${elsewhere} is set, which only the Kafka client can use`);
  const fileOf = (name: string): Buffer | undefined => {
    const file = textOf(settings, name);
    return file === undefined ? undefined : readFileSync(file);
  };
  const pemOf = (name: string): string | undefined => textOf(settings, name)?.replaceAll('\\n', '\n');
  const options: ConnectionOptions = {
    ca: pemOf('ssl.ca.pem') ?? authorities(settings),
    ...present('cert', pemOf('ssl.certificate.pem') ?? fileOf('ssl.certificate.location')),
    ...present('key', pemOf('ssl.key.pem') ?? fileOf('ssl.key.location')),
    ...present('pfx', fileOf('ssl.keystore.location')),
    ...present('passphrase', textOf(settings, 'ssl.key.password') ?? textOf(settings, 'ssl.keystore.password')),
    ...present('ciphers', textOf(settings, 'ssl.cipher.suites')),
    ...present('crl', fileOf('ssl.crl.location')),
    rejectUnauthorized: textOf(settings, 'enable.ssl.certificate.verification') !== 'false',
  };
  const isAnyHost = textOf(settings, 'ssl.endpoint.identification.algorithm') === 'none';
  return (host) => ({
    ...options,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(isAnyHost ? { checkServerIdentity: () => undefined } : {}),
  });
};

const present = <Name extends keyof ConnectionOptions>(
  name: Name,
  value: ConnectionOptions[Name],
): Pick<ConnectionOptions, Name> | Record<string, never> =>
  value === undefined ? {} : ({ [name]: value } as Pick<ConnectionOptions, Name>);

/** The Kafka client trusts whom the system trusts; Node brings a list of its own. */
const authorities = (settings: SecuritySettings): Array<string | Buffer> => {
  const file = textOf(settings, 'ssl.ca.location');
  if (file !== undefined && file !== 'probe') return [readFileSync(file)];
  return existsSync(SYSTEM_AUTHORITIES)
    ? [...rootCertificates, readFileSync(SYSTEM_AUTHORITIES)]
    : [...rootCertificates];
};

// -------------------------------------------------------------------------------------
// SASL
// -------------------------------------------------------------------------------------

const saslLogin = (settings: SecuritySettings, nowMs: () => number): SaslLogin => {
  const mechanism = (textOf(settings, 'sasl.mechanisms') ?? textOf(settings, 'sasl.mechanism') ?? '').toUpperCase();
  switch (mechanism) {
    case 'PLAIN':
    case 'SCRAM-SHA-256':
    case 'SCRAM-SHA-512':
      return {
        mechanism,
        username: textOf(settings, 'sasl.username') ?? '',
        password: textOf(settings, 'sasl.password') ?? '',
      };
    case 'OAUTHBEARER':
      return { mechanism, token: tokenSource(settings, nowMs) };
    default:
      throw new UnknownSecurity(`the SASL mechanism ${mechanism} is one that only the Kafka client knows`);
  }
};

const tokenSource = (settings: SecuritySettings, nowMs: () => number): (() => Promise<string>) => {
  const refresh: unknown = settings['oauthbearer_token_refresh_cb'];
  if (typeof refresh === 'function') {
    return async () => {
      const answer = (await (refresh as () => Promise<unknown>)()) as { readonly tokenValue?: unknown };
      if (typeof answer.tokenValue !== 'string') throw new UnknownSecurity('there is no token');
      return answer.tokenValue;
    };
  }
  if (textOf(settings, 'enable.sasl.oauthbearer.unsecure.jwt') !== 'true') {
    throw new UnknownSecurity('only the Kafka client gets tokens of this kind');
  }
  const principal = /\bprincipal=(\S+)/.exec(textOf(settings, 'sasl.oauthbearer.config') ?? '')?.[1] ?? '';
  return async () => Promise.resolve(unsecuredToken(principal, nowMs()));
};

/** A token that nobody has signed (RFC 7515, appendix A.5), for brokers that take it. */
const unsecuredToken = (principal: string, nowMs: number): string => {
  const encoded = (claims: object): string => Buffer.from(JSON.stringify(claims)).toString('base64url');
  const seconds = Math.floor(nowMs / 1_000);
  return `${encoded({ alg: 'none' })}.${encoded({ sub: principal, iat: seconds, exp: seconds + 60 })}.`;
};
