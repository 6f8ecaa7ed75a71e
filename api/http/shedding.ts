/** Turning requests away while the server shuts down. */
import type { FastifyRequest } from 'fastify';
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
