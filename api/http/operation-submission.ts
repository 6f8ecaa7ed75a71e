/** What operators ask of other roles, on its way into the store. */
import type { OperationKind, OperationRequest } from '../../infra/commands/operation-requests';
import { storeUnavailable } from './command-problems';
import type { ApiDependencies } from './dependencies';
import { failWith, ProblemError } from './problem';

/** Writes a request down; ends with 503 where the store takes no write. */
export const submitRequest = (
  { operationRequests, logger }: ApiDependencies,
  kind: OperationKind,
  body: object,
  actor: string,
): OperationRequest => {
  try {
    return operationRequests.submit({ kind, body: JSON.stringify(body), actor });
  } catch (error) {
    logger.error({ error, kind }, 'an operation could not be asked for: the store took no write');
    throw new ProblemError(storeUnavailable());
  }
};

/** The name of a consumer group, or 404 with those that there are. */
export const knownGroup = ({ failures: { groups } }: ApiDependencies, name: string): string => {
  if (groups.includes(name)) return name;
  const detail = `No consumer group is called '${name}'; there are ${groups.join(', ')}.`;
  return failWith('unknown-group', detail, { extensions: { known: groups } });
};
