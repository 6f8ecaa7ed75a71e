/** What the API says of streams. */
import type { FastifySchema } from 'fastify';
import type { RouteDocumentation } from '../fastify-types';
import { integer, objectOf, pageOf, paging, problemResponses, text } from './responses';

const eventSchema = objectOf(
  {
    id: text('`<stream>@<version>`.'),
    stream: text('The stream.'),
    version: integer('The place in the stream, from 1.'),
    position: integer('The place in the whole store.'),
    type: text('The event type.'),
    schemaVersion: integer("The version of the payload's schema, see /schemas/{type}/{version}."),
    recordedAt: { type: 'string', format: 'date-time', description: 'When the store recorded it.' },
    correlationId: text('The same for everything that follows from one request.'),
    causationId: text('The event or request that caused it.'),
    actor: text('The name of the API key, or `anonymous`.'),
    traceparent: text('The trace context of the request, where it had one.'),
    data: { description: 'The payload as it was recorded.' },
  },
  ['traceparent'],
);

const stateSchema = objectOf({
  stream: text('The stream.'),
  asOf: text('As asked.'),
  version: integer('The version of the last event up to then; 0 where there was none yet.'),
  position: integer('The position of that event; 0 where there was none yet.'),
  state: { description: "The aggregate's state at that moment." },
});

/** `GET /streams/{stream}`. */
export const streamDocumentation: FastifySchema & RouteDocumentation = {
  operationId: 'stream',
  tags: ['streams'],
  summary: 'The events of one stream; with `asOf`, the state that they fold to at that moment.',
  params: objectOf({ stream: text('`<category>-<id>`, such as `order-o1`.') }),
  querystring: objectOf({ ...paging, asOf: text('A position, or a moment of recording (ISO 8601, UTC).') }, [
    ...Object.keys(paging),
    'asOf',
  ]),
  response: {
    200: {
      description: 'A page of events in the order of versions; or, with `asOf`, the state.',
      content: { 'application/json': { schema: { anyOf: [pageOf(eventSchema), stateSchema] } } },
    },
    ...problemResponses('invalid-parameter', 'unknown-stream', 'unreadable-stream', 'store-unavailable'),
  },
};
