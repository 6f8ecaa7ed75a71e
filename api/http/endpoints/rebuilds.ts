/** The endpoints of rebuilds, previous generations and copies. */
import * as t from 'io-ts';
import { field, optionalField, orNull, record } from '../../../domain/kernel/codec';
import { Integer, listOf, oneOf } from '../../../domain/kernel/values';
import type { RebuildStatus } from '../../../projections/view-reader';
import { answer, endpoint, Nothing, type Documents } from '../endpoint';
import type { ProblemName } from '../problem-kinds';
import { CopyName, PointInTimeText, ProjectionName, RowKey } from '../request-values';
import { location, NameParameter, RequestIdParameter, requestProblems, wholeListOf } from './fields';

const RebuildSource = oneOf({ kafka: null, store: null });
const RebuildKind = oneOf({ rebuild: null, rollback: null, copy: null, row: null });

const from = optionalField(RebuildSource, 'Where the events are read from; by default kafka, from offset zero.');
const acceptDifferences = optionalField(
  t.boolean,
  'Swap even if the rows differ from the served ones: for a deliberate change of logic.',
);

const RebuildBody = record('rebuild', {
  from,
  acceptDifferences,
  copy: optionalField(CopyName, 'Make a scratch copy under this name instead; it takes `until` too.'),
  until: optionalField(
    PointInTimeText,
    'The moment that the copy shows: a position, or a time with its zone (ISO 8601).',
  ),
  key: optionalField(RowKey, 'Make this one row again instead, by its key as in the address of the row.'),
});

/** An operator's options for a rebuild. */
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

/** The fields of a stored rebuild request that are shown before a role has picked it up. Stored format, version with care. */
export const RebuildRequest = record('RebuildRequest', {
  projection: field(t.string, 'The projection to rebuild.'),
  from: field(RebuildSource, 'Where the events are read from.'),
  kind: optionalField(RebuildKind, 'By default `rebuild`.'),
  acceptDifferences: optionalField(t.boolean, 'Swap even if rows differ.'),
  copy: optionalField(t.string, 'The name of the copy.'),
  until: optionalField(t.string, 'The point in time of the copy.'),
  key: optionalField(t.string, 'The key of the row.'),
});

const RowDifference = record('difference', {
  table: field(
    t.string,
    "`view`; `memory`: a row of the projection's detail table; else the reference whose row it is. With ` (removed)`: a removed row.",
  ),
  key: field(t.string, 'The key of the row.'),
  before: field(orNull(t.UnknownRecord), 'The served row.'),
  after: field(orNull(t.UnknownRecord), 'The rebuilt row.'),
  events: field(orNull(t.readonlyArray(t.string)), 'The last of the events that made it.'),
  eventCount: field(orNull(Integer), 'Number of events that made it.'),
});

/** The state of a rebuild. */
export const RebuildAnswer: Documents<RebuildStatus> = record('rebuild', {
  id: field(Integer, 'The rebuild.'),
  projection: field(t.string, 'The projection.'),
  kind: field(RebuildKind, 'What is produced: all rows, the previous generation, a copy, or one row.'),
  from: field(RebuildSource, 'Where the events are read from.'),
  state: field(
    oneOf({ requested: null, running: null, waiting: null, done: null, failed: null, cancelled: null }),
    'Its state; `waiting`: its rows differ from the served ones, and an operator must accept that or cancel.',
  ),
  acceptDifferences: field(t.boolean, 'Whether it swaps even if rows differ.'),
  copy: field(orNull(t.string), 'The name of the copy that it makes.'),
  until: field(orNull(t.string), 'The point in time of the copy.'),
  key: field(orNull(t.string), 'The key of the row that it recomputes.'),
  reason: field(orNull(t.string), 'Why it failed or waits, or a remark on how it ran.'),
  done: field(Integer, 'Events read so far.'),
  total: field(orNull(Integer), 'Total number of events to read.'),
  rate: field(orNull(t.number), 'Events per second.'),
  etaSeconds: field(orNull(t.number), 'Remaining seconds at that rate.'),
  proof: field(
    orNull(t.UnknownRecord),
    'Evidence that the rebuilt rows are right: rows and hashes before and after, and under `store`, topic by topic, how many ' +
      'events were applied, how many the store holds, and a digest of both sets. If these differ, nothing is swapped.',
  ),
  differences: field(
    orNull(
      record('differences', {
        count: field(Integer, 'How many rows differ.'),
        rows: field(t.readonlyArray(RowDifference), 'The first of these rows.'),
      }),
    ),
    'If rows differ: how many, and the first ones with the events that made them.',
  ),
  startedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
  finishedAt: field(orNull(t.string), 'ISO 8601, UTC.'),
});

const operators = { access: 'operator', tag: 'operations' } as const;
const projectionParams = { name: field(NameParameter, 'The projection.') };
const idParams = { id: field(RequestIdParameter, 'The id from the request.') };
const requested = { 202: answer('Accepted.', RebuildAnswer, location) };

/** Requests a rebuild. */
export const requestRebuild = endpoint({
  ...operators,
  operationId: 'request-rebuild',
  summary:
    'Requests a rebuild of a projection alongside the live rows, a point-in-time copy, or the recomputation of one row.',
  params: projectionParams,
  body: RebuildBody,
  answers: requested,
  problems: [...requestProblems, 'unknown-projection', 'parameters-conflict'],
});

/** Requests several rebuilds. */
export const requestRebuilds = endpoint({
  ...operators,
  operationId: 'request-rebuilds',
  summary: 'Requests a rebuild of several projections in one pass over the log.',
  body: RebuildsBody,
  answers: { 202: answer('Accepted.', wholeListOf(RebuildAnswer)) },
  problems: [...requestProblems, 'unknown-projection'],
});

/** Requests a rollback. */
export const requestRollback = endpoint({
  ...operators,
  operationId: 'request-rollback',
  summary: 'Requests that the previous generation is caught up and served again.',
  params: projectionParams,
  body: Nothing,
  answers: requested,
  problems: [...requestProblems, 'unknown-projection'],
});

/** Shows a rebuild. */
export const rebuild = endpoint({
  operationId: 'rebuild',
  tag: 'operations',
  summary: 'The state of a rebuild.',
  params: idParams,
  answers: { 200: answer('The rebuild.', RebuildAnswer) },
  problems: ['invalid-parameter', 'unknown-rebuild'],
});

const decision = (operationId: string, summary: string, description: string) =>
  endpoint({
    ...operators,
    operationId,
    summary,
    params: idParams,
    body: Nothing,
    answers: { 202: answer(description, RebuildAnswer, location) },
    problems: [...requestProblems, 'unknown-rebuild', 'rebuild-not-open'],
  });

/** The decisions about a rebuild, by their name in the URL. */
export const rebuildDecisions = {
  cancel: decision('cancel-rebuild', 'Cancels a rebuild; the served rows stay as they are.', 'It will be cancelled.'),
  'accept-differences': decision(
    'accept-differences',
    'Accepts the differences of a waiting rebuild, so that it swaps.',
    'It will continue.',
  ),
} as const;

const leftoverProblems: ReadonlyArray<ProblemName> = [...requestProblems, 'unknown-projection', 'unknown-build'];

/** Drops the previous generation. */
export const dropFormer = endpoint({
  ...operators,
  operationId: 'drop-former',
  summary: 'Drops the generation that was served before: a rollback is then impossible.',
  params: projectionParams,
  body: Nothing,
  answers: {
    202: answer(
      'It will be dropped.',
      record('dropped generation', {
        projection: field(t.string, 'The projection.'),
        generation: field(Integer, 'The number of the generation.'),
      }),
    ),
  },
  problems: leftoverProblems,
});

/** Drops a copy. */
export const dropCopy = endpoint({
  ...operators,
  operationId: 'drop-copy',
  summary: 'Drops a point-in-time copy.',
  params: projectionParams,
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
