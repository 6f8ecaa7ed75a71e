/** What the API says of dead letters and redrives. */
import type { FastifySchema } from 'fastify';
import { failureClasses, failurePolicies } from '../../../infra/consumption/intake/intake';
import { deadLetterStatuses } from '../../../infra/dead-letters/query/query';
import type { ProblemName } from '../problem-kinds';
import type { RouteDocumentation } from '../fastify-types';
import {
  integer,
  jsonResponse,
  objectOf,
  orNull,
  pageOf,
  paging,
  pathText,
  problemResponses,
  requestId,
  text,
  withBody,
} from './responses';

const letterProperties = {
  id: text('The group and a number.'),
  group: text('The consumer group in which it failed; every other group has the event.'),
  status: { enum: deadLetterStatuses },
  owner: orNull('string', 'Who sees to it.'),
  class: {
    enum: failureClasses,
    description: failureClasses.map((each) => `${each}: ${failurePolicies[each].meaning}`).join('; '),
  },
  reason: text('What happened.'),
  fingerprint: text('The same for what failed for the same cause.'),
  attempts: integer('How often it was tried.'),
  firstFailedAt: text('ISO 8601, UTC.'),
  lastFailedAt: text('ISO 8601, UTC.'),
  eventId: orNull('string', 'The event; null where the record names none.'),
  stream: orNull('string', 'The stream that waits behind it.'),
  type: orNull('string', 'The type of the event.'),
  schemaVersion: orNull('integer', 'The schema version that it was written in.'),
  position: orNull('integer', 'Its place in the store.'),
  correlationId: orNull('string', 'The same for all that follows from one request.'),
  causationId: orNull('string', 'What caused it.'),
  topic: text('Where it came from.'),
  partition: integer('Its partition.'),
  offset: integer('Its offset; its position where it came from the store.'),
  key: orNull('string', 'The key of the record.'),
  parked: integer('How many events of the stream wait behind it.'),
};

const letterSchema = objectOf(letterProperties);

const detailSchema = objectOf({
  ...letterProperties,
  headers: {
    type: 'array',
    items: objectOf({ name: text('The name, as the record writes it.'), value: text('The bytes as text.') }),
  },
  value: orNull('string', 'The bytes in base64, where the record names no event.'),
  stack: orNull(
    'string',
    'What the handler threw, with its stack, up to 8,000 characters; null where it threw nothing.',
  ),
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

const counts = { type: 'object', additionalProperties: { type: 'integer' } };

const redriveSchema = objectOf({
  id: integer('The redrive.'),
  group: text('The consumer group.'),
  state: { enum: ['requested', 'planned', 'running', 'paused', 'halted', 'done'] },
  reason: orNull('string', 'Why it is halted.'),
  ratePerSecond: integer('Events a second, at most.'),
  preview: objectOf({
    keys: integer('Keys, with one dead letter each.'),
    events: integer('Dead letters and all that waits behind them.'),
    classes: counts,
    fingerprints: counts,
    schemaVersions: counts,
    oldest: orNull('string', 'When the oldest of them failed.'),
    notRedrivable: integer('Dead letters that name no event: only to be discarded.'),
  }),
  keys: objectOf({
    waiting: integer('Not run yet.'),
    done: integer('Run.'),
    failed: integer('Failed again.'),
    gone: integer('Dealt with otherwise since the plan was made.'),
  }),
  batch: orNull('integer', 'The batch that comes next: 1 is one key, 2 is 5 %, 3 is 25 %, 4 is the rest.'),
  runs: integer('How often it was set going.'),
  events: integer('Events taken so far.'),
  startedAt: orNull('string', 'ISO 8601, UTC.'),
  finishedAt: orNull('string', 'ISO 8601, UTC.'),
});

const operation = (
  operationId: string,
  summary: string,
  response: FastifySchema['response'],
): FastifySchema & RouteDocumentation => ({ operationId, tags: ['failures'], summary, response });

const letterId = { params: objectOf({ id: pathText('The dead letter, such as `order-summary:17`.') }) };
const redriveId = {
  params: objectOf({ id: requestId('The id from the plan.') }),
};
const filters = {
  group: text('Only those of this group.'),
  status: { enum: deadLetterStatuses, description: 'Only those that stand so.' },
  class: { enum: failureClasses, description: 'Only those of this class.' },
  fingerprint: text('Only those of this cause.'),
  stream: text('Only those of this stream.'),
};

const asked: ReadonlyArray<ProblemName> = [...withBody, 'invalid-parameter', 'forbidden', 'store-unavailable'];

const act = (name: string, summary: string, ...more: ReadonlyArray<ProblemName>) => ({
  ...operation(`${name}-dead-letter`, summary, {
    202: jsonResponse(
      'It is asked for; the audit of the dead letter shows the request once it is done.',
      objectOf({
        id: text('The dead letter.'),
        action: text('What was asked for.'),
        requestId: integer('The request.'),
      }),
    ),
    ...problemResponses(...asked, 'unknown-dead-letter', ...more),
  }),
  ...letterId,
});

const control = (name: string, summary: string) => ({
  ...operation(`${name}-redrive`, summary, {
    202: jsonResponse('It is asked for; this is how it stood before.', redriveSchema),
    ...problemResponses(...asked, 'unknown-redrive'),
  }),
  ...redriveId,
});

/** The routes under `/ops/dead-letters` and `/ops/redrives`. */
export const deadLettersDocumentation = {
  list: {
    ...operation('dead-letters', 'What failed for good, the newest first.', {
      200: jsonResponse('A page of dead letters.', pageOf(letterSchema)),
      ...problemResponses('invalid-parameter', 'forbidden', 'unknown-group', 'unknown-cursor'),
    }),
    querystring: objectOf({ ...filters, ...paging }, [...Object.keys(filters), ...Object.keys(paging)]),
  },
  find: {
    ...operation('dead-letter', 'A dead letter with its headers and its audit.', {
      200: jsonResponse('The dead letter.', detailSchema),
      ...problemResponses('invalid-parameter', 'forbidden', 'unknown-dead-letter'),
    }),
    ...letterId,
  },
  'dead-letter-assign': act('assign', 'Gives a dead letter an owner.'),
  'dead-letter-note': act('note', 'Adds a note to the audit of a dead letter.'),
  'dead-letter-discard': act(
    'discard',
    'Lets the group go on without the event, for a reason; what waits behind it is applied.',
    'dead-letter-over',
  ),
  plan: operation('plan-redrive', 'Freezes a selection of dead letters, and says what running them would take.', {
    201: jsonResponse('The plan; nothing runs yet.', redriveSchema, { Location: text('Where it is shown.') }),
    ...problemResponses(...asked, 'unknown-group', 'unknown-dead-letter', 'nothing-to-redrive'),
  }),
  run: control('run', 'Runs a plan, or goes on with one that was paused or is halted.'),
  pause: control('pause', 'Stops a redrive after the events under way.'),
  redrive: {
    ...operation('redrive', 'How a redrive stands.', {
      200: jsonResponse('The redrive.', redriveSchema),
      ...problemResponses('invalid-parameter', 'forbidden', 'unknown-redrive'),
    }),
    ...redriveId,
  },
} as const;
