/** The routes of commands and deadlines that were set aside, and of operator requests that failed. */
import type { FastifyInstance } from 'fastify';
import { parseDeadLetterId } from '../../../infra/dead-letters/query/query';
import { setAsideStatuses, type SetAsideEntry, type SetAsideStatus } from '../../../infra/reactors/processes/processes';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { commandsSetAside, discardCommand, failedRequests, releaseCommand } from '../endpoints/set-aside';
import { knownGroup, submitRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf } from '../query-parameters';

/** Adds the routes under `/ops/commands`, and `/ops/requests`. */
export const setAsideRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addEndpoint(app, 'GET', '/ops/commands', commandsSetAside, (request) => {
    const query = queryOf(request);
    allowOnly(query, 'group', 'status', 'limit');
    const { group, status } = query;
    const filter = {
      ...(group === undefined ? {} : { group: knownGroup(dependencies, group) }),
      ...(status === undefined ? {} : { status: statusOf(status) }),
    };
    return { items: dependencies.setAside(filter, limitOf(query)) };
  });

  addEndpoint(app, 'POST', '/ops/commands/:id/release', releaseCommand, async (request, reply) => {
    allowOnly(queryOf(request));
    const { id, group } = openEntry(dependencies, request.params.id);
    const body = { group, number: numberOf(id) };
    const { id: requestId } = await submitRequest(dependencies, 'command-release', body, request.caller.name);
    return reply.code(202).send({ id, action: 'release', requestId });
  });

  addEndpoint(app, 'POST', '/ops/commands/:id/discard', discardCommand, async (request, reply) => {
    allowOnly(queryOf(request));
    const { id, group } = openEntry(dependencies, request.params.id);
    const body = { group, number: numberOf(id), reason: request.body.reason };
    const { id: requestId } = await submitRequest(dependencies, 'command-discard', body, request.caller.name);
    return reply.code(202).send({ id, action: 'discard', requestId });
  });

  addEndpoint(app, 'GET', '/ops/requests', failedRequests, (request) => {
    const query = queryOf(request);
    allowOnly(query, 'limit');
    return { items: dependencies.failedRequests(limitOf(query)) };
  });
};

const statusOf = (text: string): SetAsideStatus =>
  setAsideStatuses.find((status) => status === text) ??
  failWith('invalid-parameter', `'status' is '${text}'; it takes one of ${setAsideStatuses.join(', ')}.`);

const numberOf = (id: string): number => parseDeadLetterId(id)?.letter ?? 0;

const openEntry = (dependencies: ApiDependencies, id: string): SetAsideEntry => {
  const parsed = parseDeadLetterId(id);
  const [entry] = parsed === undefined ? [] : dependencies.setAside({ group: parsed.group, number: parsed.letter }, 1);
  if (entry === undefined) failWith('unknown-set-aside', `No command or deadline with the id '${id}' was set aside.`);
  if (entry.status !== 'open') failWith('set-aside-over', `${id} is ${entry.status}: it can't be decided again.`);
  return entry;
};
