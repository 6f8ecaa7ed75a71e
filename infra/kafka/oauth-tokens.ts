/** Tokens for SASL OAUTHBEARER, from an endpoint that takes a client's id and secret; one at a time for all clients. */
import type { Clock } from '../clock';
import type { TokenEndpoint } from '../configuration';

/** A token as the Kafka client takes it. */
export interface OAuthToken {
  readonly tokenValue: string;
  /** Milliseconds since 1970 at which it ends. */
  readonly lifetime: number;
  readonly principal: string;
  readonly extensions: Readonly<Record<string, string>>;
}

const TIMEOUT_MS = 10_000;
/** Of a token's life; who gets it later has that much less of it. */
const SHARED_PART = 0.2;
/** Where the endpoint does not say how long a token lives; RFC 6749 leaves it to be known otherwise. */
const DEFAULT_LIFETIME_S = 300;

/** Returns a token that lives; rejects with a sentence where there is none to be had. */
export type AskForToken = () => Promise<OAuthToken>;

/** Clients that ask at about the same time share a token; each asks again when four fifths of its token's life are over. */
export const tokensFrom = (endpoint: TokenEndpoint, clock: Clock): AskForToken => {
  let last: { readonly token: OAuthToken; readonly useUntilMs: number } | undefined;
  let asking: Promise<OAuthToken> | undefined;
  const ask = async (): Promise<OAuthToken> => {
    const token = await fetchToken(endpoint, clock);
    const nowMs = clock.nowMs();
    last = { token, useUntilMs: nowMs + (token.lifetime - nowMs) * SHARED_PART };
    return token;
  };
  return async () => {
    if (last !== undefined && clock.nowMs() < last.useUntilMs) return last.token;
    asking ??= ask().finally(() => {
      asking = undefined;
    });
    return asking;
  };
};

const fetchToken = async (endpoint: TokenEndpoint, clock: Clock): Promise<OAuthToken> => {
  const { url, clientId, clientSecret, scope, extensions } = endpoint;
  const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  // As RFC 6749 (2.3.1) wants it: both parts encoded before they are joined.
  const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret)}`;
  const answer = await post(url, form, `Basic ${Buffer.from(credentials).toString('base64')}`);
  if (answer.status !== 200) throw refused(url, `it answered ${answer.status}${errorOf(answer.body)}`);
  const { access_token: tokenValue, expires_in: expiresIn = DEFAULT_LIFETIME_S } = answer.body;
  if (typeof tokenValue !== 'string' || tokenValue === '') throw refused(url, 'its answer holds no access_token');
  const seconds = Number(expiresIn);
  if (!(seconds > 0)) throw refused(url, 'its answer holds no expires_in that could be used');
  return {
    tokenValue,
    lifetime: clock.nowMs() + Math.round(seconds * 1_000),
    principal: subjectOf(tokenValue) ?? clientId,
    extensions,
  };
};

interface EndpointAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

const post = async (url: string, form: URLSearchParams, authorization: string): Promise<EndpointAnswer> => {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: { authorization, accept: 'application/json', 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      // The secret goes to the endpoint that was named, and nowhere else.
      redirect: 'error',
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    return { status: response.status, body: objectOf(await response.text()) };
  } catch (error) {
    const { message, cause } = error as Error;
    throw refused(url, cause instanceof Error ? cause.message : message);
  }
};

const refused = (url: string, why: string): Error => new Error(`authentication failed: no token from ${url}: ${why}`);

const errorOf = ({ error, error_description: description }: EndpointAnswer['body']): string =>
  [error, description]
    .filter((part) => typeof part === 'string')
    .map((part) => `, ${part}`)
    .join('');

const objectOf = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
};

/** Whom a token is for, where it is one that can be read (a JWT); the broker checks it, not this. */
const subjectOf = (token: string): string | undefined => {
  const { sub } = objectOf(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
  return typeof sub === 'string' ? sub : undefined;
};
