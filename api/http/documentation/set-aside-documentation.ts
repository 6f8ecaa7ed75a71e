/** What the API says of commands and deadlines that were set aside, and of requests that failed. */
import type { FastifySchema } from 'fastify';
import { setAsideStatuses } from '../../../infra/reactors/processes/processes';
import type { RouteDocumentation } from '../fastify-types';
import type { ProblemName } from '../problem-kinds';
import { integer, jsonResponse, listOf, objectOf, orNull, paging, problemResponses, text } from './responses';

const entrySchema = objectOf({
  id: text('The group and a number.'),
  group: text('The process manager.'),
  kind: { enum: ['command', 'deadline'] },
  subject: text('The id of the command or the deadline.'),
  instance: text('The instance of the process that waits behind it.'),
  reason: text('Why no repeat can help.'),
  status: { enum: setAsideStatuses },
  setAsideAt: text('ISO 8601, UTC.'),
  audit: {
    type: 'array',
    items: objectOf({
      action: text('What was done.'),
      actor: text('By whom.'),
      detail: text('With which words.'),
      requestId: orNull('integer', 'On which request; null where the engine did it by itself.'),
      at: text('ISO 8601, UTC.'),
    }),
  },
});

const failedSchema = objectOf({
  id: integer('The request.'),
  kind: text('What was asked for.'),
  actor: text('By whom.'),
  reason: text('Why it cannot be carried out.'),
  failedAt: text('ISO 8601, UTC.'),
});

const operation = (
  operationId: string,
  summary: string,
  response: FastifySchema['response'],
): FastifySchema & RouteDocumentation => ({ operationId, tags: ['failures'], summary, response });

const act = (name: string, summary: string, ...more: ReadonlyArray<ProblemName>) => ({
  ...operation(`${name}-command`, summary, {
    202: jsonResponse(
      'It is asked for; the audit shows the request once it is done.',
      objectOf({
        id: text('The command or deadline.'),
        action: text('What was asked for.'),
        requestId: integer('The request.'),
      }),
    ),
    ...problemResponses(
      'invalid-parameter',
      'forbidden',
      'unknown-set-aside',
      'set-aside-over',
      'store-unavailable',
      ...more,
    ),
  }),
  params: objectOf({ id: text('Such as `fulfilment:17`.') }),
});

const filters = {
  group: text('Only those of this process manager.'),
  status: { enum: setAsideStatuses, description: 'Only those that stand so.' },
};
const limit = { ...paging['limit'] };

/** The routes under `/ops/commands`, and `/ops/requests`. */
export const setAsideDocumentation = {
  list: {
    ...operation('commands-set-aside', 'Commands and deadlines that were set aside, the newest first.', {
      200: jsonResponse('They, with their audit.', listOf(entrySchema)),
      ...problemResponses('invalid-parameter', 'forbidden', 'unknown-group'),
    }),
    querystring: objectOf({ ...filters, limit }, [...Object.keys(filters), 'limit']),
  },
  release: act('release', 'Takes a command or deadline up again, without a restart, with all that waits behind it.'),
  discard: act(
    'discard',
    'Lets the process go on without it, for a reason.',
    'body-not-json',
    'invalid-body',
    'unsupported-media-type',
  ),
  failedRequests: {
    ...operation('failed-requests', 'Requests of operators that could not be carried out, the newest first.', {
      200: jsonResponse('They, each with its reason.', listOf(failedSchema)),
      ...problemResponses('invalid-parameter', 'forbidden'),
    }),
    querystring: objectOf({ limit }, ['limit']),
  },
} as const;
