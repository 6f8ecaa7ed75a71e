/** The server that every process has for its operators: metrics and health, and nothing that changes anything. */
import fastify, { type FastifyInstance } from 'fastify';
import type { Clock } from '../../../infra/clock';
import type { Logger } from '../../../infra/logger';
import type { Metrics } from '../../../infra/metrics/registry';
import type { ApiDependencies } from '../dependencies';
import { answerErrors } from '../errors';
import { guard } from '../guards';
import { pathOf, problem, sendProblem } from '../problem';
import { rateLimit } from '../rate-limit';
import { healthRoutes } from '../routes/health';
import { metricsRoutes } from '../routes/metrics';

export interface OpsDependencies extends Pick<
  ApiDependencies,
  'apiKeys' | 'allowedHosts' | 'readiness' | 'isShuttingDown'
> {
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

const REQUEST_TIMEOUT_MS = 10_000;
const NO_LIMIT = 0;
/** Nobody sends a body here. */
const BODY_LIMIT_BYTES = 1_024;

/** Builds the app. Call `listen` or `inject` on it. */
export const buildOpsApp = (dependencies: OpsDependencies): FastifyInstance => {
  const { clock, logger } = dependencies;
  const app = fastify({
    logger: false,
    genReqId: () => clock.newId(),
    bodyLimit: BODY_LIMIT_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: 2 * REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
  });
  const explain = ({ method, url }: { readonly method: string; readonly url: string }) =>
    problem('unknown-route', `Nothing answers ${method} ${pathOf(url)} here: this port has /metrics and /health.`);
  guard(app, dependencies, rateLimit(NO_LIMIT, clock), explain);
  app.setErrorHandler(answerErrors(logger));
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, explain(request)));
  healthRoutes(app, dependencies);
  metricsRoutes(app, dependencies);
  return app;
};
