/** How the flow stands, and rebuilds. */
import * as t from 'io-ts';
import type { FastifyInstance } from 'fastify';
import { field, optionalField, record, type RecordOf } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { oneOf } from '../../../domain/kernel/values';
import type { OperationRequest } from '../../../infra/commands/operation-requests';
import type { RebuildStatus } from '../../../projections/view-reader';
import { storeUnavailable } from '../command-problems';
import type { ApiDependencies } from '../dependencies';
import { operationsDocumentation } from '../documentation/operations-documentation';
import { failWith, ProblemError } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';

const RebuildSource = oneOf({ kafka: null, store: null });

/** What an operator may say of a rebuild. */
const RebuildBody = record('rebuild', {
  from: optionalField(RebuildSource, 'Where the events are read from; left out means kafka, from offset zero.'),
});

/** What a rebuild's request holds for the role that carries it out. Stored format, version with care. */
const RebuildRequest = record('RebuildRequest', {
  projection: field(t.string, 'The projection to rebuild.'),
  from: field(RebuildSource, 'Where the events are read from.'),
});

/** Adds what operators look at and ask for. */
export const operationRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { views, relayStatus, reactorGroups } = dependencies;
  const shows = (path: string, name: keyof typeof operationsDocumentation, answer: () => unknown): void => {
    app.get(path, { config: { documentation: operationsDocumentation[name] } }, (request) => {
      allowOnly(queryOf(request));
      return answer();
    });
  };
  shows('/ops/relay', 'relay', () => relayStatus() ?? failWith('no-relay-yet', 'No relay has run on this data yet.'));
  shows('/ops/groups', 'groups', () => ({ items: [...views.groups(), ...reactorGroups()] }));
  shows('/ops/projections', 'projections', () => ({ items: views.projections() }));
  addRebuild(app, dependencies);
  app.get<{ Params: { id: string } }>(
    '/ops/rebuilds/:id',
    { config: { documentation: operationsDocumentation.rebuild } },
    ({ params }) => rebuildOf(dependencies, params.id),
  );
};

const addRebuild = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  app.post<{ Params: { name: string }; Body: RecordOf<(typeof RebuildBody)['fields']> | undefined }>(
    '/ops/projections/:name/rebuild',
    {
      schema: { body: jsonSchemaOf(RebuildBody, { additionalProperties: false }) },
      config: { access: 'operator', bodyCodec: RebuildBody, documentation: operationsDocumentation.requestRebuild },
      preValidation: (request, _reply, next) => {
        if (request.body === undefined) request.body = {};
        next();
      },
    },
    (request, reply) => {
      allowOnly(queryOf(request));
      const projection = knownProjection(dependencies, request.params.name);
      const body = { projection, from: request.body?.from ?? 'kafka' };
      const requested = submit(dependencies, JSON.stringify(body), request.caller.name);
      return reply.code(202).header('location', `/ops/rebuilds/${requested.id}`).send(requestedRebuild(requested));
    },
  );
};

const knownProjection = ({ views }: ApiDependencies, name: string): string => {
  const known = views.views.map((view) => view.name);
  if (known.includes(name)) return name;
  const detail = `No projection is called '${name}'; there are ${known.join(', ')}.`;
  return failWith('unknown-projection', detail, { extensions: { known } });
};

const submit = ({ operationRequests, logger }: ApiDependencies, body: string, actor: string): OperationRequest => {
  try {
    return operationRequests.submit({ kind: 'rebuild', body, actor });
  } catch (error) {
    logger.error({ error }, 'a rebuild could not be asked for: the store took no write');
    throw new ProblemError(storeUnavailable());
  }
};

const rebuildOf = ({ views, operationRequests }: ApiDependencies, text: string): RebuildStatus => {
  const id = /^[1-9]\d{0,14}$/.test(text) ? Number(text) : refuseId(text);
  const started = views.rebuild(id);
  if (started !== undefined) return started;
  const [request] = operationRequests.after(id - 1);
  if (request?.id !== id) failWith('unknown-rebuild', `No rebuild has the id ${id}.`);
  return requestedRebuild(request);
};

const refuseId = (text: string): never =>
  failWith('invalid-parameter', `The id in the path is '${text}'; it takes a whole number from 1 on.`);

/** A rebuild that no projections role has picked up. */
const requestedRebuild = ({ id, body }: OperationRequest): RebuildStatus => {
  const request: unknown = JSON.parse(body);
  if (!RebuildRequest.is(request)) throw new Error(`the stored request ${id} is not a rebuild: ${body}`);
  return {
    id,
    projection: request.projection,
    from: request.from,
    state: 'requested',
    reason: null,
    done: 0,
    total: null,
    rate: null,
    etaSeconds: null,
    proof: null,
    startedAt: null,
    finishedAt: null,
  };
};
