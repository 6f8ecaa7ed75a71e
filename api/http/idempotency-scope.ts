/** Whose space an idempotency key lives in: each caller has one, and the reactors have one that no client can enter. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { REACTORS_SCOPE } from '../../domain/kernel/event-store';
import { REACTOR_TOKEN_HEADER, REACTOR_TOKEN_REFUSED } from '../../infra/reactor-token-header';
import { ANONYMOUS, type Caller } from './fastify-types';
import { problem, ProblemError } from './problem';

/** Finds the scope, or ends the request with 403. */
export type ScopeOf = (request: Pick<FastifyRequest, 'headers' | 'caller'>) => string;

/** The token is compared as a digest in constant time, as keys are. */
export const idempotencyScopes =
  (reactorToken: () => string): ScopeOf =>
  ({ headers, caller }) => {
    const shown = headers[REACTOR_TOKEN_HEADER];
    if (shown === undefined) return scopeOfCaller(caller);
    if (typeof shown === 'string' && timingSafeEqual(digestOf(shown), digestOf(reactorToken()))) return REACTORS_SCOPE;
    const detail = 'The reactor token is not the one of this installation: its reactors read it from its own store.';
    throw new ProblemError(problem('forbidden', detail, { extensions: { cause: REACTOR_TOKEN_REFUSED } }));
  };

/** By the name of the key, so that a key may be replaced; behind a prefix, so that no name is one of the other spaces. */
const scopeOfCaller = (caller: Caller): string => (caller === ANONYMOUS ? 'anonymous' : `caller/${caller.name}`);

const digestOf = (text: string): Buffer => createHash('sha256').update(text).digest();
