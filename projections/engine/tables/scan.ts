/** Reads the rows of a generation's table in key order, in bounded pages. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { quoted, quotedList, type Cell } from './layout';
import { tablesOf } from './sqlite-tables';

const ROWS_PER_PAGE = 5_000;

/** A cursor over every row in key order; none where the table does not exist. */
export interface RowCursor {
  /** Undefined at the end. */
  readonly row: () => ReadonlyArray<Cell> | undefined;
  readonly advance: () => void;
  /** The page is used up, and there may be more rows after it. */
  readonly needsPage: () => boolean;
  readonly nextPage: () => Promise<void>;
}

/** Opens a cursor; its first page is read immediately. */
export const rowCursor = (database: Database, table: string): RowCursor => {
  const columns = columnsOf(database, table);
  // The key's columns come first.
  const keyLength = columns.filter(({ pk }) => pk > 0).length;
  const keys = quotedList(columns.slice(0, keyLength).map(({ name }) => name));
  const order = `ORDER BY ${keys} LIMIT ${ROWS_PER_PAGE}`;
  const places = Array.from({ length: keyLength }, () => '?').join(', ');
  const pageAfter = (last: ReadonlyArray<Cell> | undefined): ReadonlyArray<ReadonlyArray<Cell>> => {
    if (columns.length === 0) return [];
    const select = `SELECT * FROM ${quoted(table)}`;
    if (last === undefined) return database.prepare<[], Cell[]>(`${select} ${order}`).raw().all();
    const next = database.prepare<Cell[], Cell[]>(`${select} WHERE (${keys}) > (${places}) ${order}`).raw();
    return next.all(...last.slice(0, keyLength));
  };
  let page = pageAfter(undefined);
  let index = 0;
  return {
    row: () => page[index],
    advance: () => void (index += 1),
    needsPage: () => index === page.length && page.length === ROWS_PER_PAGE,
    nextPage: async () => {
      await nextTick();
      page = pageAfter(page.at(-1));
      index = 0;
    },
  };
};

/** A column as stored in the file; `pk` is above 0 where it is part of the key. */
export interface StoredColumn {
  readonly name: string;
  readonly type: string;
  readonly notnull: number;
  readonly pk: number;
}

/** The columns of a table in the file, in order; none where the table does not exist. */
export const columnsOf = (database: Database, table: string): ReadonlyArray<StoredColumn> =>
  database.pragma(`table_info(${quoted(table)})`) as ReadonlyArray<StoredColumn>;

/** A table to scan. */
export interface TableScan {
  readonly columns: () => ReadonlyArray<StoredColumn>;
  /** A cursor at the first row. */
  readonly rows: () => RowCursor;
}

/** Scans a table of a generation by its role, whichever version of the projection made it. */
export type GenerationScan = (role: string) => TableScan;

/** The tables of a generation in this file. */
export const scanGeneration =
  (database: Database, projection: Projection, generation: number): GenerationScan =>
  (role) => {
    const table = tablesOf(projection, generation).find((each) => each.role === role)?.name;
    return {
      columns: () => (table === undefined ? [] : columnsOf(database, table)),
      rows: () => rowCursor(database, table ?? ''),
    };
  };
