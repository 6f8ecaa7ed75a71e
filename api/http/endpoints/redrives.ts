/** The endpoints of redrives, which run dead letters again. */
import * as t from 'io-ts';
import { constrained, field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, listOf, oneOf, Text } from '../../../domain/kernel/values';
import type { RedriveStatus } from '../../../infra/dead-letters/query/query';
import { MAX_EVENTS_PER_SECOND } from '../../../infra/dead-letters/redrive/redrive';
import { answer, endpoint, Nothing, type Documents } from '../endpoint';
import { location, RequestIdParameter, requestProblems } from './fields';

/** The rate of a plan that names none. */
export const DEFAULT_EVENTS_PER_SECOND = 200;

const Rate = constrained(
  `events a second (integer, 1 to ${MAX_EVENTS_PER_SECOND})`,
  (value): value is number =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_EVENTS_PER_SECOND,
  { type: 'integer', minimum: 1, maximum: MAX_EVENTS_PER_SECOND },
);

/** The classes of dead letters that can be run again: foreign or misplaced records contain no event of this place. */
const RedrivableClass = oneOf({
  malformed: null,
  'unknown-contract': null,
  transient: null,
  rejected: null,
  defect: null,
});

const PlanBody = record('redrive', {
  group: field(Text, 'The consumer group whose dead letters are run again; other groups are not affected.'),
  class: optionalField(RedrivableClass, 'Only those of this class.'),
  fingerprint: optionalField(Text, 'Only those with this cause.'),
  stream: optionalField(Text, 'Only the one of this stream, such as `order-o1`.'),
  ids: optionalField(listOf(Text, 1_000), 'Only these dead letters.'),
  ratePerSecond: optionalField(Rate, `Upper limit on events per second; by default ${DEFAULT_EVENTS_PER_SECOND}.`),
});

/** The body of a request for a plan. */
export type PlanBody = t.TypeOf<typeof PlanBody>;

const Counts = t.record(t.string, Integer);

const RedriveAnswer: Documents<RedriveStatus> = record('redrive', {
  id: field(Integer, 'The redrive.'),
  group: field(t.string, 'The consumer group.'),
  state: field(
    oneOf({ requested: null, planned: null, running: null, paused: null, halted: null, done: null }),
    'Its state.',
  ),
  reason: field(orNull(t.string), 'Why it is halted.'),
  ratePerSecond: field(Integer, 'Upper limit on events per second.'),
  preview: field(
    record('preview', {
      keys: field(Integer, 'Streams, with one dead letter each.'),
      events: field(Integer, 'Dead letters and the events parked behind them.'),
      classes: field(Counts, 'Number of dead letters by class.'),
      fingerprints: field(Counts, 'Number of dead letters by cause.'),
      schemaVersions: field(Counts, 'Number of events by `<type>/<schema version>`.'),
      oldest: field(orNull(t.string), 'When the oldest of them failed.'),
      notRedrivable: field(Integer, 'Dead letters without an event, which can only be discarded.'),
    }),
    'What the redrive contains, as of the plan.',
  ),
  keys: field(
    record('keys', {
      waiting: field(Integer, 'Not run yet.'),
      done: field(Integer, 'Run.'),
      failed: field(Integer, 'Failed again.'),
      gone: field(Integer, 'Resolved otherwise since the plan was made.'),
    }),
    'Streams by result.',
  ),
  batch: field(orNull(Integer), 'The batch that comes next: 1 is one stream, 2 is 5 %, 3 is 25 %, 4 is the rest.'),
  runs: field(Integer, 'How often it was started.'),
  events: field(Integer, 'Events processed so far.'),
  startedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
  finishedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
});

const operators = { access: 'operator', tag: 'failures' } as const;
const params = { id: field(RequestIdParameter, 'The id from the plan.') };

/** Makes a plan. */
export const planRedrive = endpoint({
  ...operators,
  operationId: 'plan-redrive',
  summary: 'Fixes a selection of dead letters, and shows what a redrive of it would contain.',
  body: PlanBody,
  answers: { 201: answer('The plan; nothing runs yet.', RedriveAnswer, location) },
  problems: [...requestProblems, 'unknown-group', 'unknown-dead-letter', 'nothing-to-redrive'],
});

/** Shows a redrive. */
export const redrive = endpoint({
  ...operators,
  operationId: 'redrive',
  summary: 'The state of a redrive.',
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
    answers: { 202: answer('Accepted; the response shows the state before.', RedriveAnswer) },
    problems: [...requestProblems, 'unknown-redrive'],
  });

/** The actions on a redrive, by their name in the URL. */
export const redriveControls = {
  run: control('run', 'Runs a plan, or resumes one that is paused or halted.'),
  pause: control('pause', 'Stops a redrive after the events in progress.'),
} as const;
