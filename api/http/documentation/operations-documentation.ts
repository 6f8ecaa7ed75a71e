/** What the API says of operations and health. */
import type { FastifySchema } from 'fastify';
import type { RouteDocumentation } from '../fastify-types';
import { operation, rebuildSchema } from './rebuild-documentation';
import { integer, jsonResponse, listOf, objectOf, orNull, problemResponses, text } from './responses';

const relaySchema = objectOf(
  {
    state: { enum: ['waiting-for-lease', 'starting', 'running', 'blocked', 'retrying', 'halted', 'stopped'] },
    reason: orNull('string', 'Why it is not running, and what to do.'),
    cause: {
      enum: ['store-behind', 'other-store', null],
      description: 'Where it is halted because Kafka and the store are not the same history.',
    },
    since: text('Since when it is in this state: ISO 8601, UTC.'),
    broker: { enum: ['embedded', 'real', null] },
    cursor: integer('Every event up to this position is acknowledged by Kafka.'),
    sentPosition: integer('The last position that was handed to the Kafka client.'),
    storePosition: integer("The store's last position when the relay last looked."),
    lagEvents: integer('Events that Kafka has not acknowledged.'),
    lagSeconds: { type: 'number', description: 'The age of the oldest of them.' },
    published: integer('Events published since the relay started.'),
    skipped: integer('Events found in Kafka already, and not published again.'),
    failures: { type: 'object', additionalProperties: { type: 'integer' } },
    blocked: {
      type: 'array',
      description: 'Partitions behind an event that Kafka does not take; all others go on.',
      items: objectOf({
        topic: text('The topic.'),
        partition: integer('The partition.'),
        position: integer('The position of the event that stands in the way.'),
        eventId: text('That event.'),
        reason: text('Why it is not taken.'),
        since: text('ISO 8601, UTC.'),
        attempts: integer('How often it was tried.'),
        nextAttemptAt: text('When it is tried again: ISO 8601, UTC.'),
      }),
    },
    unroutable: {
      type: 'array',
      description: 'Events of aggregates that this program does not have; they are published once it has.',
      items: objectOf({
        category: text('The category of their streams.'),
        events: integer('How many they are.'),
        firstPosition: integer('The position of the first.'),
        firstEventId: text('The first.'),
        lastPosition: integer('The position of the last.'),
      }),
    },
    topics: {
      type: 'array',
      items: objectOf({
        topic: text('The topic.'),
        partitions: integer('Its partitions.'),
        logId: text('Its identity.'),
      }),
    },
    updatedAt: text('ISO 8601, UTC.'),
  },
  ['sentPosition'],
);

const groupSchema = objectOf(
  {
    group: text('The consumer group.'),
    state: { enum: ['starting', 'catching-up', 'running', 'retrying', 'halted', 'stopped'] },
    reason: orNull('string', 'Why it is not running, and what to do.'),
    since: text('Since when it is in this state: ISO 8601, UTC.'),
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
    deadLetterCopies: objectOf({
      waiting: integer('Dead letters that their topic does not hold yet.'),
      failed: integer('Those that it does not take; they are tried again, rarely.'),
      reason: orNull('string', 'Why they are not there.'),
      since: orNull('string', 'Since when none goes through: ISO 8601, UTC.'),
    }),
    updatedAt: text('ISO 8601, UTC.'),
  },
  ['deadLetterCopies'],
);

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

const reasonsSchema = (description: string) => ({
  type: 'array',
  description,
  items: objectOf({
    stage: text('`store`, `relay`, or the name of a group.'),
    state: text('How it stands.'),
    reason: text('Why, and what to do.'),
  }),
});

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
  ready: health(
    'ready',
    'Whether requests are taken and events flow: every stage that is known, with its reason where it stands.',
    {
      200: jsonResponse(
        'They are.',
        objectOf(
          {
            status: { const: 'ready' },
            checks: { type: 'object', additionalProperties: { type: 'string' }, description: 'How each part stands.' },
            reasons: reasonsSchema('What stands in the way: empty here.'),
            notices: reasonsSchema('What an operator should know, though events flow.'),
          },
          ['reasons', 'notices'],
        ),
      ),
      ...problemResponses('not-ready'),
    },
  ),
} as const;
