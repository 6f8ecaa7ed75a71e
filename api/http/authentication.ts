/** Authenticates callers. Keys are compared in constant time, as digests, so that neither their content nor their length leaks. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { ApiKey } from '../../infra/configuration';
import { ANONYMOUS, type Caller } from './fastify-types';
import { problem, ProblemError } from './problem';

/** Returns the caller of a request, or throws a 401 or 403 problem. */
export type Authenticate = (request: FastifyRequest) => Caller;

/** Authenticates with the given keys. */
export const authentication = (keys: ReadonlyArray<ApiKey>): Authenticate => {
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
    if (presented === undefined) throw unauthenticated('This installation requires an API key.', 'Bearer');
    const caller = callerWith(presented);
    if (caller === undefined) throw unauthenticated('The API key is unknown.', 'Bearer error="invalid_token"');
    if (access === 'operator' && caller.role !== 'operator') {
      const detail = `'${caller.name}' has the role ${caller.role}; this request requires an operator.`;
      throw new ProblemError(problem('forbidden', detail));
    }
    return caller;
  };
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
