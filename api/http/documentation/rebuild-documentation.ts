/** What the API says of rebuilds. */
import type { FastifySchema } from 'fastify';
import type { JsonSchema } from '../../../domain/kernel/codec';
import type { RouteDocumentation } from '../fastify-types';
import {
  integer,
  jsonResponse,
  listOf,
  objectOf,
  orNull,
  nameText,
  problemResponses,
  requestId,
  text,
  withBody,
} from './responses';

const differencesSchema: JsonSchema = {
  anyOf: [
    { type: 'null' },
    objectOf({
      count: integer('How many rows differ.'),
      rows: {
        type: 'array',
        description: 'The first of them.',
        items: objectOf({
          table: { enum: ['view', 'memory'] },
          key: text('The key of the row.'),
          before: orNull('object', 'The row in service.'),
          after: orNull('object', 'The row as the events make it.'),
          events: { type: ['array', 'null'], items: { type: 'string' }, description: 'The last events that made it.' },
          eventCount: orNull('integer', 'How many there were in all.'),
        }),
      },
    }),
  ],
};

/** How a rebuild stands. */
export const rebuildSchema: JsonSchema = objectOf({
  id: integer('The rebuild.'),
  projection: text('The projection.'),
  kind: { enum: ['rebuild', 'rollback', 'copy', 'row'] },
  from: { enum: ['kafka', 'store'] },
  state: { enum: ['requested', 'running', 'waiting', 'done', 'failed', 'cancelled'] },
  acceptDifferences: { type: 'boolean', description: 'Whether it swaps also where rows differ.' },
  copy: orNull('string', 'The name of the copy that it makes.'),
  until: orNull('string', 'The moment that the copy shows.'),
  key: orNull('string', 'The row that it makes again.'),
  reason: orNull('string', 'Why it failed or waits, or what to know of how it ran.'),
  done: integer('Events read so far.'),
  total: orNull('integer', 'Events to read in all.'),
  rate: orNull('number', 'Events a second.'),
  etaSeconds: orNull('number', 'Seconds to go at that rate.'),
  proof: orNull(
    'object',
    'What shows that the rebuilt rows are right: rows and hashes before and after, and under `store`, topic by topic, how many ' +
      'events were taken in, how many the store holds, and a digest of which ones. Where these differ, nothing is swapped.',
  ),
  differences: differencesSchema,
  startedAt: orNull('string', 'ISO 8601, UTC.'),
  finishedAt: orNull('string', 'ISO 8601, UTC.'),
});

/** A route under `/ops`. */
export const operation = (
  operationId: string,
  summary: string,
  response: FastifySchema['response'],
): FastifySchema & RouteDocumentation => ({ operationId, tags: ['operations'], summary, response });

const asked = [...withBody, 'invalid-parameter', 'forbidden', 'store-unavailable'] as const;

const named = { params: objectOf({ name: nameText('The projection.') }) };
const numbered = {
  params: objectOf({ id: requestId('The id from the request.') }),
};
const requested = jsonResponse('It is asked for.', rebuildSchema, { Location: text('Where it is shown.') });

/** The routes of rebuilds. */
export const rebuildDocumentation = {
  requestRebuild: {
    ...operation(
      'request-rebuild',
      'Asks for a projection to be rebuilt alongside the live rows; or for a copy as of a moment, or for one row.',
      { 202: requested, ...problemResponses(...asked, 'unknown-projection', 'parameters-conflict') },
    ),
    ...named,
  },
  requestRebuilds: operation(
    'request-rebuilds',
    'Asks for several projections to be rebuilt in one pass over the log.',
    {
      202: jsonResponse('They are asked for.', listOf(rebuildSchema)),
      ...problemResponses(...asked, 'unknown-projection'),
    },
  ),
  requestRollback: {
    ...operation(
      'request-rollback',
      'Asks for the build that was served before to be brought up to date and served again.',
      {
        202: requested,
        ...problemResponses(...asked, 'unknown-projection'),
      },
    ),
    ...named,
  },
  rebuild: {
    ...operation('rebuild', 'How a rebuild stands.', {
      200: jsonResponse('The rebuild.', rebuildSchema),
      ...problemResponses('invalid-parameter', 'unknown-rebuild'),
    }),
    ...numbered,
  },
  cancel: {
    ...operation('cancel-rebuild', 'Ends a rebuild; the rows in service stay as they are.', {
      202: jsonResponse('It will be cancelled.', rebuildSchema, { Location: text('Where it is shown.') }),
      ...problemResponses(...asked, 'unknown-rebuild', 'rebuild-not-open'),
    }),
    ...numbered,
  },
  'accept-differences': {
    ...operation('accept-differences', 'Lets a rebuild that waits swap its rows in, different as they are.', {
      202: jsonResponse('It goes on.', rebuildSchema, { Location: text('Where it is shown.') }),
      ...problemResponses(...asked, 'unknown-rebuild', 'rebuild-not-open'),
    }),
    ...numbered,
  },
  dropFormer: {
    ...operation('drop-former', 'Drops the build that was served before: there is no way back then.', {
      202: jsonResponse(
        'It will be dropped.',
        objectOf({ projection: text('The projection.'), generation: integer('Which build it is.') }),
      ),
      ...problemResponses(...asked, 'unknown-projection', 'unknown-build'),
    }),
    ...named,
  },
  dropCopy: {
    ...operation('drop-copy', 'Drops a scratch copy.', {
      202: jsonResponse(
        'It will be dropped.',
        objectOf({ projection: text('The projection.'), copy: text('The name of the copy.') }),
      ),
      ...problemResponses(...asked, 'unknown-projection', 'unknown-build'),
    }),
    ...named,
  },
} as const;
