/** How the flow stands, and what operators ask of it. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { operationsDocumentation } from '../documentation/operations-documentation';
import { stagesDocumentation } from '../documentation/stages-documentation';
import type { RunExpensiveRead } from '../expensive-reads';
import { failWith, retryAfter } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { explainRoutes } from './explain';
import { offsetRoutes } from './offsets';
import { relaySkipRoutes } from './relay-skips';
import { rebuildRoutes } from './rebuilds';

/** Adds what operators look at and ask for. */
export const operationRoutes = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  runExpensiveRead: RunExpensiveRead,
): void => {
  const { views, relayStatus, reactorGroups, stages } = dependencies;
  const shows = (path: string, name: keyof typeof operationsDocumentation, answer: () => unknown): void => {
    app.get(path, { config: { documentation: operationsDocumentation[name] } }, (request) => {
      allowOnly(queryOf(request));
      return answer();
    });
  };
  shows(
    '/ops/relay',
    'relay',
    async () => (await relayStatus()) ?? failWith('no-relay-yet', 'No relay has run on this data yet.'),
  );
  shows('/ops/groups', 'groups', () => ({ items: [...views.groups(), ...reactorGroups()] }));
  shows('/ops/projections', 'projections', () => ({ items: views.projections() }));
  app.get('/ops/stages', { config: { documentation: stagesDocumentation } }, (request) => {
    allowOnly(queryOf(request));
    return stages() ?? failWith('not-ready', 'The flow has not been looked at yet.', { headers: retryAfter(1) });
  });
  rebuildRoutes(app, dependencies);
  offsetRoutes(app, dependencies);
  relaySkipRoutes(app, dependencies);
  explainRoutes(app, dependencies, runExpensiveRead);
};
