/** Redrives: dead letters that are run again. */
import * as t from 'io-ts';
import { constrained, field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, listOf, oneOf, Text } from '../../../domain/kernel/values';
import type { RedriveStatus } from '../../../infra/dead-letters/query/query';
import { MAX_EVENTS_PER_SECOND } from '../../../infra/dead-letters/redrive/redrive';
import { answer, endpoint, Nothing, type Documents } from '../endpoint';
import { location, RequestIdParameter, requestProblems } from './fields';

/** Of a plan that says nothing of it. */
export const DEFAULT_EVENTS_PER_SECOND = 200;

const Rate = constrained(
  `events a second (integer, 1 to ${MAX_EVENTS_PER_SECOND})`,
  (value): value is number =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_EVENTS_PER_SECOND,
  { type: 'integer', minimum: 1, maximum: MAX_EVENTS_PER_SECOND },
);

/** The classes of what can be run again: records that are foreign or misplaced name no event in its place. */
const RedrivableClass = oneOf({
  malformed: null,
  'unknown-contract': null,
  transient: null,
  rejected: null,
  defect: null,
});

const PlanBody = record('redrive', {
  group: field(Text, 'The consumer group whose dead letters are run again; no other group sees anything of it.'),
  class: optionalField(RedrivableClass, 'Only those of this class.'),
  fingerprint: optionalField(Text, 'Only those of this cause.'),
  stream: optionalField(Text, 'Only the one of this stream, such as `order-o1`.'),
  ids: optionalField(listOf(Text, 1_000), 'Only these dead letters.'),
  ratePerSecond: optionalField(Rate, `Events a second, at most; left out means ${DEFAULT_EVENTS_PER_SECOND}.`),
});

/** What a plan says. */
export type PlanBody = t.TypeOf<typeof PlanBody>;

const Counts = t.record(t.string, Integer);

const RedriveAnswer: Documents<RedriveStatus> = record('redrive', {
  id: field(Integer, 'The redrive.'),
  group: field(t.string, 'The consumer group.'),
  state: field(
    oneOf({ requested: null, planned: null, running: null, paused: null, halted: null, done: null }),
    'How it stands.',
  ),
  reason: field(orNull(t.string), 'Why it is halted.'),
  ratePerSecond: field(Integer, 'Events a second, at most.'),
  preview: field(
    record('preview', {
      keys: field(Integer, 'Keys, with one dead letter each.'),
      events: field(Integer, 'Dead letters and all that waits behind them.'),
      classes: field(Counts, 'How many there are, by class.'),
      fingerprints: field(Counts, 'How many there are, by cause.'),
      schemaVersions: field(Counts, 'How many there are, by `<type>/<schema version>`.'),
      oldest: field(orNull(t.string), 'When the oldest of them failed.'),
      notRedrivable: field(Integer, 'Dead letters that name no event: only to be discarded.'),
    }),
    'What it takes, as of the plan.',
  ),
  keys: field(
    record('keys', {
      waiting: field(Integer, 'Not run yet.'),
      done: field(Integer, 'Run.'),
      failed: field(Integer, 'Failed again.'),
      gone: field(Integer, 'Dealt with otherwise since the plan was made.'),
    }),
    'Keys, by what became of them.',
  ),
  batch: field(orNull(Integer), 'The batch that comes next: 1 is one key, 2 is 5 %, 3 is 25 %, 4 is the rest.'),
  runs: field(Integer, 'How often it was set going.'),
  events: field(Integer, 'Events taken so far.'),
  startedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
  finishedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;
const params = { id: field(RequestIdParameter, 'The id from the plan.') };

/** Makes a plan. */
export const planRedrive = endpoint({
  ...operators,
  operationId: 'plan-redrive',
  summary: 'Freezes a selection of dead letters, and says what running them would take.',
  body: PlanBody,
  answers: { 201: answer('The plan; nothing runs yet.', RedriveAnswer, location) },
  problems: [...requestProblems, 'unknown-group', 'unknown-dead-letter', 'nothing-to-redrive'],
});

/** Shows one. */
export const redrive = endpoint({
  ...operators,
  operationId: 'redrive',
  summary: 'How a redrive stands.',
  params,
  answers: { 200: answer('The redrive.', RedriveAnswer) },
  problems: ['invalid-parameter', 'forbidden', 'unknown-redrive'],
});

const control = (name: string, summary: string) =>
  endpoint({
    ...operators,
    operationId: `${name}-redrive`,
    summary,
    params,
    body: Nothing,
    answers: { 202: answer('It is asked for; this is how it stood before.', RedriveAnswer) },
    problems: [...requestProblems, 'unknown-redrive'],
  });

/** What is asked of one, by the word in the address. */
export const redriveControls = {
  run: control('run', 'Runs a plan, or goes on with one that was paused or is halted.'),
  pause: control('pause', 'Stops a redrive after the events under way.'),
} as const;
