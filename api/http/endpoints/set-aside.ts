/** The endpoints of commands and deadlines that were set aside, and of failed requests. */
import * as t from 'io-ts';
import { field, optionalField, record, type AnyRecord } from '../../../domain/kernel/codec';
import { Integer, wordOf } from '../../../domain/kernel/values';
import { OperatorText } from '../request-values';
import type { FailedRequest } from '../../../infra/dead-letters/redrive/redrive';
import { setAsideKinds, setAsideStatuses, type SetAsideEntry } from '../../../infra/reactors/processes/processes';
import { answer, endpoint, type Documents } from '../endpoint';
import type { ProblemName } from '../problem-kinds';
import { AuditEntryResponse, limit, wholeListOf } from './fields';

const DiscardBody = record('discard', {
  reason: field(OperatorText, 'Why it is given up; kept in the audit.'),
});

const SetAsideResponse: Documents<SetAsideEntry> = record('command or deadline', {
  id: field(t.string, 'The group and a number: `fulfilment:17`.'),
  group: field(t.string, 'The process manager.'),
  kind: field(wordOf(setAsideKinds), 'A command, a deadline, or a call of an effect.'),
  subject: field(t.string, 'The id of the command or the deadline.'),
  instance: field(t.string, 'The process instance that waits for it.'),
  reason: field(t.string, "Why a retry can't succeed."),
  status: field(wordOf(setAsideStatuses), 'Its status.'),
  setAsideAt: field(t.string, 'ISO 8601, UTC.'),
  audit: field(t.readonlyArray(AuditEntryResponse), 'The actions on it, oldest first.'),
});

const FailedRequestResponse: Documents<FailedRequest> = record('failed request', {
  id: field(Integer, 'The request.'),
  kind: field(t.string, 'The kind of request.'),
  actor: field(t.string, 'Who made it.'),
  reason: field(t.string, 'Why it cannot be carried out.'),
  failedAt: field(t.string, 'ISO 8601, UTC.'),
});

const ActionResponse = record('request', {
  id: field(t.string, 'The command or deadline.'),
  action: field(t.string, 'The requested action.'),
  requestId: field(Integer, 'The request.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;

/** Lists what was set aside. */
export const commandsSetAside = endpoint({
  ...operators,
  operationId: 'commands-set-aside',
  summary: 'Commands and deadlines that were set aside, newest first.',
  query: {
    group: optionalField(t.string, 'Only those of this process manager.'),
    status: optionalField(wordOf(setAsideStatuses), 'Only those with this status.'),
    limit,
  },
  answers: { 200: answer('The commands and deadlines, with their audit.', wholeListOf(SetAsideResponse)) },
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
    params: { id: field(t.string, 'The command or deadline, such as `fulfilment:17`.') },
    ...(body === undefined ? {} : { body }),
    answers: { 202: answer('Accepted; the audit shows the request once it is carried out.', ActionResponse) },
    problems: ['invalid-parameter', 'forbidden', 'unknown-set-aside', 'set-aside-over', 'store-unavailable', ...more],
  });

/** Performs one again. */
export const releaseCommand = act(
  'release',
  'Performs a command or deadline again, and then everything parked behind it; needs no restart.',
  undefined,
);

/** Gives one up. */
export const discardCommand = act(
  'discard',
  'Gives up the command or deadline, with a reason: the process continues without it.',
  DiscardBody,
  ['body-not-json', 'invalid-body', 'unsupported-media-type'],
);

/** Lists failed requests. */
export const failedRequests = endpoint({
  ...operators,
  operationId: 'failed-requests',
  summary: 'Requests of operators that could not be carried out, newest first.',
  query: { limit },
  answers: { 200: answer('The requests, each with its reason.', wholeListOf(FailedRequestResponse)) },
  problems: ['invalid-parameter', 'forbidden'],
});
