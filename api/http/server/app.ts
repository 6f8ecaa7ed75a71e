/** The HTTP API as a function: it takes its dependencies and returns an app that does not listen yet. */
import fastify, { type FastifyInstance } from 'fastify';
import { consoleRoutes, leadToConsole } from '../../console/console-routes';
import { clientErrorHandler, takeUnusualRequests } from '../client-errors';
import { defaultConnectionLimits, endConnectionsOnClose } from '../connections';
import type { ApiDependencies } from '../dependencies';
import { describeApi } from '../documentation/open-api';
import { answerErrors } from '../errors';
import { takeJsonOnly } from '../json-body';
import { eventStreams } from '../event-stream';
import { expensiveReads } from '../expensive-reads';
import { guard } from '../guards';
import { explainUnknown, type RequestTarget } from '../not-found';
import { sendProblem, type Problem } from '../problem';
import { MAX_PARAMETER_LENGTH } from '../request-values';
import { rateLimit, type RateLimit } from '../rate-limit';
import { commandRoutes } from '../routes/commands';
import { deadLetterRoutes } from '../routes/dead-letters';
import { documentationRoutes } from '../routes/documentation';
import { healthRoutes } from '../routes/health';
import { investigationRoutes } from '../routes/investigation';
import { metricsRoutes } from '../routes/metrics';
import { operationRoutes } from '../routes/operations';
import { redriveRoutes } from '../routes/redrives';
import { effectRoutes } from '../routes/effects';
import { setAsideRoutes } from '../routes/set-aside';
import { streamRoutes } from '../routes/streams';
import { viewRoutes } from '../routes/views';
import { MAX_WAIT_MS } from '../view-waiting';

/** For an idle connection; longer than the longest wait for a view, during which nothing is sent. */
const CONNECTION_TIMEOUT_MS = MAX_WAIT_MS + 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
/** For the response to a query, including the wait for a view. */
const ANSWER_TIMEOUT_MS = MAX_WAIT_MS + 10_000;

/** Builds the app. Call `listen` or `inject` on it; `close` ends it once requests in progress have completed. */
export const buildApp = (dependencies: ApiDependencies): FastifyInstance => {
  const { catalog, clock, logger } = dependencies;
  const { requestTimeoutMs, checkIntervalMs, closeGraceMs } = {
    ...defaultConnectionLimits,
    ...dependencies.connections,
  };
  const onError = answerErrors(logger);
  const limit = rateLimit(dependencies.rateLimitPerSecond, clock);
  const app = fastify({
    logger: false,
    genReqId: () => clock.newId(),
    bodyLimit: dependencies.bodyLimitBytes,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // Node's own limit for headers is the lower of the request's and a minute, and it checks every 30 seconds.
    http: {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
      // Node would answer by itself, and uncounted: the guards refuse a request without a host.
      requireHostHeader: false,
    },
    // A request on a kept connection is rejected by the hook below, with a problem instead of Fastify's own response.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // Bodies are accepted as sent, or rejected: nothing is coerced, dropped or defaulted. ajv stops at the first error; other code,
    // whose work is bounded, finds the rest.
    ajv: { customOptions: { allErrors: false, coerceTypes: false, removeAdditional: false, useDefaults: false } },
    clientErrorHandler: clientErrorHandler(limit, (target) => explain(target)),
    // A malformed URL does not reach the guards.
    frameworkErrors: (error, request, reply) => void onError(counted(error, request.ip, limit), request, reply),
  });
  endConnectionsOnClose(app, closeGraceMs, clock);
  takeUnusualRequests(app.server, limit);
  const explain: (target: RequestTarget) => Problem = explainUnknown(app, catalog);
  leadToConsole(app);
  guard(app, dependencies, limit, explain);
  // Not for commands: the timer costs several percent, and their waits are bounded already.
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET') route.handlerTimeout ??= ANSWER_TIMEOUT_MS;
  });
  app.setErrorHandler(onError);
  takeJsonOnly(app);
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, explain(request)));

  // In a plugin, so that the routes are added after the plugins that collect them.
  void app.register((scope, _options, done) => {
    addRoutes(scope, dependencies).then(() => done(), done);
  });
  return app;
};

const addRoutes = async (app: FastifyInstance, dependencies: ApiDependencies): Promise<void> => {
  await describeApi(app, dependencies);
  const expensive = expensiveReads();
  const streams = eventStreams(dependencies);
  app.addHook('preClose', (done) => {
    expensive.stop();
    streams.stop();
    done();
  });
  commandRoutes(app, dependencies);
  viewRoutes(app, dependencies, streams);
  streamRoutes(app, dependencies, expensive.run);
  operationRoutes(app, dependencies, expensive.run);
  investigationRoutes(app, dependencies, expensive.run);
  deadLetterRoutes(app, dependencies);
  redriveRoutes(app, dependencies);
  setAsideRoutes(app, dependencies);
  effectRoutes(app, dependencies);
  healthRoutes(app, dependencies);
  metricsRoutes(app, dependencies);
  documentationRoutes(app, dependencies);
  consoleRoutes(app, dependencies, streams);
};

const counted = (error: unknown, address: string | undefined, limit: RateLimit): unknown => {
  try {
    limit.countAddress(address);
    return error;
  } catch (tooMany) {
    return tooMany;
  }
};
