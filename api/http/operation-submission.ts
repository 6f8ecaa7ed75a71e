/** What operators ask of other roles: on its way into the store, and looked up until the role has taken it over. */
import type { NewOperationRequest, OperationKind, OperationRequest } from '../../infra/commands/operation-requests';
import { storeUnavailable } from './command-problems';
import type { ApiDependencies } from './dependencies';
import { failWith, ProblemError } from './problem';

/** Writes one request down; ends with 503 where the store takes no write. */
export const submitRequest = async (
  dependencies: ApiDependencies,
  kind: OperationKind,
  body: object,
  actor: string,
): Promise<OperationRequest> => {
  const [submitted] = await submitRequests(dependencies, kind, [body], actor);
  if (submitted === undefined) throw new Error('a request that is submitted is answered');
  return submitted;
};

/** Writes several down, all of them or none. */
export const submitRequests = async (
  { operationRequests, logger }: ApiDependencies,
  kind: OperationKind,
  bodies: ReadonlyArray<object>,
  actor: string,
): Promise<ReadonlyArray<OperationRequest>> => {
  try {
    return await operationRequests.submitAll(bodies.map((body) => requestOf(kind, body, actor)));
  } catch (error) {
    logger.error({ error, kind }, 'an operation could not be asked for: the store took no write');
    throw new ProblemError(storeUnavailable());
  }
};

const requestOf = (kind: OperationKind, body: object, actor: string): NewOperationRequest => ({
  kind,
  body: JSON.stringify(body),
  actor,
});

/** A request of this kind by its id; undefined where there is none. */
export const submittedRequest = async (
  { operationRequests }: Pick<ApiDependencies, 'operationRequests'>,
  kind: OperationKind,
  id: number,
): Promise<OperationRequest | undefined> => {
  const [request] = await operationRequests.after(id - 1, [kind]);
  return request?.id === id ? request : undefined;
};

/** The id of a request as it stands in a path. */
export const requestIdOf = (text: string): number =>
  /^[1-9]\d{0,14}$/.test(text)
    ? Number(text)
    : failWith('invalid-parameter', `The id in the path is '${text}'; it takes a whole number from 1 on.`);

/** The name of a consumer group, or 404 with those that there are. */
export const knownGroup = ({ failures: { groups } }: ApiDependencies, name: string): string => {
  if (groups.includes(name)) return name;
  const detail = `No consumer group is called '${name}'; there are ${groups.join(', ')}.`;
  return failWith('unknown-group', detail, { extensions: { known: groups } });
};

/** The name of a projection, or 404 with those that there are. */
export const knownProjection = ({ views }: Pick<ApiDependencies, 'views'>, name: string): string => {
  const known = views.views.map((view) => view.name);
  if (known.includes(name)) return name;
  const detail = `No projection is called '${name}'; there are ${known.join(', ')}.`;
  return failWith('unknown-projection', detail, { extensions: { known } });
};
