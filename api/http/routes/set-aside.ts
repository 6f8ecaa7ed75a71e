/** What the process managers have set aside, requests that could not be carried out, and what operators do about them. */
import * as t from 'io-ts';
import type { FastifyInstance } from 'fastify';
import { field, record, type RecordOf } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { Text } from '../../../domain/kernel/values';
import { parseDeadLetterId } from '../../../infra/dead-letters/query/query';
import { setAsideStatuses, type SetAsideEntry, type SetAsideStatus } from '../../../infra/reactors/processes/processes';
import type { ApiDependencies } from '../dependencies';
import { setAsideDocumentation } from '../documentation/set-aside-documentation';
import { knownGroup, submitRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf } from '../query-parameters';

const DiscardBody = record('discard', {
  reason: field(Text, 'Why the process goes on without it; stays in the audit.'),
});

/** Adds the routes under `/ops/commands`, and `/ops/requests`. */
export const setAsideRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  app.get('/ops/commands', { config: { access: 'operator', documentation: setAsideDocumentation.list } }, (request) => {
    const query = queryOf(request);
    allowOnly(query, 'group', 'status', 'limit');
    const { group, status } = query;
    const filter = {
      ...(group === undefined ? {} : { group: knownGroup(dependencies, group) }),
      ...(status === undefined ? {} : { status: statusOf(status) }),
    };
    return { items: dependencies.setAside(filter, limitOf(query)) };
  });

  app.post<{ Params: { id: string } }>(
    '/ops/commands/:id/release',
    { config: { access: 'operator', documentation: setAsideDocumentation.release } },
    (request, reply) => {
      allowOnly(queryOf(request));
      const { id, group } = openEntry(dependencies, request.params.id);
      const body = { group, number: numberOf(id) };
      const { id: requestId } = submitRequest(dependencies, 'command-release', body, request.caller.name);
      return reply.code(202).send({ id, action: 'release', requestId });
    },
  );

  app.post<{ Params: { id: string }; Body: RecordOf<(typeof DiscardBody)['fields']> }>(
    '/ops/commands/:id/discard',
    {
      schema: { body: jsonSchemaOf(DiscardBody, { additionalProperties: false }) },
      config: { access: 'operator', bodyCodec: DiscardBody, documentation: setAsideDocumentation.discard },
    },
    (request, reply) => {
      allowOnly(queryOf(request));
      const { id, group } = openEntry(dependencies, request.params.id);
      const body = { group, number: numberOf(id), reason: request.body.reason };
      const { id: requestId } = submitRequest(dependencies, 'command-discard', body, request.caller.name);
      return reply.code(202).send({ id, action: 'discard', requestId });
    },
  );

  app.get(
    '/ops/requests',
    { config: { access: 'operator', documentation: setAsideDocumentation.failedRequests } },
    (request) => {
      const query = queryOf(request);
      allowOnly(query, 'limit');
      return { items: dependencies.failedRequests(limitOf(query)) };
    },
  );
};

const Status = t.keyof({ open: null, released: null, discarded: null });

const statusOf = (text: string): SetAsideStatus =>
  Status.is(text)
    ? text
    : failWith('invalid-parameter', `'status' is '${text}'; it takes one of ${setAsideStatuses.join(', ')}.`);

const numberOf = (id: string): number => parseDeadLetterId(id)?.letter ?? 0;

const openEntry = (dependencies: ApiDependencies, id: string): SetAsideEntry => {
  const parsed = parseDeadLetterId(id);
  const [entry] = parsed === undefined ? [] : dependencies.setAside({ group: parsed.group, number: parsed.letter }, 1);
  if (entry === undefined) failWith('unknown-set-aside', `Nothing was set aside under the id '${id}'.`);
  if (entry.status !== 'open') failWith('set-aside-over', `${id} is ${entry.status}: there is nothing left to decide.`);
  return entry;
};
