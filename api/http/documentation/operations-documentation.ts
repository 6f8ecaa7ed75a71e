/** What the API says of operations and health. */
import type { FastifySchema } from 'fastify';
import type { RouteDocumentation } from '../fastify-types';
import { operation, rebuildSchema } from './rebuild-documentation';
import { integer, jsonResponse, listOf, objectOf, orNull, problemResponses, text } from './responses';

const relaySchema = objectOf({
  state: { enum: ['waiting-for-lease', 'starting', 'running', 'retrying', 'halted', 'stopped'] },
  reason: orNull('string', 'Why it is not running, and what to do.'),
  cause: {
    enum: ['store-behind', 'other-store', null],
    description: 'Where it is halted because Kafka and the store are not the same history.',
  },
  broker: { enum: ['embedded', 'real', null] },
  cursor: integer('Every event up to this position is acknowledged by Kafka.'),
  storePosition: integer("The store's last position when the relay last looked."),
  lagEvents: integer('Events that Kafka has not acknowledged.'),
  lagSeconds: { type: 'number', description: 'The age of the oldest of them.' },
  published: integer('Events published since the relay started.'),
  skipped: integer('Events found in Kafka already, and not published again.'),
  failures: { type: 'object', additionalProperties: { type: 'integer' } },
  topics: {
    type: 'array',
    items: objectOf({
      topic: text('The topic.'),
      partitions: integer('Its partitions.'),
      logId: text('Its identity.'),
    }),
  },
  updatedAt: text('ISO 8601, UTC.'),
});

const groupSchema = objectOf({
  group: text('The consumer group.'),
  state: { enum: ['starting', 'catching-up', 'running', 'retrying', 'halted', 'stopped'] },
  reason: orNull('string', 'Why it is not running, and what to do.'),
  lag: orNull('integer', 'Records behind the ends of its partitions.'),
  outcomes: { type: 'object', additionalProperties: { type: 'integer' } },
  partitions: {
    type: 'array',
    items: objectOf({
      topic: text('The topic.'),
      partition: integer('The partition.'),
      nextOffset: integer('The offset of the next record to read.'),
      highWaterPosition: integer('Every event of the partition up to this position is applied.'),
      logEndOffset: orNull('integer', 'The end of the log as last seen.'),
      lag: orNull('integer', 'The distance to that end.'),
      state: { enum: ['running', 'retrying', 'halted'] },
      reason: orNull('string', 'The fault that holds it.'),
    }),
  },
  updatedAt: text('ISO 8601, UTC.'),
});

const projectionSchema = objectOf({
  name: text('The projection.'),
  version: integer('Grows when its shape changes.'),
  generation: integer('Which build of its tables is served.'),
  rows: integer('How many rows it has.'),
  rebuild: { anyOf: [{ type: 'null' }, rebuildSchema] },
  former: {
    anyOf: [
      { type: 'null' },
      objectOf({ version: integer('The version that made it.'), generation: integer('Which build it is.') }),
    ],
    description: 'The build that was served before, until it is dropped.',
  },
  copies: {
    type: 'array',
    description: 'Scratch copies, read as `/views/<projection>@<name>`.',
    items: objectOf({
      name: text('The name of the copy.'),
      version: integer('The version of the projection that made it.'),
      until: text('The moment that was asked for.'),
      untilPosition: integer('The last position that is in it.'),
      madeAt: text('ISO 8601, UTC.'),
    }),
  },
});

/** The routes under `/ops`. */
export const operationsDocumentation = {
  relay: operation('relay', 'How far the relay has published the store to Kafka.', {
    200: jsonResponse('How the relay stands.', relaySchema),
    ...problemResponses('invalid-parameter', 'no-relay-yet'),
  }),
  groups: operation('groups', 'How every consumer group stands: projections and reactors.', {
    200: jsonResponse('The groups.', listOf(groupSchema)),
    ...problemResponses('invalid-parameter'),
  }),
  projections: operation('projections', 'How every projection stands, and its last rebuild.', {
    200: jsonResponse('The projections.', listOf(projectionSchema)),
    ...problemResponses('invalid-parameter'),
  }),
} as const;

const health = (operationId: string, summary: string, response: unknown): FastifySchema & RouteDocumentation => ({
  operationId,
  tags: ['health'],
  summary,
  security: [],
  response,
});

/** The routes under `/health`. */
export const healthDocumentation = {
  live: health('live', 'Whether the process answers at all.', {
    200: jsonResponse('It does.', objectOf({ status: { const: 'live' } })),
  }),
  ready: health('ready', 'Whether requests are taken: no while starting and while shutting down.', {
    200: jsonResponse(
      'They are.',
      objectOf({
        status: { const: 'ready' },
        checks: { type: 'object', additionalProperties: { type: 'string' }, description: 'How each part stands.' },
      }),
    ),
    ...problemResponses('not-ready'),
  }),
} as const;
