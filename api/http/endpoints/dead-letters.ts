/** The endpoints of dead letters. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record, type AnyRecord } from '../../../domain/kernel/codec';
import { Integer, wordOf } from '../../../domain/kernel/values';
import { OperatorText } from '../request-values';
import { failureClasses, failurePolicies } from '../../../infra/consumption/intake/intake';
import { deadLetterStatuses, type DeadLetter, type DeadLetterDetail } from '../../../infra/dead-letters/query/query';
import { answer, endpoint, type Documents } from '../endpoint';
import type { ProblemName } from '../problem-kinds';
import { AuditEntryResponse, pageOf, paging, PathParameter, requestProblems } from './fields';

const deadLetterFields = {
  id: field(t.string, 'The group and a number: `order-summary:17`.'),
  group: field(t.string, 'The consumer group in which it failed; other groups are not affected.'),
  status: field(wordOf(deadLetterStatuses), 'Its status.'),
  owner: field(orNull(t.string), 'Who looks after it.'),
  class: field(
    wordOf(failureClasses),
    failureClasses.map((each) => `${each}: ${failurePolicies[each].meaning}`).join('; '),
  ),
  reason: field(t.string, 'Why it failed.'),
  fingerprint: field(t.string, 'Shared by dead letters with the same cause.'),
  attempts: field(Integer, 'How often it was attempted.'),
  firstFailedAt: field(t.string, 'ISO 8601, UTC.'),
  lastFailedAt: field(t.string, 'ISO 8601, UTC.'),
  eventId: field(orNull(t.string), 'The event; null if the record contains none.'),
  stream: field(orNull(t.string), 'The stream that is quarantined behind it.'),
  type: field(orNull(t.string), 'The type of the event.'),
  schemaVersion: field(orNull(Integer), 'The schema version of the event.'),
  position: field(orNull(Integer), 'Its position in the store.'),
  correlationId: field(orNull(t.string), 'Shared by everything that follows from one request.'),
  causationId: field(orNull(t.string), 'What caused it.'),
  topic: field(t.string, 'The topic that it was read from.'),
  partition: field(Integer, 'Its partition.'),
  offset: field(Integer, 'Its offset, or its position if it was read from the store.'),
  key: field(orNull(t.string), 'The key of the record.'),
  parked: field(Integer, 'How many later events of the stream are parked behind it.'),
};

const DeadLetterResponse: Documents<DeadLetter> = record('dead letter', deadLetterFields);

const DetailResponse: Documents<DeadLetterDetail> = record('dead letter in full', {
  ...deadLetterFields,
  headers: field(
    t.readonlyArray(
      record('header', {
        name: field(t.string, 'The name as in the record.'),
        value: field(t.string, 'The bytes as text.'),
      }),
    ),
    'The headers of the record, in order.',
  ),
  value: field(orNull(t.string), 'The bytes in base64, if the record contains no event.'),
  stack: field(
    orNull(t.string),
    'The stack of the error that the handler threw, up to 8,000 characters; null if it threw none.',
  ),
  audit: field(t.readonlyArray(AuditEntryResponse), 'The actions on it, oldest first.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;
const params = { id: field(PathParameter, 'The dead letter, such as `order-summary:17`.') };

/** Lists dead letters. */
export const deadLetters = endpoint({
  ...operators,
  operationId: 'dead-letters',
  summary: 'Dead letters, newest first.',
  query: {
    group: optionalField(t.string, 'Only those of this group.'),
    status: optionalField(wordOf(deadLetterStatuses), 'Only those with this status.'),
    class: optionalField(wordOf(failureClasses), 'Only those of this class.'),
    fingerprint: optionalField(t.string, 'Only those with this cause.'),
    stream: optionalField(t.string, 'Only those of this stream.'),
    ...paging,
  },
  answers: { 200: answer('A page of dead letters.', pageOf(DeadLetterResponse)) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-group', 'unknown-cursor'],
});

/** Shows a dead letter. */
export const deadLetter = endpoint({
  ...operators,
  operationId: 'dead-letter',
  summary: 'A dead letter with its headers and its audit.',
  params,
  answers: { 200: answer('The dead letter.', DetailResponse) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-dead-letter'],
});

const ActionResponse = record('request', {
  id: field(t.string, 'The dead letter.'),
  action: field(t.string, 'The requested action.'),
  requestId: field(Integer, 'The request.'),
});

const act = (body: AnyRecord, summary: string, ...more: ReadonlyArray<ProblemName>) =>
  endpoint({
    ...operators,
    operationId: `${body.name}-dead-letter`,
    summary,
    params,
    body,
    answers: {
      202: answer('Accepted; the audit of the dead letter shows the request once it is carried out.', ActionResponse),
    },
    problems: [...requestProblems, 'unknown-dead-letter', ...more],
  });

/** The actions of operators on a dead letter, by their name in the URL, which is also the name of the body. */
export const deadLetterActs = {
  assign: act(
    record('assign', { owner: field(OperatorText, 'Who looks after it from now on.') }),
    'Gives a dead letter an owner.',
  ),
  note: act(record('note', { note: field(OperatorText, 'The note.') }), 'Adds a note to the audit of a dead letter.'),
  discard: act(
    record('discard', { reason: field(OperatorText, 'Why the event is given up; kept in the audit.') }),
    'Gives up the event, with a reason; the events parked behind it are applied.',
    'dead-letter-over',
  ),
} as const;
