/**
 * Sessions of operators in a browser: a cookie that only the holder of a key could have been given. Nothing is kept here: the
 * cookie names the key's owner and its end, sealed with the key itself, so that it survives a restart and ends with its key.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../infra/clock';
import type { ApiKey } from '../../infra/configuration';
import type { Caller } from './fastify-types';

/** How long a session lasts: a shift. */
export const SESSION_MS = 12 * 3_600_000;
const COOKIE = 'tidemark-session';
/** Longer ones are not ours. */
const MAX_COOKIE_LENGTH = 400;

export interface Sessions {
  /** Whether callers need a key. */
  readonly required: boolean;
  /** The operator whose key it is; undefined for every other text. */
  readonly operatorWith: (key: string) => Caller | undefined;
  /** The `Set-Cookie` header that begins a session. */
  readonly begin: (caller: Caller, request: FastifyRequest) => string;
  /** The `Set-Cookie` header that ends it. */
  readonly end: (request: FastifyRequest) => string;
  /** The caller of a request that carries a valid cookie. */
  readonly callerOf: (request: FastifyRequest) => Caller | undefined;
}

/** Opens sessions for the operators among the keys. */
export const sessionsOf = (keys: ReadonlyArray<ApiKey>, clock: Pick<Clock, 'nowMs'>): Sessions => {
  const operators = keys.filter(({ role }) => role === 'operator');
  const sealOf = (key: string, name: string, endsMs: number): string =>
    createHmac('sha256', digestOf(key)).update(`tidemark console\n${name}\n${endsMs}`).digest('base64url');

  return {
    required: keys.length > 0,
    operatorWith: (presented) => {
      const digest = digestOf(presented);
      let found: Caller | undefined;
      // Every key is compared, so that the time does not reveal the position of the one that matches.
      for (const { name, role, key } of operators) if (timingSafeEqual(digestOf(key), digest)) found = { name, role };
      return found;
    },
    begin: ({ name }, request) => {
      const key = operators.find((each) => each.name === name)?.key ?? '';
      const endsMs = clock.nowMs() + SESSION_MS;
      const value = [Buffer.from(name).toString('base64url'), endsMs, sealOf(key, name, endsMs)].join('.');
      return cookie(value, SESSION_MS / 1_000, request);
    },
    end: (request) => cookie('', 0, request),
    callerOf: ({ headers }) => {
      if (headers.cookie === undefined || operators.length === 0) return undefined;
      const [, encoded = '', ends = '', seal = ''] = COOKIE_IN_HEADER.exec(headers.cookie) ?? [];
      const endsMs = Number(ends);
      if (encoded === '' || encoded.length > MAX_COOKIE_LENGTH || !(endsMs > clock.nowMs())) return undefined;
      const name = Buffer.from(encoded, 'base64url').toString('utf8');
      const owner = operators.find((each) => each.name === name);
      if (owner === undefined || !isSame(sealOf(owner.key, name, endsMs), seal)) return undefined;
      return { name, role: owner.role };
    },
  };
};

const COOKIE_IN_HEADER = new RegExp(`(?:^|; *)${COOKIE}=([\\w-]+)\\.(\\d{1,15})\\.([\\w-]{43})(?:;|$)`);

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

const isSame = (left: string, right: string): boolean => timingSafeEqual(digestOf(left), digestOf(right));

const cookie = (value: string, maxAgeSeconds: number, request: FastifyRequest): string =>
  `${COOKIE}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Strict${isHttps(request) ? '; Secure' : ''}`;

/** A proxy may end TLS: the browser's own origin says what it talks. */
const isHttps = ({ headers, protocol }: FastifyRequest): boolean =>
  protocol === 'https' || headers.origin?.startsWith('https:') === true || headers['x-forwarded-proto'] === 'https';
