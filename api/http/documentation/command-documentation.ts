/** What the API says of a command, from the aggregate's own words. */
import type { FastifySchema } from 'fastify';
import type { Aggregate } from '../../../domain/kernel/aggregate';
import type { JsonSchema } from '../../../domain/kernel/codec';
import type { AnyCommandDefinition } from '../../../domain/kernel/command-definition';
import { Identifier } from '../../../domain/kernel/values';
import type { RouteDocumentation } from '../fastify-types';
import { SENDABLE_PATTERN } from '../command-headers';
import { tagListSchema } from '../entity-tags';
import { integer, jsonResponse, objectOf, problemResponses, text, withBody } from './responses';

/** Documents one command. */
export const commandDocumentation = (
  aggregate: Aggregate,
  { type, meaning, codec }: AnyCommandDefinition,
): FastifySchema & RouteDocumentation => ({
  operationId: `${aggregate.category}-${type}`,
  tags: [aggregate.path],
  summary: meaning,
  params: objectOf({
    id: {
      ...Identifier.schema,
      description: `The id of the ${aggregate.category}; its stream is ${aggregate.category}-{id}.`,
    },
  }),
  querystring: objectOf({ dryRun: { type: 'boolean', default: false, description: 'Decide, and append nothing.' } }, [
    'dryRun',
  ]),
  headers: objectOf(requestHeaders, Object.keys(requestHeaders)),
  response: {
    200: jsonResponse('Nothing had to change; or a dry run.', { $ref: 'CommandAnswer#' }, answerHeaders),
    201: jsonResponse('Events are appended, and durable.', { $ref: 'CommandAnswer#' }, answerHeaders),
    ...problemResponses(
      ...withBody,
      'invalid-parameter',
      'concurrent-change',
      'request-in-progress',
      'version-mismatch',
      'event-too-large',
      'idempotency-key-reused',
      'unreadable-stream',
      'store-behind',
      'store-unavailable',
    ),
    422: {
      description: `The ${aggregate.category} rejects the command: \`rejection\` and the end of \`type\` name the reason. Or \`idempotency-key-reused\`: the key came with another body.`,
      content: { 'application/problem+json': { schema: { $ref: 'Problem#' } } },
    },
  },
  ...(Object.keys(codec.fields).length === 0 ? { description: 'Takes an empty body.' } : {}),
});

const requestHeaders: Readonly<Record<string, JsonSchema>> = {
  'Idempotency-Key': {
    type: 'string',
    pattern: SENDABLE_PATTERN,
    description: 'The same key and body again get the same answer, and change nothing.',
  },
  'If-Match': tagListSchema(
    'The version that the stream must have, as its ETag: `"2"`; one of several; or `*` for any but an empty stream.',
  ),
  'If-None-Match': { type: 'string', enum: ['*'], description: '`*`: the stream must have no events yet.' },
  'X-Correlation-Id': {
    ...Identifier.schema,
    description: 'The same for everything that follows from one request; new where left out.',
  },
  'X-Causation-Id': {
    type: 'string',
    pattern: SENDABLE_PATTERN,
    description: 'What caused this command, for example the id of an event.',
  },
  traceparent: text('W3C Trace Context; travels with the events.'),
};

const answerHeaders: Readonly<Record<string, JsonSchema>> = {
  ETag: text("The stream's version in quotes."),
  'Consistency-Token': text('Send it with a query to see at least this: `order-o1@3`.'),
  'X-Correlation-Id': text('As sent, or new.'),
  'Idempotency-Replayed': text('`true` where the answer was given before, to the same Idempotency-Key.'),
};

/** The answer to every command. */
export const commandAnswerSchema: JsonSchema = {
  $id: 'CommandAnswer',
  description: 'What came of a command.',
  ...objectOf(
    {
      stream: text('The stream that the command went to.'),
      version: integer("The stream's version after the command."),
      position: integer("The position of the stream's last event; 0 for a stream without events."),
      events: {
        type: 'array',
        items: objectOf(
          {
            id: text('`<stream>@<version>`.'),
            type: text('The event type.'),
            schemaVersion: integer("The version of the payload's schema."),
            version: integer('The place in the stream.'),
            position: integer('The place in the whole store; absent in a dry run.'),
          },
          ['position'],
        ),
      },
      dryRun: { type: 'boolean', description: 'True where nothing was appended because of `?dryRun=true`.' },
    },
    ['dryRun'],
  ),
};
