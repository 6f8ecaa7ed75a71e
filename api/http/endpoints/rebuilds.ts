/** Rebuilds of projections, and the builds that they leave behind. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, listOf, oneOf } from '../../../domain/kernel/values';
import type { RebuildStatus } from '../../../projections/view-reader';
import { answer, endpoint, Nothing, type Documents } from '../endpoint';
import type { ProblemName } from '../problem-kinds';
import { CopyName, MomentText, ProjectionName, RowKey } from '../request-values';
import { location, NameParameter, RequestIdParameter, requestProblems, wholeListOf } from './fields';

const RebuildSource = oneOf({ kafka: null, store: null });
const RebuildKind = oneOf({ rebuild: null, rollback: null, copy: null, row: null });

const from = optionalField(RebuildSource, 'Where the events are read from; left out means kafka, from offset zero.');
const acceptDifferences = optionalField(
  t.boolean,
  'Swap also where the rows differ from those in service: how a deliberate change of logic is released.',
);

const RebuildBody = record('rebuild', {
  from,
  acceptDifferences,
  copy: optionalField(CopyName, 'Make a scratch copy under this name instead; it takes `until` too.'),
  until: optionalField(MomentText, 'The moment that the copy shows: a position, or a time with its zone (ISO 8601).'),
  key: optionalField(RowKey, 'Make this one row again instead, by its key as in the address of the row.'),
});

/** What an operator may say of a rebuild. */
export type RebuildBody = t.TypeOf<typeof RebuildBody>;

const MAX_PROJECTIONS = 100;

const RebuildsBody = record('rebuilds', {
  projections: field(
    listOf(ProjectionName, MAX_PROJECTIONS, 1),
    'The projections that are rebuilt in one pass over the log.',
  ),
  from,
  acceptDifferences,
});

const DropCopyBody = record('drop-copy', { copy: field(CopyName, 'The name of the copy.') });

/** What a rebuild's request holds, as far as it is shown before a role has picked it up. Stored format, version with care. */
export const RebuildRequest = record('RebuildRequest', {
  projection: field(t.string, 'The projection to rebuild.'),
  from: field(RebuildSource, 'Where the events are read from.'),
  kind: optionalField(RebuildKind, 'Left out: rebuild.'),
  acceptDifferences: optionalField(t.boolean, 'Swap also where rows differ.'),
  copy: optionalField(t.string, 'The name of the copy.'),
  until: optionalField(t.string, 'The moment that it shows.'),
  key: optionalField(t.string, 'The key of the row.'),
});

const RowDifference = record('difference', {
  table: field(oneOf({ view: null, memory: null }), '`memory`: a row that the projection keeps for itself.'),
  key: field(t.string, 'The key of the row.'),
  before: field(orNull(t.UnknownRecord), 'The row in service.'),
  after: field(orNull(t.UnknownRecord), 'The row as the events make it.'),
  events: field(orNull(t.readonlyArray(t.string)), 'The last events that made it.'),
  eventCount: field(orNull(Integer), 'How many there were in all.'),
});

/** How a rebuild stands. */
export const RebuildAnswer: Documents<RebuildStatus> = record('rebuild', {
  id: field(Integer, 'The rebuild.'),
  projection: field(t.string, 'The projection.'),
  kind: field(RebuildKind, 'What is made: all rows again, the build before, a copy, or one row.'),
  from: field(RebuildSource, 'Where the events are read from.'),
  state: field(
    oneOf({ requested: null, running: null, waiting: null, done: null, failed: null, cancelled: null }),
    'How it stands; `waiting`: its rows differ from those in service, and an operator accepts that or cancels.',
  ),
  acceptDifferences: field(t.boolean, 'Whether it swaps also where rows differ.'),
  copy: field(orNull(t.string), 'The name of the copy that it makes.'),
  until: field(orNull(t.string), 'The moment that the copy shows.'),
  key: field(orNull(t.string), 'The row that it makes again.'),
  reason: field(orNull(t.string), 'Why it failed or waits, or what to know of how it ran.'),
  done: field(Integer, 'Events read so far.'),
  total: field(orNull(Integer), 'Events to read in all.'),
  rate: field(orNull(t.number), 'Events a second.'),
  etaSeconds: field(orNull(t.number), 'Seconds to go at that rate.'),
  proof: field(
    orNull(t.UnknownRecord),
    'What shows that the rebuilt rows are right: rows and hashes before and after, and under `store`, topic by topic, how many ' +
      'events were taken in, how many the store holds, and a digest of which ones. Where these differ, nothing is swapped.',
  ),
  differences: field(
    orNull(
      record('differences', {
        count: field(Integer, 'How many rows differ.'),
        rows: field(t.readonlyArray(RowDifference), 'The first of them.'),
      }),
    ),
    'Where rows differ: how many, and the first of them with the events that made them.',
  ),
  startedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
  finishedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
});

const operators = { access: 'operator', tag: 'operations' } as const;
const named = { name: field(NameParameter, 'The projection.') };
const numbered = { id: field(RequestIdParameter, 'The id from the request.') };
const requested = { 202: answer('It is asked for.', RebuildAnswer, location) };

/** Asks for one. */
export const requestRebuild = endpoint({
  ...operators,
  operationId: 'request-rebuild',
  summary: 'Asks for a projection to be rebuilt alongside the live rows; or for a copy as of a moment, or for one row.',
  params: named,
  body: RebuildBody,
  answers: requested,
  problems: [...requestProblems, 'unknown-projection', 'parameters-conflict'],
});

/** Asks for several. */
export const requestRebuilds = endpoint({
  ...operators,
  operationId: 'request-rebuilds',
  summary: 'Asks for several projections to be rebuilt in one pass over the log.',
  body: RebuildsBody,
  answers: { 202: answer('They are asked for.', wholeListOf(RebuildAnswer)) },
  problems: [...requestProblems, 'unknown-projection'],
});

/** Asks for the way back. */
export const requestRollback = endpoint({
  ...operators,
  operationId: 'request-rollback',
  summary: 'Asks for the build that was served before to be brought up to date and served again.',
  params: named,
  body: Nothing,
  answers: requested,
  problems: [...requestProblems, 'unknown-projection'],
});

/** Shows one. */
export const rebuild = endpoint({
  operationId: 'rebuild',
  tag: 'operations',
  summary: 'How a rebuild stands.',
  params: numbered,
  answers: { 200: answer('The rebuild.', RebuildAnswer) },
  problems: ['invalid-parameter', 'unknown-rebuild'],
});

const decision = (operationId: string, summary: string, description: string) =>
  endpoint({
    ...operators,
    operationId,
    summary,
    params: numbered,
    body: Nothing,
    answers: { 202: answer(description, RebuildAnswer, location) },
    problems: [...requestProblems, 'unknown-rebuild', 'rebuild-not-open'],
  });

/** What is decided about one, by the word in the address. */
export const rebuildDecisions = {
  cancel: decision('cancel-rebuild', 'Ends a rebuild; the rows in service stay as they are.', 'It will be cancelled.'),
  'accept-differences': decision(
    'accept-differences',
    'Lets a rebuild that waits swap its rows in, different as they are.',
    'It goes on.',
  ),
} as const;

const leftoverProblems: ReadonlyArray<ProblemName> = [...requestProblems, 'unknown-projection', 'unknown-build'];

/** Drops the build that was served before. */
export const dropFormer = endpoint({
  ...operators,
  operationId: 'drop-former',
  summary: 'Drops the build that was served before: there is no way back then.',
  params: named,
  body: Nothing,
  answers: {
    202: answer(
      'It will be dropped.',
      record('dropped build', {
        projection: field(t.string, 'The projection.'),
        generation: field(Integer, 'Which build it is.'),
      }),
    ),
  },
  problems: leftoverProblems,
});

/** Drops a copy. */
export const dropCopy = endpoint({
  ...operators,
  operationId: 'drop-copy',
  summary: 'Drops a scratch copy.',
  params: named,
  body: DropCopyBody,
  answers: {
    202: answer(
      'It will be dropped.',
      record('dropped copy', {
        projection: field(t.string, 'The projection.'),
        copy: field(t.string, 'The name of the copy.'),
      }),
    ),
  },
  problems: leftoverProblems,
});
