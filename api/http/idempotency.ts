/**
 * What an idempotency key stands for: the space that it lives in (each caller has one, and the reactors have one that no client
 * can enter), and the request that it came with.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { REACTORS_SCOPE } from '../../domain/kernel/event-store';
import { REACTOR_TOKEN_HEADER, REACTOR_TOKEN_REFUSED } from '../../infra/reactor-token-header';
import { ANONYMOUS, type Caller } from './fastify-types';
import { problem, ProblemError } from './problem';

/** Returns the namespace, or throws a 403 problem. */
export type ScopeOf = (request: Pick<FastifyRequest, 'headers' | 'caller'>) => string;

/** The token is compared as a digest in constant time, like API keys. */
export const idempotencyScopes =
  (reactorToken: () => string): ScopeOf =>
  ({ headers, caller }) => {
    const shown = headers[REACTOR_TOKEN_HEADER];
    if (shown === undefined) return scopeOfCaller(caller);
    if (typeof shown === 'string' && timingSafeEqual(digestOf(shown), digestOf(reactorToken()))) return REACTORS_SCOPE;
    const detail = 'The reactor token does not belong to this installation: reactors read it from their own store.';
    throw new ProblemError(problem('forbidden', detail, { extensions: { cause: REACTOR_TOKEN_REFUSED } }));
  };

/** Named after the key's name, so that the key can be replaced; with a prefix, so that no name collides with another namespace. */
const scopeOfCaller = (caller: Caller): string => (caller === ANONYMOUS ? 'anonymous' : `caller/${caller.name}`);

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();

/** A hash over method, path and body, the same however the JSON was written. */
export const requestHash = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(`${method} ${path}\n${canonicalJson(body)}`)
    .digest('hex');

/** JSON with the keys of every object in order. Takes what came as JSON, and nothing else. */
const canonicalJson = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  // As text, so that members are in the order of their keys.
  return `{${members.sort().join()}}`;
};
