/** What the API says of streams. */
import type { FastifySchema } from 'fastify';
import { IDENTIFIER_PATTERN } from '../../../domain/kernel/values';
import { tagListSchema } from '../entity-tags';
import { MOMENT_PATTERN } from '../request-values';
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

const ifNoneMatch = tagListSchema('The ETag of an earlier answer: 304 without a body where nothing has changed.');

/** `GET /streams/{stream}`. */
export const streamDocumentation: FastifySchema & RouteDocumentation = {
  operationId: 'stream',
  tags: ['streams'],
  summary: 'The events of one stream; with `asOf`, the state that they fold to at that moment.',
  params: objectOf({
    stream: {
      type: 'string',
      pattern: `^[A-Za-z0-9]{1,100}-${IDENTIFIER_PATTERN.slice(1)}`,
      description: '`<category>-<id>`, such as `order-o1`.',
    },
  }),
  headers: objectOf({ 'If-None-Match': ifNoneMatch }, ['If-None-Match']),
  querystring: objectOf(
    {
      ...paging,
      asOf: {
        type: 'string',
        pattern: MOMENT_PATTERN,
        description: 'A position, or a moment of recording (ISO 8601, UTC); excludes the others.',
      },
    },
    [...Object.keys(paging), 'asOf'],
  ),
  response: {
    200: {
      description: 'A page of events in the order of versions; or, with `asOf`, the state.',
      headers: { ETag: text('Of a page that ends the stream: its version, as `If-Match` of a command takes it.') },
      content: { 'application/json': { schema: { anyOf: [pageOf(eventSchema), stateSchema] } } },
    },
    304: { type: 'null', description: 'The stream still has the version that `If-None-Match` names.' },
    ...problemResponses(
      'invalid-parameter',
      'unknown-stream',
      'unknown-cursor',
      'parameters-conflict',
      'unreadable-stream',
      'overloaded',
      'store-unavailable',
    ),
  },
};
