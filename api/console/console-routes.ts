/** The routes of the console: its page under every address of it, its files, its session, and what it shows live. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ApiDependencies } from '../http/dependencies';
import { addEndpoint } from '../http/endpoint';
import { lastEventIdOf, type EventStreams } from '../http/event-stream';
import { problem, ProblemError } from '../http/problem';
import { sessionsOf } from '../http/sessions';
import { REFERENCE_POLICY, sendAsset } from './assets';
import { openFeed } from './feed';
import { login, logout, session } from './session-endpoints';

/** Leads a browser that asks for `/` to the console; everybody else gets what they got. */
export const leadToConsole = (app: FastifyInstance): void => {
  app.addHook('onRequest', (request, reply, next) => {
    if (request.raw.url === '/' && request.method === 'GET' && accepts(request, 'text/html'))
      void reply.redirect('/console');
    else next();
  });
};

const accepts = ({ headers }: FastifyRequest, mediaType: string): boolean =>
  headers.accept?.includes(mediaType) === true;

/** Adds the routes. The page and its files hold no data, and need no key. */
export const consoleRoutes = (app: FastifyInstance, dependencies: ApiDependencies, streams: EventStreams): void => {
  const open = { config: { access: 'open' } } as const;
  for (const url of ['/console', '/console/*'])
    app.get(url, open, (request, reply) => sendAsset(request, reply, 'console.html'));
  app.get<{ Params: { name: string } }>('/console/assets/:name', open, (request, reply) =>
    sendAsset(request, reply, request.params.name),
  );
  app.get('/docs', open, (request, reply) => sendAsset(request, reply, 'reference.html', REFERENCE_POLICY));
  sessionRoutes(app, dependencies);

  const feed = openFeed(topicsOf(dependencies), dependencies.clock);
  app.get('/console/events', { config: { access: 'operator' } }, (request, reply) => {
    feed.follow(streams.open(reply), lastEventIdOf(request));
  });
};

const sessionRoutes = (app: FastifyInstance, { apiKeys, clock }: ApiDependencies): void => {
  const sessions = sessionsOf(apiKeys, clock);
  const { required } = sessions;
  addEndpoint(app, 'GET', '/console/session', session, (request) => ({
    required,
    name: sessions.callerOf(request)?.name ?? null,
  }));
  addEndpoint(app, 'POST', '/console/session', login, (request, reply) => {
    const caller = sessions.operatorWith(request.body.key);
    if (caller === undefined) throw new ProblemError(problem('unauthenticated', 'This is not the key of an operator.'));
    reply.header('set-cookie', sessions.begin(caller, request));
    return { required, name: caller.name };
  });
  addEndpoint(app, 'POST', '/console/session/end', logout, (request, reply) => {
    reply.header('set-cookie', sessions.end(request));
    return { required, name: null };
  });
};

/** How many of the newest dead letters are compared to see that the list has changed. */
const COMPARED_DEAD_LETTERS = 50;

const topicsOf = (dependencies: ApiDependencies) => ({
  stages: dependencies.stages,
  relay: dependencies.relayStatus,
  groups: () => [...dependencies.views.groups(), ...dependencies.reactorGroups()],
  projections: () => dependencies.views.projections(),
  // Without the checks, whose numbers change all the time.
  readiness: async () => {
    const { ready, reasons, notices } = await dependencies.readiness();
    return { ready, reasons, notices };
  },
  deadLetters: () => ({
    counts: dependencies.failures.counts(),
    newest: dependencies.failures
      .list({}, { limit: COMPARED_DEAD_LETTERS })
      ?.items.map(({ id, status, owner }) => [id, status, owner].join(' ')),
    setAside: dependencies.setAside({ status: 'open' }, COMPARED_DEAD_LETTERS).map(({ id }) => id),
  }),
});
