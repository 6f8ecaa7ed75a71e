/** Rebuilds: asked for, watched, cancelled, accepted, and taken back. */
import * as t from 'io-ts';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { field, optionalField, record, type AnyRecord, type RecordOf } from '../../../domain/kernel/codec';
import { listOf, oneOf } from '../../../domain/kernel/values';
import type { OperationRequest } from '../../../infra/commands/operation-requests';
import { keyFault } from '../../../projections/engine/generations/generations';
import type { RebuildStatus } from '../../../projections/view-reader';
import type { ApiDependencies } from '../dependencies';
import { rebuildDocumentation } from '../documentation/rebuild-documentation';
import { knownProjection, requestIdOf, submitRequest, submitRequests, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { CopyName, MomentText, ProjectionName, RowKey } from '../request-values';
import { takes, takesNothing, withoutBody } from '../request-bodies';

const RebuildSource = oneOf({ kafka: null, store: null });
const from = optionalField(RebuildSource, 'Where the events are read from; left out means kafka, from offset zero.');
const acceptDifferences = optionalField(
  t.boolean,
  'Swap also where the rows differ from those in service: how a deliberate change of logic is released.',
);

/** What an operator may say of a rebuild. */
const RebuildBody = record('rebuild', {
  from,
  acceptDifferences,
  copy: optionalField(CopyName, 'Make a scratch copy under this name instead; it takes `until` too.'),
  until: optionalField(MomentText, 'The moment that the copy shows: a position, or a time (ISO 8601, UTC).'),
  key: optionalField(RowKey, 'Make this one row again instead, by its key as in the address of the row.'),
});

const MAX_PROJECTIONS = 100;

const RebuildsBody = record('rebuilds', {
  projections: field(
    listOf(ProjectionName, MAX_PROJECTIONS, 1),
    'The projections that are rebuilt in one pass over the log.',
  ),
  from,
  acceptDifferences,
});

const DropCopyBody = record('drop-copy', { copy: field(CopyName, 'The name of the copy.') });

/** What a rebuild's request holds, as far as it is shown before a role has picked it up. Stored format, version with care. */
const RebuildRequest = record('RebuildRequest', {
  projection: field(t.string, 'The projection to rebuild.'),
  from: field(RebuildSource, 'Where the events are read from.'),
  kind: optionalField(oneOf({ rebuild: null, rollback: null, copy: null, row: null }), 'Left out: rebuild.'),
  acceptDifferences: optionalField(t.boolean, 'Swap also where rows differ.'),
  copy: optionalField(t.string, 'The name of the copy.'),
  until: optionalField(t.string, 'The moment that it shows.'),
  key: optionalField(t.string, 'The key of the row.'),
});

type Body<R extends AnyRecord> = R extends { readonly fields: infer F extends AnyRecord['fields'] }
  ? RecordOf<F>
  : never;

/** Adds them. */
export const rebuildRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addRequests(app, dependencies);
  addDecisions(app, dependencies);
  addLeftovers(app, dependencies);
};

const addRequests = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const accepted = (reply: FastifyReply, requested: OperationRequest): FastifyReply =>
    reply.code(202).header('location', `/ops/rebuilds/${requested.id}`).send(requestedRebuild(requested));

  app.post<{ Params: { name: string }; Body: Body<typeof RebuildBody> }>(
    '/ops/projections/:name/rebuild',
    { ...takes(RebuildBody, rebuildDocumentation.requestRebuild), preValidation: withoutBody },
    (request, reply) => {
      allowOnly(queryOf(request));
      const projection = knownProjection(dependencies, request.params.name);
      refuseOddKey(dependencies, projection, request.body.key);
      const body = { projection, from: 'kafka', ...kindOf(request.body), ...request.body };
      return accepted(reply, submitRequest(dependencies, 'rebuild', body, request.caller.name));
    },
  );

  app.post<{ Params: { name: string } }>(
    '/ops/projections/:name/rollback',
    takesNothing(rebuildDocumentation.requestRollback),
    (request, reply) => {
      allowOnly(queryOf(request));
      const projection = knownProjection(dependencies, request.params.name);
      const body = { projection, from: 'store', kind: 'rollback' };
      return accepted(reply, submitRequest(dependencies, 'rebuild', body, request.caller.name));
    },
  );

  app.post<{ Body: Body<typeof RebuildsBody> }>(
    '/ops/rebuilds',
    takes(RebuildsBody, rebuildDocumentation.requestRebuilds),
    (request, reply) => {
      allowOnly(queryOf(request));
      const { projections, ...rest } = request.body;
      const pass = dependencies.clock.newId();
      const bodies = [...new Set(projections)].map((name) => ({
        projection: knownProjection(dependencies, name),
        from: 'kafka',
        ...rest,
        pass,
      }));
      const requested = submitRequests(dependencies, 'rebuild', bodies, request.caller.name);
      return reply.code(202).send({ items: requested.map(requestedRebuild) });
    },
  );

  app.get<{ Params: { id: string } }>(
    '/ops/rebuilds/:id',
    { config: { documentation: rebuildDocumentation.rebuild } },
    ({ params }) => rebuildOf(dependencies, requestIdOf(params.id)),
  );
};

/** The key of a row has every column of the view's key, each of its type. */
const refuseOddKey = ({ views }: ApiDependencies, projection: string, key: string | undefined): void => {
  const view = views.views.find(({ name }) => name === projection);
  if (view === undefined || key === undefined) return;
  const columns = view.key.flatMap((name) => view.columns.filter((column) => column.name === name));
  const fault = keyFault(projection, columns, key);
  if (fault !== undefined) failWith('parameters-conflict', `'key': ${fault}.`);
};

/** What is meant by what was said, or the complaint about it. */
const kindOf = ({
  copy,
  until,
  key,
  acceptDifferences: accept,
}: Body<typeof RebuildBody>): { readonly kind?: string } => {
  if (key !== undefined) {
    if (copy !== undefined || until !== undefined)
      failWith('parameters-conflict', "'key' goes with no 'copy' and no 'until'.");
    return { kind: 'row' };
  }
  if (copy === undefined && until === undefined) return {};
  if (copy === undefined || until === undefined) {
    return failWith(
      'parameters-conflict',
      "'copy' and 'until' belong together: a name, and the moment that it stands for.",
    );
  }
  if (accept === true) failWith('parameters-conflict', "A copy is not swapped in: leave 'acceptDifferences' out.");
  return { kind: 'copy' };
};

const addDecisions = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const decision = (
    action: 'cancel' | 'accept-differences',
    states: ReadonlyArray<RebuildStatus['state']>,
    refusal: string,
  ): void => {
    app.post<{ Params: { id: string } }>(
      `/ops/rebuilds/:id/${action}`,
      takesNothing(rebuildDocumentation[action]),
      async (request, reply) => {
        allowOnly(queryOf(request));
        const status = await rebuildOf(dependencies, requestIdOf(request.params.id));
        if (!states.includes(status.state)) {
          failWith('rebuild-not-open', `The rebuild ${status.id} is ${status.state}: ${refusal}.`);
        }
        submitRequest(dependencies, 'rebuild-control', { action, rebuild: status.id }, request.caller.name);
        return reply.code(202).header('location', `/ops/rebuilds/${status.id}`).send(status);
      },
    );
  };
  decision('cancel', ['requested', 'running', 'waiting'], 'there is nothing left to cancel');
  decision('accept-differences', ['waiting'], 'no differences wait to be accepted');
};

const addLeftovers = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { views } = dependencies;
  const statusOf = (name: string) => views.projections().find((each) => each.name === name);

  app.post<{ Params: { name: string } }>(
    '/ops/projections/:name/drop-former',
    takesNothing(rebuildDocumentation.dropFormer),
    (request, reply) => {
      allowOnly(queryOf(request));
      const projection = knownProjection(dependencies, request.params.name);
      const former = statusOf(projection)?.former ?? null;
      if (former === null) failWith('unknown-build', `${projection} has no former build.`);
      submitRequest(dependencies, 'rebuild-control', { action: 'drop-former', projection }, request.caller.name);
      return reply.code(202).send({ projection, generation: former.generation });
    },
  );

  app.post<{ Params: { name: string }; Body: Body<typeof DropCopyBody> }>(
    '/ops/projections/:name/drop-copy',
    takes(DropCopyBody, rebuildDocumentation.dropCopy),
    (request, reply) => {
      allowOnly(queryOf(request));
      const projection = knownProjection(dependencies, request.params.name);
      const { copy } = request.body;
      const known = statusOf(projection)?.copies.some(({ name }) => name === copy) ?? false;
      if (!known) failWith('unknown-build', `${projection} has no copy called '${copy}'.`);
      submitRequest(dependencies, 'rebuild-control', { action: 'drop-copy', projection, copy }, request.caller.name);
      return reply.code(202).send({ projection, copy });
    },
  );
};

const rebuildOf = async (dependencies: ApiDependencies, id: number): Promise<RebuildStatus> => {
  const started = dependencies.views.rebuild(id);
  if (started !== undefined) return started;
  const request = await submittedRequest(dependencies, 'rebuild', id);
  if (request === undefined) failWith('unknown-rebuild', `No rebuild has the id ${id}.`);
  return requestedRebuild(request);
};

/** A rebuild that no projections role has picked up. */
const requestedRebuild = ({ id, body }: OperationRequest): RebuildStatus => {
  const request = rebuildRequestOf(body);
  // Written by hand, or by another program: the role says that it failed, once it has picked it up.
  if (request === undefined) return failWith('unknown-rebuild', `The request ${id} is none of a rebuild.`);
  return {
    id,
    projection: request.projection,
    kind: request.kind ?? 'rebuild',
    from: request.from,
    state: 'requested',
    acceptDifferences: request.acceptDifferences ?? false,
    copy: request.copy ?? null,
    until: request.until ?? null,
    key: request.key ?? null,
    reason: null,
    done: 0,
    total: null,
    rate: null,
    etaSeconds: null,
    proof: null,
    differences: null,
    startedAt: null,
    finishedAt: null,
  };
};

const rebuildRequestOf = (body: string): Body<typeof RebuildRequest> | undefined => {
  try {
    const request: unknown = JSON.parse(body);
    return RebuildRequest.is(request) ? request : undefined;
  } catch {
    return undefined;
  }
};
