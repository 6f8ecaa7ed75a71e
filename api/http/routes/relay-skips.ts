/** An operator's decision to go on past an event that can't be published; the relay carries it out and keeps it for ever. */
import type { FastifyInstance } from 'fastify';
import { field, record, type RecordOf } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { Text } from '../../../domain/kernel/values';
import type { ApiDependencies } from '../dependencies';
import { relaySkipDocumentation } from '../documentation/relay-skip-documentation';
import { requestIdOf, submitRequest, submittedRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, queryOf } from '../query-parameters';

const SkipBody = record('relay-skip', {
  eventId: field(Text, 'The event that blocks its partition, as /ops/relay names it.'),
  reason: field(Text, 'Why it is not published; it stands in the placeholder and in the audit.'),
});

/** Adds them. */
export const relaySkipRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const { relayStatus, skipResult } = dependencies;
  app.post<{ Body: RecordOf<(typeof SkipBody)['fields']> }>(
    '/ops/relay/skips',
    {
      schema: { body: jsonSchemaOf(SkipBody, { additionalProperties: false }) },
      config: { access: 'operator', bodyCodec: SkipBody, documentation: relaySkipDocumentation.skip },
    },
    async (request, reply) => {
      allowOnly(queryOf(request));
      const { eventId, reason } = request.body;
      const blocked = ((await relayStatus())?.blocked ?? []).map((each) => each.eventId);
      if (!blocked.includes(eventId)) {
        const known = blocked.length === 0 ? 'none does' : `those that do are ${blocked.join(', ')}`;
        failWith('event-not-blocked', `${eventId} does not block a partition; ${known}.`, { extensions: { blocked } });
      }
      const { id } = submitRequest(dependencies, 'relay-skip', { eventId, reason }, request.caller.name);
      return reply
        .code(202)
        .header('location', `/ops/relay/skips/${id}`)
        .send({ id, state: 'requested', reason: null });
    },
  );

  app.get<{ Params: { id: string } }>(
    '/ops/relay/skips/:id',
    { config: { documentation: relaySkipDocumentation.shown } },
    async ({ params }) => {
      const id = requestIdOf(params.id);
      const taken = skipResult?.(id);
      if (taken !== undefined) return taken;
      if ((await submittedRequest(dependencies, 'relay-skip', id)) === undefined) {
        failWith('unknown-relay-skip', `No request to withhold an event has the id ${id}.`);
      }
      return { id, state: 'requested', reason: null };
    },
  );
};
