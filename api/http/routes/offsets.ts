/** The routes of offset moves; the role that owns a group carries them out while the group is stopped. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { moveOffsets, offsetMove, type OffsetMoves } from '../endpoints/offsets';
import { knownProjection, requestIdOf, submitRequest, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';
import { partitionName } from '../../../infra/topic-partition';

/** Adds the routes. */
export const offsetRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addEndpoint(app, 'POST', '/ops/groups/:group/offsets', moveOffsets, async (request, reply) => {
    allowOnly(queryOf(request));
    // Each projection is a group of the same name; other groups can only be moved while their role is stopped.
    const group = knownProjection(dependencies, request.params.group);
    const { moves } = request.body;
    refuseUnknownPlaces(dependencies, group, moves);
    const { id } = await submitRequest(dependencies, 'move-offsets', { group, moves }, request.caller.name);
    reply.header('location', `/ops/offset-moves/${id}`);
    return reply.code(202).send({ id, state: 'requested', reason: null });
  });

  addEndpoint(app, 'GET', '/ops/offset-moves/:id', offsetMove, async ({ params }) => {
    const id = requestIdOf(params.id);
    const taken = dependencies.views.offsetRequest(id);
    if (taken !== undefined) return taken;
    if ((await submittedRequest(dependencies, 'move-offsets', id)) === undefined) {
      failWith('unknown-offset-move', `No offset move has the id ${id}.`);
    }
    return { id, state: 'requested', reason: null };
  });
};

/** If the group has reported its partitions, only those can be moved. */
const refuseUnknownPlaces = ({ views }: ApiDependencies, group: string, moves: OffsetMoves): void => {
  if (moves.length === 0) failWith('parameters-conflict', "'moves' names no partition.");
  const places = moves.map(partitionName);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice !== undefined) failWith('parameters-conflict', `${twice} is moved twice.`);
  const known = views.groups().find((each) => each.group === group)?.partitions ?? [];
  const names = known.map(partitionName);
  const unknown = names.length === 0 ? undefined : places.find((place) => !names.includes(place));
  if (unknown === undefined) return;
  failWith('parameters-conflict', `${group} does not read ${unknown}; it reads ${names.join(', ')}.`);
};
