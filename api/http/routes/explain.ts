/** Why a row says what it says. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { explain } from '../endpoints/explain';
import type { RunExpensiveRead } from '../expensive-reads';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { knownProjection } from '../operation-submission';

/** Every event of the store is looked at: a million of them take some ten seconds. Below the time-out of connections. */
const EXPLAIN_TIMEOUT_MS = 55_000;

/** Adds the explanation of a row. */
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
      return explanation ?? failWith('unknown-row', `No event and no row stands behind '${key}' in ${projection}.`);
    },
    { handlerTimeout: EXPLAIN_TIMEOUT_MS },
  );
};
