/** Commands and deadlines that were set aside, and requests that failed. */
import * as t from 'io-ts';
import { field, optionalField, record, type AnyRecord } from '../../../domain/kernel/codec';
import { Integer, oneOf, wordOf } from '../../../domain/kernel/values';
import { OperatorText } from '../request-values';
import type { FailedRequest } from '../../../infra/dead-letters/redrive/redrive';
import { setAsideStatuses, type SetAsideEntry } from '../../../infra/reactors/processes/processes';
import { answer, endpoint, type Documents } from '../endpoint';
import type { ProblemName } from '../problem-kinds';
import { AuditEntryAnswer, limit, wholeListOf } from './fields';

const DiscardBody = record('discard', {
  reason: field(OperatorText, 'Why the process goes on without it; stays in the audit.'),
});

const SetAsideAnswer: Documents<SetAsideEntry> = record('command or deadline', {
  id: field(t.string, 'The group and a number.'),
  group: field(t.string, 'The process manager.'),
  kind: field(oneOf({ command: null, deadline: null }), 'Which of both it is.'),
  subject: field(t.string, 'The id of the command or the deadline.'),
  instance: field(t.string, 'The instance of the process that waits behind it.'),
  reason: field(t.string, 'Why no repeat can help.'),
  status: field(wordOf(setAsideStatuses), 'How it stands.'),
  setAsideAt: field(t.string, 'ISO 8601, UTC.'),
  audit: field(t.readonlyArray(AuditEntryAnswer), 'What was done about it, oldest first.'),
});

const FailedRequestAnswer: Documents<FailedRequest> = record('failed request', {
  id: field(Integer, 'The request.'),
  kind: field(t.string, 'What was asked for.'),
  actor: field(t.string, 'By whom.'),
  reason: field(t.string, 'Why it cannot be carried out.'),
  failedAt: field(t.string, 'ISO 8601, UTC.'),
});

const ActAnswer = record('request', {
  id: field(t.string, 'The command or deadline.'),
  action: field(t.string, 'What was asked for.'),
  requestId: field(Integer, 'The request.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;

/** Lists them. */
export const commandsSetAside = endpoint({
  ...operators,
  operationId: 'commands-set-aside',
  summary: 'Commands and deadlines that were set aside, the newest first.',
  query: {
    group: optionalField(t.string, 'Only those of this process manager.'),
    status: optionalField(wordOf(setAsideStatuses), 'Only those that stand so.'),
    limit,
  },
  answers: { 200: answer('They, with their audit.', wholeListOf(SetAsideAnswer)) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-group'],
});

const act = <Body extends AnyRecord | undefined>(
  name: string,
  summary: string,
  body: Body,
  more: ReadonlyArray<ProblemName> = [],
) =>
  endpoint({
    ...operators,
    operationId: `${name}-command`,
    summary,
    params: { id: field(t.string, 'Such as `fulfilment:17`.') },
    ...(body === undefined ? {} : { body }),
    answers: { 202: answer('It is asked for; the audit shows the request once it is done.', ActAnswer) },
    problems: ['invalid-parameter', 'forbidden', 'unknown-set-aside', 'set-aside-over', 'store-unavailable', ...more],
  });

/** Takes one up again. */
export const releaseCommand = act(
  'release',
  'Takes a command or deadline up again, without a restart, with all that waits behind it.',
  undefined,
);

/** Goes on without one. */
export const discardCommand = act('discard', 'Lets the process go on without it, for a reason.', DiscardBody, [
  'body-not-json',
  'invalid-body',
  'unsupported-media-type',
]);

/** Lists the requests that failed. */
export const failedRequests = endpoint({
  ...operators,
  operationId: 'failed-requests',
  summary: 'Requests of operators that could not be carried out, the newest first.',
  query: { limit },
  answers: { 200: answer('They, each with its reason.', wholeListOf(FailedRequestAnswer)) },
  problems: ['invalid-parameter', 'forbidden'],
});
