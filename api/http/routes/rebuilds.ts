/** The routes of rebuilds: request, status, cancel, accept, roll back. */
import type { FastifyInstance } from 'fastify';
import type { TypeOf } from 'io-ts';
import type { OperationRequest } from '../../../infra/commands/operation-requests';
import { keyFault } from '../../../projections/engine/generations/generations';
import type { RebuildStatus } from '../../../projections/view-reader';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import {
  dropCopy,
  dropFormer,
  rebuild,
  rebuildDecisions,
  RebuildRequest,
  requestRebuild,
  requestRebuilds,
  requestRollback,
  type RebuildBody,
} from '../endpoints/rebuilds';
import { knownProjection, requestIdOf, submitRequest, submitRequests, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';

/** Adds the routes. */
export const rebuildRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addRequests(app, dependencies);
  addDecisions(app, dependencies);
  addLeftovers(app, dependencies);
};

const addRequests = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addEndpoint(app, 'POST', '/ops/projections/:name/rebuild', requestRebuild, async (request, reply) => {
    allowOnly(queryOf(request));
    const projection = knownProjection(dependencies, request.params.name);
    refuseOddKey(dependencies, projection, request.body.key);
    const body = { projection, from: 'kafka', ...kindOf(request.body), ...request.body };
    const requested = await submitRequest(dependencies, 'rebuild', body, request.caller.name);
    reply.header('location', locationOf(requested));
    return reply.code(202).send(requestedRebuild(requested));
  });

  addEndpoint(app, 'POST', '/ops/projections/:name/rollback', requestRollback, async (request, reply) => {
    allowOnly(queryOf(request));
    const projection = knownProjection(dependencies, request.params.name);
    const body = { projection, from: 'store', kind: 'rollback' };
    const requested = await submitRequest(dependencies, 'rebuild', body, request.caller.name);
    reply.header('location', locationOf(requested));
    return reply.code(202).send(requestedRebuild(requested));
  });

  addEndpoint(app, 'POST', '/ops/rebuilds', requestRebuilds, async (request, reply) => {
    allowOnly(queryOf(request));
    const { projections, ...rest } = request.body;
    const pass = dependencies.clock.newId();
    const bodies = [...new Set(projections)].map((name) => ({
      projection: knownProjection(dependencies, name),
      from: 'kafka',
      ...rest,
      pass,
    }));
    const requested = await submitRequests(dependencies, 'rebuild', bodies, request.caller.name);
    return reply.code(202).send({ items: requested.map(requestedRebuild) });
  });

  addEndpoint(app, 'GET', '/ops/rebuilds/:id', rebuild, ({ params }) =>
    rebuildOf(dependencies, requestIdOf(params.id)),
  );
};

const locationOf = ({ id }: { readonly id: number }): string => `/ops/rebuilds/${id}`;

/** Rejects a row key that lacks a column of the view's key, or has a value of another type. */
const refuseOddKey = ({ views }: ApiDependencies, projection: string, key: string | undefined): void => {
  const view = views.views.find(({ name }) => name === projection);
  if (view === undefined || key === undefined) return;
  const columns = view.key.flatMap((name) => view.columns.filter((column) => column.name === name));
  const fault = keyFault(projection, columns, key);
  if (fault !== undefined) failWith('parameters-conflict', `'key': ${fault}.`);
};

/** Derives the kind of rebuild from the options; rejects combinations that make no sense. */
const kindOf = ({ copy, until, key, acceptDifferences: accept }: RebuildBody): { readonly kind?: string } => {
  if (key !== undefined) {
    if (copy !== undefined || until !== undefined)
      failWith('parameters-conflict', "'key' excludes 'copy' and 'until'.");
    return { kind: 'row' };
  }
  if (copy === undefined && until === undefined) return {};
  if (copy === undefined || until === undefined) {
    return failWith(
      'parameters-conflict',
      "'copy' and 'until' need each other: a name, and the point in time of the copy.",
    );
  }
  if (accept === true) failWith('parameters-conflict', "A copy is not swapped in: omit 'acceptDifferences'.");
  return { kind: 'copy' };
};

const addDecisions = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const decision = (
    action: 'cancel' | 'accept-differences',
    states: ReadonlyArray<RebuildStatus['state']>,
    refusal: string,
  ): void => {
    addEndpoint(app, 'POST', `/ops/rebuilds/:id/${action}`, rebuildDecisions[action], async (request, reply) => {
      allowOnly(queryOf(request));
      const status = await rebuildOf(dependencies, requestIdOf(request.params.id));
      if (!states.includes(status.state)) {
        failWith('rebuild-not-open', `The rebuild ${status.id} is ${status.state}: ${refusal}.`);
      }
      await submitRequest(dependencies, 'rebuild-control', { action, rebuild: status.id }, request.caller.name);
      reply.header('location', locationOf(status));
      return reply.code(202).send(status);
    });
  };
  decision('cancel', ['requested', 'running', 'waiting'], "it can't be cancelled any more");
  decision('accept-differences', ['waiting'], 'it has no differences to accept');
};

const addLeftovers = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { views } = dependencies;
  const statusOf = (name: string) => views.projections().find((each) => each.name === name);

  addEndpoint(app, 'POST', '/ops/projections/:name/drop-former', dropFormer, async (request, reply) => {
    allowOnly(queryOf(request));
    const projection = knownProjection(dependencies, request.params.name);
    const former = statusOf(projection)?.former ?? null;
    if (former === null) failWith('unknown-build', `${projection} has no previous generation.`);
    await submitRequest(dependencies, 'rebuild-control', { action: 'drop-former', projection }, request.caller.name);
    return reply.code(202).send({ projection, generation: former.generation });
  });

  addEndpoint(app, 'POST', '/ops/projections/:name/drop-copy', dropCopy, async (request, reply) => {
    allowOnly(queryOf(request));
    const projection = knownProjection(dependencies, request.params.name);
    const { copy } = request.body;
    const known = statusOf(projection)?.copies.some(({ name }) => name === copy) ?? false;
    if (!known) failWith('unknown-build', `${projection} has no copy called '${copy}'.`);
    await submitRequest(
      dependencies,
      'rebuild-control',
      { action: 'drop-copy', projection, copy },
      request.caller.name,
    );
    return reply.code(202).send({ projection, copy });
  });
};

const rebuildOf = async (dependencies: ApiDependencies, id: number): Promise<RebuildStatus> => {
  const started = dependencies.views.rebuild(id);
  if (started !== undefined) return started;
  const request = await submittedRequest(dependencies, 'rebuild', id);
  if (request === undefined) failWith('unknown-rebuild', `No rebuild has the id ${id}.`);
  return requestedRebuild(request);
};

/** A rebuild that the projections role has not picked up yet. */
const requestedRebuild = ({ id, body }: OperationRequest): RebuildStatus => {
  const request = rebuildRequestOf(body);
  // Written by hand, or by another program: the role will report it as failed once it picks it up.
  if (request === undefined) return failWith('unknown-rebuild', `The request ${id} is not a rebuild.`);
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

const rebuildRequestOf = (body: string): TypeOf<typeof RebuildRequest> | undefined => {
  try {
    const request: unknown = JSON.parse(body);
    return RebuildRequest.is(request) ? request : undefined;
  } catch {
    return undefined;
  }
};
