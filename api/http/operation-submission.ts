/** Operator requests to other roles: written to the store, and read from it until the role has picked them up. */
import type { NewOperationRequest, OperationKind, OperationRequest } from '../../infra/commands/operation-requests';
import { storeUnavailable } from './command-problems';
import type { ApiDependencies } from './dependencies';
import { failWith, ProblemError } from './problem';

/** Stores one request; throws a 503 problem if the store can't be written. */
export const submitRequest = async (
  dependencies: ApiDependencies,
  kind: OperationKind,
  body: object,
  actor: string,
): Promise<OperationRequest> => {
  const [submitted] = await submitRequests(dependencies, kind, [body], actor);
  if (submitted === undefined) throw new Error('a submitted request must have a result');
  return submitted;
};

/** Stores several requests atomically. */
export const submitRequests = async (
  { operationRequests, logger }: ApiDependencies,
  kind: OperationKind,
  bodies: ReadonlyArray<object>,
  actor: string,
): Promise<ReadonlyArray<OperationRequest>> => {
  try {
    return await operationRequests.submitAll(bodies.map((body) => requestOf(kind, body, actor)));
  } catch (error) {
    logger.error({ error, kind }, "an operator request could not be stored: the store can't be written");
    throw new ProblemError(storeUnavailable());
  }
};

const requestOf = (kind: OperationKind, body: object, actor: string): NewOperationRequest => ({
  kind,
  body: JSON.stringify(body),
  actor,
});

/** Returns the request of this kind and id; undefined if there is none. */
export const submittedRequest = async (
  { operationRequests }: Pick<ApiDependencies, 'operationRequests'>,
  kind: OperationKind,
  id: number,
): Promise<OperationRequest | undefined> => {
  const [request] = await operationRequests.after(id - 1, [kind]);
  return request?.id === id ? request : undefined;
};

/** Parses the id of a request from a path. */
export const requestIdOf = (text: string): number =>
  /^[1-9]\d{0,14}$/.test(text)
    ? Number(text)
    : failWith('invalid-parameter', `The id in the path is '${text}'; it takes an integer from 1.`);

/** Returns the name if the consumer group exists, else throws a 404 problem that lists the groups. */
export const knownGroup = ({ failures: { groups } }: ApiDependencies, name: string): string => {
  if (groups.includes(name)) return name;
  const detail = `No consumer group is called '${name}'; there are ${groups.join(', ')}.`;
  return failWith('unknown-group', detail, { extensions: { known: groups } });
};

/** Returns the name if the projection exists, else throws a 404 problem that lists the projections. */
export const knownProjection = ({ views }: Pick<ApiDependencies, 'views'>, name: string): string => {
  const known = views.views.map((view) => view.name);
  if (known.includes(name)) return name;
  const detail = `No projection is called '${name}'; there are ${known.join(', ')}.`;
  return failWith('unknown-projection', detail, { extensions: { known } });
};
