/** The endpoints for operators who look for what happened: recent events, chains, contracts, the audit, and whom a dead letter concerns. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, oneOf } from '../../../domain/kernel/values';
import { answer, endpoint } from '../endpoint';
import { pageOf, paging, parameter, PathParameter, wholeListOf } from './fields';
import { EventResponse } from './streams';

const MAX_POSITION = 999_999_999_999_999;

const operators = { access: 'operator', tag: 'operations' } as const;

/** Lists events. */
export const recentEvents = endpoint({
  ...operators,
  operationId: 'recent-events',
  summary: 'The last events of all streams, the newest first.',
  query: paging,
  answers: { 200: answer('A page of events.', pageOf(EventResponse)) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-cursor', 'overloaded'],
});

/** Shows a chain. */
export const correlation = endpoint({
  ...operators,
  operationId: 'correlation',
  summary: 'Everything that followed from one request, across streams, in the order of positions.',
  params: { id: field(PathParameter, 'The correlation id.') },
  query: {
    near: optionalField(
      parameter({ type: 'integer', minimum: 1, maximum: MAX_POSITION }),
      'The position of one of its events: it is looked for around it. By default at the end of the store.',
    ),
  },
  answers: {
    200: answer(
      'The events that were found.',
      record('chain of events', {
        correlationId: field(t.string, 'As requested.'),
        fromPosition: field(Integer, 'Where the search began.'),
        untilPosition: field(Integer, 'Where it ended.'),
        items: field(t.readonlyArray(EventResponse), 'The events.'),
      }),
    ),
  },
  problems: ['invalid-parameter', 'forbidden', 'overloaded'],
});

const AuditResponse = record('request of an operator', {
  id: field(Integer, 'The request.'),
  kind: field(t.string, 'What was asked for.'),
  actor: field(t.string, 'Who asked.'),
  at: field(t.string, 'ISO 8601, UTC.'),
  body: field(t.unknown, 'With which parameters.'),
  failure: field(orNull(t.string), 'Why it could not be carried out; null if nothing is known of that.'),
});

/** Lists what operators did. */
export const audit = endpoint({
  ...operators,
  operationId: 'audit',
  summary: 'What operators asked for, the newest first.',
  query: { cursor: paging.cursor },
  answers: { 200: answer('A page of requests.', pageOf(AuditResponse)) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-cursor'],
});

const ContractResponse = record('contract', {
  type: field(t.string, 'The event.'),
  schemaVersion: field(Integer, 'The version that is written.'),
  meaning: field(t.string, 'What it states.'),
  owner: field(t.string, 'Who answers for it.'),
  aggregate: field(t.string, 'The category of its streams.'),
  topic: field(t.string, 'The topic.'),
  partitions: field(Integer, 'How many partitions the topic has.'),
  key: field(t.string, 'What its records are ordered by.'),
  versions: field(
    t.readonlyArray(
      record('version of a contract', {
        type: field(t.string, 'Its name then.'),
        schemaVersion: field(Integer, 'The version.'),
        since: field(t.string, 'Since when it is written.'),
        deprecated: field(orNull(t.string), 'Since when it is deprecated.'),
      }),
    ),
    'The newest first; /schemas/{type}/{version} has the schema of each.',
  ),
  readers: field(
    t.readonlyArray(
      record('reader', {
        kind: field(oneOf({ projection: null, process: null, effect: null }), 'What it is.'),
        name: field(t.string, 'Its name.'),
      }),
    ),
    'Who handles it in this program.',
  ),
});

/** Lists contracts. */
export const contracts = endpoint({
  operationId: 'contracts',
  tag: 'operations',
  summary: 'Every event with its versions and who handles it.',
  answers: { 200: answer('The contracts.', wholeListOf(ContractResponse)) },
  problems: ['invalid-parameter'],
});

/** Shows whom a dead letter concerns. */
export const concern = endpoint({
  access: 'operator',
  operationId: 'dead-letter-concerns',
  tag: 'failures',
  summary: 'Whom a dead letter concerns: the event itself, its aggregate, and the rows that are stale for it.',
  params: { id: field(PathParameter, 'The dead letter, such as `order-summary:17`.') },
  answers: {
    200: answer(
      'Whom it concerns.',
      record('concern', {
        event: field(orNull(EventResponse), 'The event as the store has it; null if the record contains none.'),
        aggregate: field(orNull(t.string), 'The category of the stream.'),
        aggregateId: field(orNull(t.string), 'The business id.'),
        rows: field(t.readonlyArray(t.string), 'Keys of stale rows of the projection, as under /views.'),
        hasMoreRows: field(t.boolean, 'Whether there are more.'),
      }),
    ),
  },
  problems: ['invalid-parameter', 'forbidden', 'unknown-dead-letter', 'store-unavailable'],
});
