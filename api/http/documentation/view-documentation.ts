/** What the API says of read models, from their own descriptions. */
import type { FastifySchema } from 'fastify';
import type { JsonSchema } from '../../../domain/kernel/codec';
import type { ViewColumn, ViewDescription } from '../../../projections/view-reader';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { tokensSchema } from '../consistency-token';
import type { RouteDocumentation } from '../fastify-types';
import { integer, jsonResponse, listOf, objectOf, pageOf, paging, pathText, problemResponses, text } from './responses';

/** `GET /views`. */
export const viewsDocumentation: FastifySchema & RouteDocumentation = {
  operationId: 'views',
  tags: ['views'],
  summary: 'Every view with its columns and their meaning.',
  response: {
    200: jsonResponse(
      'The views.',
      listOf(
        objectOf({
          name: text('Its name in the path.'),
          version: integer('Grows when its shape changes.'),
          meaning: text('What a row stands for.'),
          key: { type: 'array', items: { type: 'string' }, description: 'The columns of the key, joined with `:`.' },
          columns: {
            type: 'array',
            items: objectOf({
              name: text('The column.'),
              type: { enum: ['text', 'integer', 'boolean', 'json'] },
              nullable: { type: 'boolean' },
              meaning: text('What the value means.'),
            }),
          },
          topics: { type: 'array', items: { type: 'string' }, description: 'Where its events come from.' },
        }),
      ),
    ),
    ...problemResponses('invalid-parameter'),
  },
};

/** `GET /views/{projection}`. */
export const listDocumentation = (view: ViewDescription, catalog: Catalog): FastifySchema & RouteDocumentation => {
  const filters = Object.fromEntries(
    view.columns
      .filter(({ type }) => type !== 'json')
      .map((column) => [column.name, { ...filterSchema(column), description: `Only rows with this ${column.name}.` }]),
  );
  const querystring = { ...paging, wait: waitParameter, ...filters };
  return {
    operationId: `list-${view.name}`,
    tags: ['views'],
    summary: view.meaning,
    querystring: objectOf(querystring, Object.keys(querystring)),
    headers: freshness(catalog, view),
    response: {
      200: jsonResponse('A page of rows in the order of their keys.', pageOf(rowSchema(view))),
      ...problemResponses(
        'invalid-parameter',
        'unknown-cursor',
        'event-quarantined',
        'view-behind',
        'overloaded',
        'store-unavailable',
      ),
    },
  };
};

/** `GET /views/{projection}/{key}`. */
export const rowDocumentation = (view: ViewDescription, catalog: Catalog): FastifySchema & RouteDocumentation => ({
  operationId: `find-${view.name}`,
  tags: ['views'],
  summary: `One row of ${view.name} by its key.`,
  params: objectOf({
    key: pathText(`The row's ${view.key.join(', then its ')}${view.key.length > 1 ? ', with `:` between' : ''}.`),
  }),
  querystring: objectOf({ wait: waitParameter }, ['wait']),
  headers: freshness(catalog, view),
  response: {
    200: jsonResponse('The row.', rowSchema(view)),
    ...problemResponses(
      'invalid-parameter',
      'unknown-row',
      'event-quarantined',
      'view-behind',
      'overloaded',
      'store-unavailable',
    ),
  },
});

const waitParameter: JsonSchema = {
  type: 'integer',
  minimum: 0,
  maximum: 30_000,
  default: 2_000,
  description: 'How many milliseconds to wait for the Consistency-Token, at most.',
};

const freshness = (catalog: Catalog, { topics }: ViewDescription): JsonSchema =>
  objectOf(
    {
      'Consistency-Token': {
        ...tokensSchema(catalog, topics),
        description:
          'Answer only when the view has seen this event (or these, with commas between); else 503 after `wait`, or 409 at once where it waits behind a dead letter.',
      },
    },
    ['Consistency-Token'],
  );

const valueSchema = ({ type }: ViewColumn): JsonSchema =>
  type === 'json' ? {} : { type: type === 'text' ? 'string' : type };

/** What a filter takes: every whole number that a row can hold. */
const filterSchema = (column: ViewColumn): JsonSchema => ({
  ...valueSchema(column),
  ...(column.type === 'integer' ? { minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER } : {}),
});

const columnSchema = (column: ViewColumn): JsonSchema => {
  const { nullable, meaning } = column;
  const { type } = valueSchema(column);
  if (type === undefined) return { description: meaning };
  return { type: nullable ? [type, 'null'] : type, description: meaning };
};

const rowSchema = (view: ViewDescription): JsonSchema =>
  objectOf(
    {
      ...Object.fromEntries(view.columns.map((column) => [column.name, columnSchema(column)])),
      stale: { const: true, description: 'There where events of the row wait behind a dead letter; else absent.' },
    },
    ['stale'],
  );
