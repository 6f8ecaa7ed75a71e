/** What shows that rebuilt rows are right: their count and a hash over all of them, beside those of the rows in service. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../infra/sqlite/database';
import { memoryTable, quoted, quotedList, viewTable, type Cell } from './table-shape';

/** The rows in service (before) held against the rebuilt ones (after). Plain JSON. */
export interface RebuildProof {
  /** How many rows the rebuilt view has. */
  readonly rows: number;
  readonly rowsBefore: number;
  /** SHA-256 over every row in the order of keys, each as a JSON list on a line; rows that aren't served come last. */
  readonly hashBefore: string;
  readonly hashAfter: string;
  readonly equal: boolean;
}

const ROWS_PER_TURN = 5_000;

/** Compares two builds; in turns, so that others come in between. Nobody may write to either of them meanwhile. */
export const compareBuilds = async (
  database: Database,
  projection: string,
  before: number,
  after: number,
): Promise<RebuildProof> => {
  const old = await digestOf(database, projection, before);
  const rebuilt = await digestOf(database, projection, after);
  return {
    rows: rebuilt.rows,
    rowsBefore: old.rows,
    hashBefore: old.hash,
    hashAfter: rebuilt.hash,
    equal: old.hash === rebuilt.hash,
  };
};

const digestOf = async (
  database: Database,
  projection: string,
  generation: number,
): Promise<{ readonly rows: number; readonly hash: string }> => {
  const hash = createHash('sha256');
  let rows = 0;
  for await (const row of rowsOf(database, viewTable(projection, generation))) {
    hash.update(`${JSON.stringify(row)}\n`);
    rows += 1;
  }
  for await (const row of rowsOf(database, memoryTable(projection, generation)))
    hash.update(`${JSON.stringify(row)}\n`);
  return { rows, hash: hash.digest('hex') };
};

/** Every row in the order of keys, in bounded pages; none where there is no such table. */
async function* rowsOf(database: Database, table: string): AsyncGenerator<ReadonlyArray<Cell>> {
  const columns = columnsOf(database, table);
  if (columns.length === 0) return;
  // The key's columns come first.
  const keyLength = columns.filter(({ pk }) => pk > 0).length;
  const keys = quotedList(columns.slice(0, keyLength).map(({ name }) => name));
  const select = `SELECT * FROM ${quoted(table)}`;
  const order = `ORDER BY ${keys} LIMIT ${ROWS_PER_TURN}`;
  const first = database.prepare<[], Cell[]>(`${select} ${order}`).raw();
  const places = Array.from({ length: keyLength }, () => '?').join(', ');
  const next = database.prepare<Cell[], Cell[]>(`${select} WHERE (${keys}) > (${places}) ${order}`).raw();
  for (let page = first.all(); page.length > 0;) {
    yield* page;
    await nextTurn();
    const last = page.at(-1) ?? [];
    page = page.length < ROWS_PER_TURN ? [] : next.all(...last.slice(0, keyLength));
  }
}

/** The columns that a table has in the file, in order; none where there is no such table. */
export const columnsOf = (
  database: Database,
  table: string,
): ReadonlyArray<{ readonly name: string; readonly type: string; readonly notnull: number; readonly pk: number }> =>
  database.pragma(`table_info(${quoted(table)})`) as ReadonlyArray<{
    readonly name: string;
    readonly type: string;
    readonly notnull: number;
    readonly pk: number;
  }>;
