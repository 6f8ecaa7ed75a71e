/** Authenticates callers. Keys are compared in constant time, as digests, so that neither their content nor their length leaks. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../../infra/configuration';
import { ANONYMOUS, type Caller } from './fastify-types';
import { problem, ProblemError } from './problem';
import type { Sessions } from './sessions';

/** Returns the caller of a request, or throws a 401 or 403 problem. */
export type Authenticate = (request: FastifyRequest) => Caller;

/** Authenticates with the given keys, or by the session of an operator. */
export const authentication = (keys: ReadonlyArray<ApiKey>, sessions: Sessions): Authenticate => {
  if (keys.length === 0) return () => ANONYMOUS;
  const known = keys.map(({ name, role, key }) => ({ caller: { name, role }, digest: digestOf(key) }));

  const callerWith = (presented: string): Caller | undefined => {
    const digest = digestOf(presented);
    let found: Caller | undefined;
    // Every key is compared, even after a match, so that the time does not reveal the matching one's position.
    for (const each of known) if (timingSafeEqual(each.digest, digest)) found = each.caller;
    return found;
  };

  return (request) => {
    const { access } = request.routeOptions.config;
    if (access === 'open') return ANONYMOUS;
    const presented = presentedKey(request);
    const caller = presented === undefined ? bySession(sessions, request) : callerWith(presented);
    if (caller === undefined && presented === undefined)
      throw unauthenticated('This installation requires an API key.', 'Bearer');
    if (caller === undefined) throw unauthenticated('The API key is unknown.', 'Bearer error="invalid_token"');
    if (access === 'operator' && caller.role !== 'operator') {
      const detail = `'${caller.name}' has the role ${caller.role}; this request requires an operator.`;
      throw new ProblemError(problem('forbidden', detail));
    }
    return caller;
  };
};

/**
 * A cookie goes along with whatever a browser sends. What changes something is therefore taken only where the browser says that
 * a page of this server asks; what it says was checked before.
 */
const bySession = (sessions: Sessions, request: FastifyRequest): Caller | undefined => {
  const { method, headers } = request;
  const caller = sessions.callerOf(request);
  const onlyReads = method === 'GET' || method === 'HEAD';
  if (caller === undefined || onlyReads || headers.origin !== undefined || headers['sec-fetch-site'] !== undefined)
    return caller;
  const detail = 'The session of a browser acts only for pages of this server: the request has no Origin. Send a key.';
  throw new ProblemError(problem('cross-site-request', detail));
};

const digestOf = (key: string): Buffer => createHash('sha256').update(key).digest();

const presentedKey = ({ headers }: FastifyRequest): string | undefined => {
  const bearer = /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const key = headers['x-api-key'];
  return typeof key === 'string' && key !== '' ? key : undefined;
};

const unauthenticated = (detail: string, challenge: string): ProblemError =>
  new ProblemError(problem('unauthenticated', detail, { headers: { 'www-authenticate': challenge } }));
