/** Whether the process lives, and whether it takes requests. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies, ReadinessReason } from '../dependencies';
import { healthDocumentation } from '../documentation/operations-documentation';
import { failWith, retryAfter } from '../problem';

const detailOf = (reasons: ReadonlyArray<ReadinessReason>): string =>
  reasons.length === 0
    ? 'The server is starting, or a part has failed.'
    : reasons.map(({ stage, state, reason }) => `${stage} is ${state}: ${reason}`).join(' ');

/** Adds the health routes, which need no key and answer to the last. */
export const healthRoutes = (
  app: FastifyInstance,
  { readiness, isShuttingDown }: Pick<ApiDependencies, 'readiness' | 'isShuttingDown'>,
): void => {
  const config = (name: keyof typeof healthDocumentation) =>
    ({ access: 'open', available: 'always', documentation: healthDocumentation[name] }) as const;

  app.get('/health/live', { config: config('live') }, () => ({ status: 'live' }));

  app.get('/health/ready', { config: config('ready') }, async () => {
    const { ready, ...how } = await readiness();
    if (ready && !isShuttingDown()) return { status: 'ready', ...how };
    const detail = isShuttingDown() ? 'The server is shutting down.' : detailOf(how.reasons ?? []);
    return failWith('not-ready', detail, { extensions: how, headers: retryAfter(1) });
  });
};
