/** The endpoints of views, derived from the projections. */
import * as t from 'io-ts';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { field, optionalField, orNull, record, type AnyField, type Fields } from '../../../domain/kernel/codec';
import { Integer, oneOf } from '../../../domain/kernel/values';
import { MAX_FILTER_VALUES, operatorsOf, sortsOf } from '../../../projections/view-query';
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
  indexes: field(
    t.readonlyArray(t.readonlyArray(t.string)),
    'The declared indexes: lists can be sorted by their columns, from the first on.',
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
    query: listParameters(view),
    headers: freshness(catalog, view),
    answers: {
      200: answer(
        'A page of rows, in the order of their keys unless `sort` names another one.',
        pageOf(someColumnsOf(view)),
      ),
    },
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
    query: { wait, columns: chosenColumns(view) },
    headers: freshness(catalog, view),
    answers: { 200: answer('The row.', someColumnsOf(view)) },
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
  summary: 'Rows of a point-in-time copy, with the parameters of its view.',
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

const listParameters = (view: ViewDescription): Fields => {
  const filters = view.columns.filter(({ type }) => type !== 'json').flatMap(filtersOf);
  return { ...paging, wait, sort: sortOf(view), columns: chosenColumns(view), ...Object.fromEntries(filters) };
};

/** The parameters that filter by a column. */
const filtersOf = (column: ViewColumn): ReadonlyArray<readonly [string, AnyField]> => [
  [column.name, optionalField(filterOf(column), `Only rows with this ${column.name}.`)],
  ...operatorsOf(column).map((operator) => [`${column.name}.${operator}`, operatorField(column, operator)] as const),
];

const operatorField = (column: ViewColumn, operator: string): AnyField => {
  const { name } = column;
  switch (operator) {
    case 'null':
      return optionalField(t.boolean, `Only rows where ${name} is null, or with false where it is not.`);
    case 'in':
      return optionalField(
        parameter({ type: 'string', ...(column.type === 'text' ? {} : { pattern: listPattern(VALUES[column.type]) }) }),
        `Only rows with one of these values of ${name}, between commas (\\ before a comma that belongs to a value); at most ${MAX_FILTER_VALUES}.`,
      );
    default:
      return optionalField(filterOf(column), `Only rows whose ${name} is ${RANGES[operator] ?? operator} this.`);
  }
};

const RANGES: Readonly<Record<string, string>> = { gt: 'above', gte: 'at or above', lt: 'below', lte: 'at or below' };

/** A value as in a list between commas. */
const VALUES = { integer: '-?[0-9]{1,15}', boolean: '(true|false)', json: '', text: '' } as const;

const listPattern = (value: string, maxLength = MAX_FILTER_VALUES): string =>
  `^${value}(,${value}){0,${maxLength - 1}}$`;

const sortOf = (view: ViewDescription): AnyField => {
  const sorts = sortsOf(view);
  const descending = sorts.map((sort) =>
    sort
      .split(',')
      .map((column) => `-${column}`)
      .join(','),
  );
  return optionalField(
    parameter({ type: 'string', enum: [...sorts, ...descending] }),
    'The order: the first columns of the key or of a declared index. Columns of it that are filtered to one value may be left out.',
  );
};

const chosenColumns = ({ columns }: Pick<ViewDescription, 'columns'>): AnyField =>
  optionalField(
    parameter({
      type: 'string',
      pattern: listPattern(`(${columns.map(({ name }) => name).join('|')})`, columns.length),
    }),
    'The columns that rows are to have, between commas; all by default.',
  );

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

const optionalColumn = ({ type, nullable, meaning }: ViewColumn): AnyField =>
  optionalField(nullable && type !== 'json' ? orNull(values[type]) : values[type], meaning);

/** A row that has all columns, or those that were chosen. */
const someColumnsOf = (view: ViewDescription): Documents<ViewRow> =>
  // The columns are only known at run time; for the compiler, a row may have any.
  record(view.name, {
    ...Object.fromEntries(view.columns.map((column) => [column.name, optionalColumn(column)])),
    stale: optionalField(t.literal(true), 'True if events of the row are dead-lettered or parked; else absent.'),
  });
