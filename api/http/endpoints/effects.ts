/** The endpoints of effects. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, wordOf } from '../../../domain/kernel/values';
import {
  effectModes,
  effectOutcomes,
  type EffectStatus,
  type RecordedEffectResult,
} from '../../../infra/reactors/processes/processes';
import { answer, endpoint, type Documents } from '../endpoint';
import { limit, NameParameter, wholeListOf } from './fields';

const EffectResponse: Documents<EffectStatus> = record('effect', {
  effect: field(t.string, 'Its name, which is also its consumer group.'),
  meaning: field(t.string, 'What happens outside.'),
  owner: field(t.string, 'Who is responsible for it.'),
  mode: field(
    wordOf(effectModes),
    '`draining`: pending calls are made, and those of later events wait; `paused`: all calls wait.',
  ),
  modeSetBy: field(orNull(t.string), 'Who set the mode; null where nobody has.'),
  modeSetAt: field(orNull(t.string), 'ISO 8601, UTC.'),
  afterPosition: field(orNull(Integer), 'Events up to this position are never performed; null before the first start.'),
  notBefore: field(
    orNull(t.string),
    'Events recorded before this time are never performed; null: there is no such time.',
  ),
  pending: field(Integer, 'Calls that are to be made, including those that wait to be tried again.'),
  suspended: field(Integer, 'Calls that wait for an operator; `GET /ops/commands` lists them.'),
  done: field(Integer, 'Calls that are done.'),
  rejected: field(Integer, 'Calls that the other side has rejected for a business reason.'),
  dryRun: field(Integer, 'Calls that a dry run has recorded and not made.'),
  reason: field(orNull(t.string), 'Why calls fail, or why the first of them is suspended.'),
});

const ResultResponse: Documents<RecordedEffectResult> = record('result of a call', {
  effect: field(t.string, 'The effect.'),
  key: field(t.string, 'The idempotency key, `<effect>/<event id>`.'),
  outcome: field(wordOf(effectOutcomes), 'How the call ended.'),
  result: field(t.unknown, 'What the effect returned; the rejection and its message where it was rejected.'),
  attempts: field(Integer, 'The number of attempts.'),
  finishedAt: field(t.string, 'ISO 8601, UTC.'),
});

const ModeResponse = record('request', {
  effect: field(t.string, 'The effect.'),
  mode: field(wordOf(effectModes), 'The requested mode.'),
  requestId: field(Integer, 'The request.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;
const params = { effect: field(NameParameter, 'The effect.') };

/** Lists the effects. */
export const effectList = endpoint({
  ...operators,
  operationId: 'effects',
  summary: 'Every effect: its mode, what is pending, and how its calls have ended.',
  answers: { 200: answer('The effects.', wholeListOf(EffectResponse)) },
  problems: ['invalid-parameter', 'forbidden'],
});

/** Lists results. */
export const effectResults = endpoint({
  ...operators,
  operationId: 'effect-results',
  summary: 'The recorded results of the calls of an effect, newest first.',
  params,
  query: { key: optionalField(t.string, 'Only the call with this idempotency key.'), limit },
  answers: { 200: answer('The results.', wholeListOf(ResultResponse)) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-effect'],
});

const setMode = (name: 'pause' | 'drain' | 'resume', summary: string) =>
  endpoint({
    ...operators,
    operationId: `${name}-effect`,
    summary,
    params,
    answers: { 202: answer('Accepted; the mode of the effect shows when it is carried out.', ModeResponse) },
    problems: ['invalid-parameter', 'forbidden', 'unknown-effect', 'store-unavailable'],
  });

export const pauseEffect = setMode('pause', 'Makes no more calls; events still become pending calls, which wait.');
export const drainEffect = setMode('drain', 'Makes the calls that are pending now; those of later events wait.');
export const resumeEffect = setMode('resume', 'Makes all calls again, beginning with those that have waited.');
