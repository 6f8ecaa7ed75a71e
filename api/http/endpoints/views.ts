/** The endpoints of views, derived from the projections. */
import * as t from 'io-ts';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { field, optionalField, orNull, record, type AnyField, type Fields } from '../../../domain/kernel/codec';
import { Integer, oneOf } from '../../../domain/kernel/values';
import type { ViewColumn, ViewDescription, ViewRow } from '../../../projections/view-reader';
import { tokensSchema } from '../consistency-token';
import { answer, endpoint, type Documents } from '../endpoint';
import { DEFAULT_WAIT_MS, MAX_WAIT_MS } from '../view-waiting';
import { pageOf, paging, parameter, PathParameter, wholeListOf } from './fields';

const ViewResponse: Documents<ViewDescription> = record('view', {
  name: field(t.string, 'Its name in the path.'),
  version: field(Integer, 'Increases when its columns or logic change.'),
  meaning: field(t.string, 'What a row represents.'),
  key: field(t.readonlyArray(t.string), 'The columns of the key, joined with `:`.'),
  columns: field(
    t.readonlyArray(
      record('column', {
        name: field(t.string, 'The column.'),
        type: field(oneOf({ text: null, integer: null, boolean: null, json: null }), 'The type of its values.'),
        nullable: field(t.boolean, 'Whether a value may be null.'),
        meaning: field(t.string, 'What the value means.'),
      }),
    ),
    'Its columns.',
  ),
  topics: field(t.readonlyArray(t.string), 'The topics of its events.'),
});

/** `GET /views`. */
export const views = endpoint({
  operationId: 'views',
  tag: 'views',
  summary: 'Every view with its columns and their meaning.',
  answers: { 200: answer('The views.', wholeListOf(ViewResponse)) },
  problems: ['invalid-parameter'],
});

/** `GET /views/{projection}`. */
export const viewRows = (view: ViewDescription, catalog: Catalog) =>
  endpoint({
    operationId: `list-${view.name}`,
    tag: 'views',
    summary: view.meaning,
    query: {
      ...paging,
      wait,
      ...Object.fromEntries(
        view.columns
          .filter(({ type }) => type !== 'json')
          .map((column) => [column.name, optionalField(filterOf(column), `Only rows with this ${column.name}.`)]),
      ),
    },
    headers: freshness(catalog, view),
    answers: { 200: answer('A page of rows in the order of their keys.', pageOf(rowOf(view))) },
    problems: [
      'invalid-parameter',
      'parameters-conflict',
      'unknown-cursor',
      'event-quarantined',
      'view-behind',
      'overloaded',
      'store-unavailable',
    ],
  });

/** `GET /views/{projection}/{key}`. */
export const viewRow = (view: ViewDescription, catalog: Catalog) =>
  endpoint({
    operationId: `find-${view.name}`,
    tag: 'views',
    summary: `One row of ${view.name} by its key.`,
    params: {
      key: field(
        PathParameter,
        `The row's ${view.key.join(', then its ')}${view.key.length > 1 ? ', with `:` between' : ''}.`,
      ),
    },
    query: { wait },
    headers: freshness(catalog, view),
    answers: { 200: answer('The row.', rowOf(view)) },
    problems: [
      'invalid-parameter',
      'unknown-row',
      'event-quarantined',
      'view-behind',
      'overloaded',
      'store-unavailable',
    ],
  });

const copyParameter = field(PathParameter, '`<projection>@<copy>`.');

/** `GET /views/{projection}@{copy}`: copies come and go, so the document can't list them. */
export const copyRows = endpoint({
  operationId: 'list-copy',
  summary: 'Rows of a point-in-time copy.',
  params: { view: copyParameter },
  query: paging,
  answers: { 200: answer('A page of rows in the order of their keys.', pageOf(t.UnknownRecord)) },
  problems: ['invalid-parameter', 'unknown-view', 'unknown-cursor'],
});

/** `GET /views/{projection}@{copy}/{key}`. */
export const copyRow = endpoint({
  operationId: 'find-copy',
  summary: 'One row of a point-in-time copy by its key.',
  params: { view: copyParameter, key: field(PathParameter, 'The key of the row.') },
  answers: { 200: answer('The row.', t.UnknownRecord) },
  problems: ['invalid-parameter', 'unknown-view', 'unknown-row'],
});

const wait = optionalField(
  parameter({ type: 'integer', minimum: 0, maximum: MAX_WAIT_MS, default: DEFAULT_WAIT_MS }),
  'Upper limit on the wait for the Consistency-Token, in milliseconds.',
);

const freshness = (catalog: Catalog, { topics }: ViewDescription): Fields => ({
  'Consistency-Token': optionalField(
    parameter(tokensSchema(catalog, topics)),
    'Respond only once the view has seen this event (or these, separated by commas); else 503 after `wait`, or 409 at once if it is parked behind a dead letter.',
  ),
});

/** What a filter accepts: every integer that a row can hold. */
const filterOf = ({ type }: ViewColumn): t.Mixed =>
  type === 'integer'
    ? parameter({ type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER })
    : values[type];

const values: Readonly<Record<ViewColumn['type'], t.Mixed>> = {
  text: t.string,
  integer: Integer,
  boolean: t.boolean,
  json: t.unknown,
};

const columnOf = ({ type, nullable, meaning }: ViewColumn): AnyField =>
  field(nullable && type !== 'json' ? orNull(values[type]) : values[type], meaning);

const rowOf = (view: ViewDescription): Documents<ViewRow> =>
  // The columns are only known at run time; for the compiler, a row may have any.
  record(view.name, {
    ...Object.fromEntries(view.columns.map((column) => [column.name, columnOf(column)])),
    stale: optionalField(t.literal(true), 'True if events of the row are dead-lettered or parked; else absent.'),
  });
