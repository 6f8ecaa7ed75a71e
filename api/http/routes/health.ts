/** The routes of liveness and readiness. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies, ReadinessReason } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { live, ready } from '../endpoints/health';
import { failWith, retryAfter } from '../problem';

const detailOf = (reasons: ReadonlyArray<ReadinessReason>): string =>
  reasons.length === 0
    ? 'The server is starting, or a part has failed.'
    : reasons.map(({ stage, state, reason }) => `${stage} is ${state}: ${reason}`).join('; ');

/** Adds the health routes, which need no key and respond until the server closes. */
export const healthRoutes = (
  app: FastifyInstance,
  { readiness, isShuttingDown }: Pick<ApiDependencies, 'readiness' | 'isShuttingDown'>,
): void => {
  addEndpoint(app, 'GET', '/health/live', live, () => ({ status: 'live' }));

  addEndpoint(app, 'GET', '/health/ready', ready, async () => {
    const { ready: isReady, ...how } = await readiness();
    if (isReady && !isShuttingDown()) return { status: 'ready', ...how };
    const detail = isShuttingDown() ? 'The server is shutting down.' : detailOf(how.reasons ?? []);
    return failWith('not-ready', detail, { extensions: how, headers: retryAfter(1) });
  });
};
