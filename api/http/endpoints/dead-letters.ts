/** Dead letters, and what people do about them. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record, type AnyRecord } from '../../../domain/kernel/codec';
import { Integer, wordOf } from '../../../domain/kernel/values';
import { OperatorText } from '../request-values';
import { failureClasses, failurePolicies } from '../../../infra/consumption/intake/intake';
import { deadLetterStatuses, type DeadLetter, type DeadLetterDetail } from '../../../infra/dead-letters/query/query';
import { answer, endpoint, type Documents } from '../endpoint';
import type { ProblemName } from '../problem-kinds';
import { AuditEntryAnswer, pageOf, paging, PathParameter, requestProblems } from './fields';

const letterFields = {
  id: field(t.string, 'The group and a number.'),
  group: field(t.string, 'The consumer group in which it failed; every other group has the event.'),
  status: field(wordOf(deadLetterStatuses), 'How it stands.'),
  owner: field(orNull(t.string), 'Who sees to it.'),
  class: field(
    wordOf(failureClasses),
    failureClasses.map((each) => `${each}: ${failurePolicies[each].meaning}`).join('; '),
  ),
  reason: field(t.string, 'What happened.'),
  fingerprint: field(t.string, 'The same for what failed for the same cause.'),
  attempts: field(Integer, 'How often it was tried.'),
  firstFailedAt: field(t.string, 'ISO 8601, UTC.'),
  lastFailedAt: field(t.string, 'ISO 8601, UTC.'),
  eventId: field(orNull(t.string), 'The event; null where the record names none.'),
  stream: field(orNull(t.string), 'The stream that waits behind it.'),
  type: field(orNull(t.string), 'The type of the event.'),
  schemaVersion: field(orNull(Integer), 'The schema version that it was written in.'),
  position: field(orNull(Integer), 'Its place in the store.'),
  correlationId: field(orNull(t.string), 'The same for all that follows from one request.'),
  causationId: field(orNull(t.string), 'What caused it.'),
  topic: field(t.string, 'Where it came from.'),
  partition: field(Integer, 'Its partition.'),
  offset: field(Integer, 'Its offset; its position where it came from the store.'),
  key: field(orNull(t.string), 'The key of the record.'),
  parked: field(Integer, 'How many events of the stream wait behind it.'),
};

const LetterAnswer: Documents<DeadLetter> = record('dead letter', letterFields);

const DetailAnswer: Documents<DeadLetterDetail> = record('dead letter in full', {
  ...letterFields,
  headers: field(
    t.readonlyArray(
      record('header', {
        name: field(t.string, 'The name, as the record writes it.'),
        value: field(t.string, 'The bytes as text.'),
      }),
    ),
    'The headers of the record, in their order.',
  ),
  value: field(orNull(t.string), 'The bytes in base64, where the record names no event.'),
  stack: field(
    orNull(t.string),
    'What the handler threw, with its stack, up to 8,000 characters; null where it threw nothing.',
  ),
  audit: field(t.readonlyArray(AuditEntryAnswer), 'What was done about it, oldest first.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;
const params = { id: field(PathParameter, 'The dead letter, such as `order-summary:17`.') };

/** Lists them. */
export const deadLetters = endpoint({
  ...operators,
  operationId: 'dead-letters',
  summary: 'What failed for good, the newest first.',
  query: {
    group: optionalField(t.string, 'Only those of this group.'),
    status: optionalField(wordOf(deadLetterStatuses), 'Only those that stand so.'),
    class: optionalField(wordOf(failureClasses), 'Only those of this class.'),
    fingerprint: optionalField(t.string, 'Only those of this cause.'),
    stream: optionalField(t.string, 'Only those of this stream.'),
    ...paging,
  },
  answers: { 200: answer('A page of dead letters.', pageOf(LetterAnswer)) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-group', 'unknown-cursor'],
});

/** Shows one. */
export const deadLetter = endpoint({
  ...operators,
  operationId: 'dead-letter',
  summary: 'A dead letter with its headers and its audit.',
  params,
  answers: { 200: answer('The dead letter.', DetailAnswer) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-dead-letter'],
});

const ActAnswer = record('request', {
  id: field(t.string, 'The dead letter.'),
  action: field(t.string, 'What was asked for.'),
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
      202: answer('It is asked for; the audit of the dead letter shows the request once it is done.', ActAnswer),
    },
    problems: [...requestProblems, 'unknown-dead-letter', ...more],
  });

/** What operators do about one, by the word in the address, which is the name of the body too. */
export const deadLetterActs = {
  assign: act(
    record('assign', { owner: field(OperatorText, 'Who sees to it from here on.') }),
    'Gives a dead letter an owner.',
  ),
  note: act(
    record('note', { note: field(OperatorText, 'What the next one to look should know.') }),
    'Adds a note to the audit of a dead letter.',
  ),
  discard: act(
    record('discard', { reason: field(OperatorText, 'Why the group goes on without it; stays in the audit.') }),
    'Lets the group go on without the event, for a reason; what waits behind it is applied.',
    'dead-letter-over',
  ),
} as const;
