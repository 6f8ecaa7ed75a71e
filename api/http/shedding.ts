/** Rejects requests while the server shuts down. */
import type { FastifyRequest } from 'fastify';
import { problem, ProblemError, retryAfter } from './problem';

const RETRY_AFTER_SHUTDOWN_SECONDS = 5;

/** Throws a problem while the server shuts down; only the health routes still respond. */
export const refuseWhileShuttingDown = (isShuttingDown: () => boolean, request: FastifyRequest): void => {
  if (!isShuttingDown() || request.routeOptions.config.available === 'always') return;
  throw new ProblemError(shuttingDown());
};

/** Returns the problem of a request during shutdown. */
export const shuttingDown = (): ReturnType<typeof problem> =>
  problem('shutting-down', 'The server is shutting down and accepts no new requests.', {
    headers: { ...retryAfter(RETRY_AFTER_SHUTDOWN_SECONDS), connection: 'close' },
  });
