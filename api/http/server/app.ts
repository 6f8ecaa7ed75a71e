/** The HTTP API as a function: it gets its dependencies and answers an app that listens nowhere yet. */
import fastify, { type FastifyInstance } from 'fastify';
import { clientErrorAnswers, takeUnusualRequests } from '../client-errors';
import { defaultConnectionLimits, endConnectionsOnClose } from '../connections';
import type { ApiDependencies } from '../dependencies';
import { describeApi } from '../documentation/open-api';
import { answerErrors } from '../errors';
import { takeJsonOnly } from '../json-body';
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
import { metricsRoutes } from '../routes/metrics';
import { operationRoutes } from '../routes/operations';
import { redriveRoutes } from '../routes/redrives';
import { setAsideRoutes } from '../routes/set-aside';
import { streamRoutes } from '../routes/streams';
import { viewRoutes } from '../routes/views';
import { MAX_WAIT_MS } from '../view-waiting';

/** A connection on which nothing moves; above the longest wait for a view, which is silent. */
const CONNECTION_TIMEOUT_MS = MAX_WAIT_MS + 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
/** For an answer to a query, the wait for a view included. */
const ANSWER_TIMEOUT_MS = MAX_WAIT_MS + 10_000;

/** Builds the app. Call `listen` or `inject` on it; `close` ends it once what is under way is answered. */
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
    // Node's own limit for headers is that of the whole request, or a minute; and it looks every half minute.
    http: {
      headersTimeout: requestTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
      // Node would answer by itself, and uncounted: the guards refuse a request without a host.
      requireHostHeader: false,
    },
    // A request on a kept connection is refused by the hook below, with a problem instead of Fastify's own answer.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // A command is taken as it came, or refused: nothing is guessed, dropped or filled in. The check ends at the first
    // thing that is wrong; what else is wrong is said by code whose work is bounded.
    ajv: { customOptions: { allErrors: false, coerceTypes: false, removeAdditional: false, useDefaults: false } },
    clientErrorHandler: clientErrorAnswers(limit, (target) => explain(target)),
    // An address that can't be read reaches no guard.
    frameworkErrors: (error, request, reply) => void onError(counted(error, request.ip, limit), request, reply),
  });
  endConnectionsOnClose(app, closeGraceMs, clock);
  takeUnusualRequests(app.server, limit);
  const explain: (target: RequestTarget) => Problem = explainUnknown(app, catalog);
  guard(app, dependencies, limit, explain);
  // Commands go without: the timer costs them several percent, and what they wait for is bounded already.
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET') route.handlerTimeout ??= ANSWER_TIMEOUT_MS;
  });
  app.setErrorHandler(onError);
  takeJsonOnly(app);
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, explain(request)));

  // In a plugin, because routes must come after the plugins that watch them being added.
  void app.register((scope, _options, done) => {
    addRoutes(scope, dependencies).then(() => done(), done);
  });
  return app;
};

const addRoutes = async (app: FastifyInstance, dependencies: ApiDependencies): Promise<void> => {
  await describeApi(app, dependencies);
  const expensive = expensiveReads();
  app.addHook('preClose', (done) => {
    expensive.stop();
    done();
  });
  commandRoutes(app, dependencies);
  viewRoutes(app, dependencies);
  streamRoutes(app, dependencies, expensive.run);
  operationRoutes(app, dependencies, expensive.run);
  deadLetterRoutes(app, dependencies);
  redriveRoutes(app, dependencies);
  setAsideRoutes(app, dependencies);
  healthRoutes(app, dependencies);
  metricsRoutes(app, dependencies);
  documentationRoutes(app, dependencies);
};

const counted = (error: unknown, address: string | undefined, limit: RateLimit): unknown => {
  try {
    limit.countAddress(address);
    return error;
  } catch (tooMany) {
    return tooMany;
  }
};
