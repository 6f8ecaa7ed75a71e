/** Queries on a view's rows: by key, or in pages of matching rows. */
import * as E from 'fp-ts/Either';
import type { Database } from '../../../infra/sqlite/database';
import type { ListFailure, ViewColumn, ViewDescription, ViewPage, ViewReader, ViewRow } from '../../view-reader';
import { rowFrom, columnsOf, quoted, quotedList, viewTable, type Cell, cellOf, cellsOfKey } from '../tables/tables';

/** The rows of one generation of a view. Call everything inside the transaction that has read which generation is served. */
export interface ViewQueries {
  readonly generation: number;
  readonly list: (query: Parameters<ViewReader['list']>[1]) => E.Either<ListFailure, ViewPage>;
  readonly find: (key: ReadonlyArray<Cell>) => ViewRow | undefined;
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
  const shown = view.columns.filter(({ name }) => stored.has(name));
  if (view.key.some((name) => !stored.has(name))) return noRows(generation);
  const select = `SELECT ${quotedList(shown.map(({ name }) => name))} FROM ${quoted(table)}`;
  const keys = quotedList(view.key);
  const places = view.key.map(() => '?').join(', ');
  const rowOf = rowMaker(view.columns, shown);
  const find = database.prepare<Cell[], Cell[]>(`${select} WHERE (${keys}) = (${places})`).raw();
  const count = database.prepare<[], number>(`SELECT count(*) FROM ${quoted(table)}`).pluck();
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const prepare = (sql: string) => database.prepare<Cell[], Cell[]>(sql).raw();
  const statement = (sql: string) => {
    const known = prepared.get(sql);
    if (known !== undefined) return known;
    if (prepared.size >= MAX_STATEMENTS) prepared.clear();
    const fresh = prepare(sql);
    prepared.set(sql, fresh);
    return fresh;
  };
  return {
    generation,
    find: (key) => {
      const row = find.get(...key);
      return row === undefined ? undefined : rowOf(row);
    },
    count: () => count.get() ?? 0,
    list: ({ filters, limit, cursor }) => {
      const values = filterValues(view, filters);
      if (E.isLeft(values)) return values;
      const after = cursor === undefined ? undefined : cursorKey(view, cursor);
      if (cursor !== undefined && after === undefined) return E.left({ _tag: 'InvalidCursor' });
      const names = Object.keys(filters);
      // A column that the table does not have yet is null in every row, and matches no filter.
      if (names.some((name) => !stored.has(name))) return E.right({ items: [] });
      const conditions = names.map((name) => `${quoted(name)} = ?`);
      if (after !== undefined) conditions.push(`(${keys}) > (${places})`);
      const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
      // One row more than the limit shows whether another page follows.
      const rows = statement(`${select} ${where} ORDER BY ${keys} LIMIT ?`).iterate(
        ...values.right,
        ...(after ?? []),
        limit + 1,
      );
      const { page, hasMore } = boundedPage(rows, limit);
      const items = page.map(rowOf);
      const last = items.at(-1);
      if (!hasMore || last === undefined) return E.right({ items });
      return E.right({ items, nextCursor: cursorOf(view.key.map((name) => last[name] as Cell)) });
    },
  };
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

const rowMaker =
  (columns: ReadonlyArray<ViewColumn>, shown: ReadonlyArray<ViewColumn>) =>
  (cells: ReadonlyArray<Cell>): ViewRow => {
    const row: Record<string, unknown> = {};
    for (const { name } of columns) row[name] = null;
    return Object.assign(row, rowFrom(shown, cells));
  };

// -------------------------------------------------------------------------------------
// Filters, keys and cursors as clients write them
// -------------------------------------------------------------------------------------

/** Parses the values of equality filters; JSON columns cannot be filtered. */
export const filterValues = (
  { columns }: ViewDescription,
  filters: Readonly<Record<string, string>>,
): E.Either<ListFailure, ReadonlyArray<Cell>> => {
  const known = columns.filter(({ type }) => type !== 'json');
  const values: Cell[] = [];
  for (const [name, text] of Object.entries(filters)) {
    const column = known.find((each) => each.name === name);
    if (column === undefined) {
      return E.left({ _tag: 'UnknownFilter', name, known: known.map((each) => each.name) });
    }
    const value = cellOf(column, text);
    if (value === undefined) {
      return E.left({ _tag: 'InvalidFilter', name, reason: `it takes ${FILTERS[column.type]}, not '${text}'` });
    }
    values.push(value);
  }
  return E.right(values);
};

const FILTERS = { integer: 'a whole number', boolean: 'true or false', text: 'a text', json: 'nothing' } as const;

/** The cells of a key from a URL; undefined where it is not a key of the view. */
export const keyOf = ({ key, columns }: ViewDescription, text: string): ReadonlyArray<Cell> | undefined => {
  const keyColumns = key.flatMap((name) => columns.filter((each) => each.name === name));
  return cellsOfKey(keyColumns, text);
};

const cursorOf = (key: ReadonlyArray<Cell>): string => Buffer.from(JSON.stringify(key)).toString('base64url');

/** The key that a cursor encodes; undefined for a cursor that no page of this view returned. */
const cursorKey = ({ key, columns }: ViewDescription, cursor: string): ReadonlyArray<Cell> | undefined => {
  const cells = parseCursor(cursor);
  if (!Array.isArray(cells) || cells.length !== key.length) return undefined;
  const fits = key.every((name, index) => {
    const cell: unknown = cells[index];
    const type = columns.find((each) => each.name === name)?.type;
    return type === 'text' ? typeof cell === 'string' : Number.isSafeInteger(cell);
  });
  // The lines above have checked every cell.
  const found = cells as ReadonlyArray<Cell>;
  return fits && cursorOf(found) === cursor ? found : undefined;
};

const parseCursor = (cursor: string): unknown => {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
};
