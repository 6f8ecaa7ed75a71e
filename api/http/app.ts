/** The HTTP API as a function: it gets its dependencies and answers an app that listens nowhere yet. */
import fastify, { type FastifyInstance } from 'fastify';
import { authentication } from './authentication';
import { answerClientError } from './client-errors';
import type { ApiDependencies } from './dependencies';
import { describeApi } from './documentation/open-api';
import { answerErrors } from './errors';
import { takeJsonOnly } from './json-body';
import { explainUnknown } from './not-found';
import { sendProblem } from './problem';
import { commandRoutes } from './routes/commands';
import { deadLetterRoutes } from './routes/dead-letters';
import { documentationRoutes } from './routes/documentation';
import { healthRoutes } from './routes/health';
import { operationRoutes } from './routes/operations';
import { redriveRoutes } from './routes/redrives';
import { setAsideRoutes } from './routes/set-aside';
import { streamRoutes } from './routes/streams';
import { MAX_WAIT_MS, viewRoutes } from './routes/views';
import { limitRate, refuseWhileShuttingDown } from './shedding';

/** For a whole request to arrive. */
const REQUEST_TIMEOUT_MS = 15_000;
/** A connection on which nothing moves; above the longest wait for a view, which is silent. */
const CONNECTION_TIMEOUT_MS = MAX_WAIT_MS + 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 30_000;
/** For an answer to a query, the wait for a view included. */
const ANSWER_TIMEOUT_MS = MAX_WAIT_MS + 10_000;
/** Long enough for the key of a view of several columns, each an identifier. */
const MAX_PARAMETER_LENGTH = 1_024;

/** Builds the app. Call `listen` or `inject` on it; `close` ends it once what is under way is answered. */
export const buildApp = (dependencies: ApiDependencies): FastifyInstance => {
  const { catalog, clock, logger } = dependencies;
  const onError = answerErrors(logger);
  const app = fastify({
    logger: false,
    genReqId: () => clock.newId(),
    bodyLimit: dependencies.bodyLimitBytes,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionTimeout: CONNECTION_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    // A request on a kept connection is refused by the hook below, with a problem instead of Fastify's own answer.
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH },
    // A command is taken as it came, or refused: nothing is guessed, dropped or filled in.
    ajv: { customOptions: { allErrors: true, coerceTypes: false, removeAdditional: false, useDefaults: false } },
    clientErrorHandler: answerClientError,
    frameworkErrors: (error, request, reply) => void onError(error, request, reply),
  });
  guard(app, dependencies);
  app.setErrorHandler(onError);
  takeJsonOnly(app);
  const explain = explainUnknown(app, catalog);
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, explain(request)));

  // In a plugin, because routes must come after the plugins that watch them being added.
  void app.register((scope, _options, done) => {
    addRoutes(scope, dependencies).then(() => done(), done);
  });
  return app;
};

const addRoutes = async (app: FastifyInstance, dependencies: ApiDependencies): Promise<void> => {
  await describeApi(app, dependencies);
  await limitRate(app, dependencies.rateLimitPerSecond);
  commandRoutes(app, dependencies);
  viewRoutes(app, dependencies);
  streamRoutes(app, dependencies);
  operationRoutes(app, dependencies);
  deadLetterRoutes(app, dependencies);
  redriveRoutes(app, dependencies);
  setAsideRoutes(app, dependencies);
  healthRoutes(app, dependencies);
  documentationRoutes(app, dependencies);
};

/** What every request passes first. */
const guard = (app: FastifyInstance, { apiKeys, isShuttingDown }: ApiDependencies): void => {
  const authenticate = authentication(apiKeys);
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  // Commands go without: the timer costs them several percent, and what they wait for is bounded already.
  app.addHook('onRoute', (route) => {
    if (route.method === 'GET') route.handlerTimeout ??= ANSWER_TIMEOUT_MS;
  });
  app.decorateRequest('caller');
  app.decorateRequest('correlationId', '');
  app.addHook('onRequest', (request, _reply, next) => {
    refuseWhileShuttingDown(() => isClosing || isShuttingDown(), request);
    request.caller = authenticate(request);
    next();
  });
};
