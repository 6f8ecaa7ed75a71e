/** Turning requests away in time: while the server shuts down, and where a client sends too many. */
import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { problem, ProblemError, retryAfter } from './problem';

const RETRY_AFTER_SHUTDOWN_SECONDS = 5;

/** Ends a request while the server shuts down; only the health routes go on answering. */
export const refuseWhileShuttingDown = (isShuttingDown: () => boolean, request: FastifyRequest): void => {
  if (!isShuttingDown() || request.routeOptions.config.available === 'always') return;
  throw new ProblemError(shuttingDown());
};

/** The problem of a request that comes too late. */
export const shuttingDown = (): ReturnType<typeof problem> =>
  problem('shutting-down', 'The server is shutting down and takes no new requests.', {
    headers: { ...retryAfter(RETRY_AFTER_SHUTDOWN_SECONDS), connection: 'close' },
  });

/** Limits each caller (by the name of its key, or by address) to so many requests a second. */
export const limitRate = async (app: FastifyInstance, perSecond: number): Promise<void> => {
  if (perSecond === 0) return;
  await app.register(rateLimit, {
    max: perSecond,
    timeWindow: 1_000,
    allowList: (request) => request.routeOptions.config.available === 'always',
    keyGenerator: ({ caller, ip }) => (caller.name === 'anonymous' ? ip : `key:${caller.name}`),
    // The plugin throws what this builds, and the error handler sends it.
    errorResponseBuilder: (_request, { max }) =>
      new ProblemError(problem('too-many-requests', `At most ${max} requests a second are taken from one client.`)),
  });
};
