/** Queries on a view's rows: by key, or in pages of matching rows. */
import * as E from 'fp-ts/Either';
import type { Database } from '../../../infra/sqlite/database';
import type { ListFailure, ListQuery, ViewDescription, ViewPage, ViewRow } from '../../view-reader';
import { rowFrom, columnsOf, quoted, viewTable, type Cell, cellsOfKey } from '../tables/tables';
import { cellsOfCursor, cursorOf } from './cursors';
import { conditionsOf, type Condition } from './filters';
import { conditionSql, expressionIn, joinSql, orderSql, piecesAfter } from './list-sql';
import { sortingOf, type Sorting } from './sorting';

/** The rows of one generation of a view. Call everything inside the transaction that has read which generation is served. */
export interface ViewQueries {
  readonly generation: number;
  /** Each row has the chosen columns, and those of the key and of the order. */
  readonly list: (query: ListQuery) => E.Either<ListFailure, ViewPage>;
  readonly find: (key: ReadonlyArray<Cell>, columns?: ReadonlyArray<string>) => ViewRow | undefined;
  readonly count: () => number;
}

/** Upper limit on cached statements, one for each combination of filters; when it is reached the cache is cleared. */
const MAX_STATEMENTS = 64;

/**
 * Prepares the queries. While a changed projection is rebuilt, the served table has the columns of the older version:
 * columns that it lacks are null, and columns that only it has are omitted.
 */
export const viewQueries = (database: Database, view: ViewDescription, generation: number): ViewQueries => {
  const table = viewTable(view.name, generation);
  const stored = new Set(columnsOf(database, table).map(({ name }) => name));
  if (view.key.some((name) => !stored.has(name))) return noRows(generation);
  const expression = expressionIn(stored);
  const count = database.prepare<[], number>(`SELECT count(*) FROM ${quoted(table)}`).pluck();
  const statement = statementCache(database);
  /** What a query reads: the columns that are shown, and the others that it needs. */
  const reading = ({ columns }: ShownColumns, needed: ReadonlyArray<string>) => {
    const shown = columns === undefined ? view.columns : view.columns.filter(({ name }) => columns.includes(name));
    const names = [...new Set([...shown.map(({ name }) => name), ...view.key, ...needed])];
    const read = view.columns.filter(({ name }) => names.includes(name));
    return {
      sql: `SELECT ${read.map(({ name }) => expression(name)).join(', ')} FROM ${quoted(table)}`,
      rowOf: (cells: ReadonlyArray<Cell>): ViewRow => rowFrom(read, cells),
      indexOf: (column: string): number => read.findIndex(({ name }) => name === column),
    };
  };
  return {
    generation,
    find: (key, columns) => {
      const { sql, rowOf } = reading(columns === undefined ? {} : { columns }, []);
      const where = view.key.map((name) => `${quoted(name)} = ?`).join(' AND ');
      const row = statement(`${sql} WHERE ${where}`).get(...key);
      return row === undefined ? undefined : rowOf(row);
    },
    count: () => count.get() ?? 0,
    list: (query) => {
      const parsed = parsedQuery(view, query);
      if (E.isLeft(parsed)) return parsed;
      const { conditions, sorting, after } = parsed.right;
      const { sql, rowOf, indexOf } = reading(query, sorting.columns);
      const filters = conditions.map((condition) => conditionSql(expression, condition));
      const pieces = after === undefined ? [{ text: '', cells: [] }] : piecesAfter(expression, sorting, after);
      const order = orderSql(expression, sorting);
      const rows = function* (): Iterable<ReadonlyArray<Cell>> {
        for (const piece of pieces) {
          const { text, cells } = joinSql([...filters, piece].filter((each) => each.text !== ''));
          const where = text === '' ? '' : `WHERE ${text}`;
          // One row more than the limit shows whether another page follows.
          yield* statement(`${sql} ${where} ORDER BY ${order} LIMIT ?`).iterate(...cells, query.limit + 1);
        }
      };
      const { page, hasMore } = boundedPage(rows(), query.limit);
      const last = page.at(-1);
      const items = page.map(rowOf);
      if (!hasMore || last === undefined) return E.right({ items });
      const place = sorting.columns.map((column) => last[indexOf(column)] ?? null);
      return E.right({ items, nextCursor: cursorOf(sorting, place) });
    },
  };
};

type ShownColumns = Pick<ListQuery, 'columns'>;

/** Prepares each statement at its first use. */
const statementCache = (database: Database) => {
  const prepare = (sql: string) => database.prepare<Cell[], Cell[]>(sql).raw();
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  return (sql: string) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (prepared.size >= MAX_STATEMENTS) prepared.clear();
    const fresh = prepare(sql);
    prepared.set(sql, fresh);
    return fresh;
  };
};

/** A list as a client asks for it, parsed. */
interface ParsedQuery {
  readonly conditions: ReadonlyArray<Condition>;
  readonly sorting: Sorting;
  /** The place that the page begins after. */
  readonly after: ReadonlyArray<Cell> | undefined;
}

/** Parses filters, order and cursor, which are checked even where there are no rows yet. */
export const parsedQuery = (
  view: ViewDescription,
  { filters, sort, cursor }: Pick<ListQuery, 'filters' | 'sort' | 'cursor'>,
): E.Either<ListFailure, ParsedQuery> => {
  const conditions = conditionsOf(view, filters);
  if (E.isLeft(conditions)) return conditions;
  const sorting = sortingOf(view, conditions.right, sort);
  if (E.isLeft(sorting)) return sorting;
  const after = cursor === undefined ? undefined : cellsOfCursor(view, sorting.right, cursor);
  if (cursor !== undefined && after === undefined) return E.left({ _tag: 'InvalidCursor' });
  return E.right({ conditions: conditions.right, sorting: sorting.right, after });
};

/** Upper limit on a page's size: with large rows it ends before its limit of rows, but has at least one row. */
const MAX_PAGE_CHARACTERS = 1_048_576;

/** Reads no more rows than needed; leaving the loop closes the cursor. */
const boundedPage = (
  rows: Iterable<ReadonlyArray<Cell>>,
  limit: number,
): { readonly page: ReadonlyArray<ReadonlyArray<Cell>>; readonly hasMore: boolean } => {
  const page: ReadonlyArray<Cell>[] = [];
  let characters = 0;
  for (const row of rows) {
    for (const cell of row) if (typeof cell === 'string') characters += cell.length;
    if (page.length === limit || (page.length > 0 && characters > MAX_PAGE_CHARACTERS)) return { page, hasMore: true };
    page.push(row);
  }
  return { page, hasMore: false };
};

const noRows = (generation: number): ViewQueries => ({
  generation,
  find: () => undefined,
  count: () => 0,
  list: () => E.right({ items: [] }),
});

/** The cells of a key from a URL; undefined where it is not a key of the view. */
export const keyOf = ({ key, columns }: ViewDescription, text: string): ReadonlyArray<Cell> | undefined => {
  const keyColumns = key.flatMap((name) => columns.filter((each) => each.name === name));
  return cellsOfKey(keyColumns, text);
};
