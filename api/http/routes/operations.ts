/** The routes of operations. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { groups, projections, relay } from '../endpoints/operations';
import { stages as stagesEndpoint } from '../endpoints/stages';
import type { RunExpensiveRead } from '../expensive-reads';
import { failWith, retryAfter } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { explainRoutes } from './explain';
import { offsetRoutes } from './offsets';
import { relaySkipRoutes } from './relay-skips';
import { rebuildRoutes } from './rebuilds';

/** Adds the routes. */
export const operationRoutes = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  runExpensiveRead: RunExpensiveRead,
): void => {
  const { views, relayStatus, reactorGroups, stages } = dependencies;
  addEndpoint(app, 'GET', '/ops/relay', relay, async (request) => {
    allowOnly(queryOf(request));
    return (await relayStatus()) ?? failWith('no-relay-yet', 'No relay has run on this data yet.');
  });
  addEndpoint(app, 'GET', '/ops/groups', groups, (request) => {
    allowOnly(queryOf(request));
    return { items: [...views.groups(), ...reactorGroups()] };
  });
  addEndpoint(app, 'GET', '/ops/projections', projections, (request) => {
    allowOnly(queryOf(request));
    return { items: views.projections() };
  });
  addEndpoint(app, 'GET', '/ops/stages', stagesEndpoint, (request) => {
    allowOnly(queryOf(request));
    return stages() ?? failWith('not-ready', 'The flow has not been looked at yet.', { headers: retryAfter(1) });
  });
  rebuildRoutes(app, dependencies);
  offsetRoutes(app, dependencies);
  relaySkipRoutes(app, dependencies);
  explainRoutes(app, dependencies, runExpensiveRead);
};
