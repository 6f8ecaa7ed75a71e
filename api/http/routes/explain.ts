/** The route that explains a row. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { explain } from '../endpoints/explain';
import type { RunExpensiveRead } from '../expensive-reads';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { knownProjection } from '../operation-submission';

/** Reads every event of the store: a million take about ten seconds. Must be below the connection timeout. */
const EXPLAIN_TIMEOUT_MS = 55_000;

/** Adds the route. */
export const explainRoutes = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  runExpensiveRead: RunExpensiveRead,
): void => {
  addEndpoint(
    app,
    'GET',
    '/ops/explain/:projection/:key',
    explain,
    async (request) => {
      allowOnly(queryOf(request));
      const { key } = request.params;
      const projection = knownProjection(dependencies, request.params.projection);
      const explanation = await runExpensiveRead(request, (signal) => dependencies.explainRow(projection, key, signal));
      return (
        explanation ?? failWith('unknown-row', `${projection} has neither a row nor an event with the key '${key}'.`)
      );
    },
    { handlerTimeout: EXPLAIN_TIMEOUT_MS },
  );
};
