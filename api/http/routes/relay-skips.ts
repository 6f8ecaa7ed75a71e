/** The routes for withholding an event that can't be published; the relay carries the request out and records it permanently. */
import type { FastifyInstance } from 'fastify';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { relaySkip, relaySkipResult } from '../endpoints/relay-skips';
import { requestIdOf, submitRequest, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';

/** Adds the routes. */
export const relaySkipRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { relayStatus, skipResult } = dependencies;
  addEndpoint(app, 'POST', '/ops/relay/skips', relaySkip, async (request, reply) => {
    allowOnly(queryOf(request));
    const { eventId, reason } = request.body;
    const blocked = ((await relayStatus())?.blocked ?? []).map((each) => each.eventId);
    if (!blocked.includes(eventId)) {
      const known = blocked.length === 0 ? 'none does' : `these do: ${blocked.join(', ')}`;
      failWith('event-not-blocked', `${eventId} does not block a partition; ${known}.`, { extensions: { blocked } });
    }
    const { id } = await submitRequest(dependencies, 'relay-skip', { eventId, reason }, request.caller.name);
    reply.header('location', `/ops/relay/skips/${id}`);
    return reply.code(202).send({ id, state: 'requested', reason: null });
  });

  addEndpoint(app, 'GET', '/ops/relay/skips/:id', relaySkipResult, async ({ params }) => {
    const id = requestIdOf(params.id);
    const taken = skipResult?.(id);
    if (taken !== undefined) return taken;
    if ((await submittedRequest(dependencies, 'relay-skip', id)) === undefined) {
      failWith('unknown-relay-skip', `No request to withhold an event has the id ${id}.`);
    }
    return { id, state: 'requested', reason: null };
  });
};
