/** Whether the process lives, and whether it takes requests. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { healthDocumentation } from '../documentation/operations-documentation';
import { failWith, retryAfter } from '../problem';

/** Adds the health routes, which need no key and answer to the last. */
export const healthRoutes = (app: FastifyInstance, { readiness, isShuttingDown }: ApiDependencies): void => {
  const config = (name: keyof typeof healthDocumentation) =>
    ({ access: 'open', available: 'always', documentation: healthDocumentation[name] }) as const;

  app.get('/health/live', { config: config('live') }, () => ({ status: 'live' }));

  app.get('/health/ready', { config: config('ready') }, () => {
    const { ready, checks } = readiness();
    if (ready && !isShuttingDown()) return { status: 'ready', checks };
    const detail = isShuttingDown() ? 'The server is shutting down.' : 'The server is starting, or a part has failed.';
    return failWith('not-ready', detail, { extensions: { checks }, headers: retryAfter(1) });
  });
};
