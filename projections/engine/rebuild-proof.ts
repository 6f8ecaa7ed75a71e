/** What shows that rebuilt rows are right: their count and a hash over all of them, beside those of the rows in service. */
import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Database } from '../../infra/sqlite/database';
import type { Differences, RowDifference, ViewRow } from '../view-reader';
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

/** The proof, and where the two differ. */
export interface Comparison {
  readonly proof: RebuildProof;
  /** Null where nothing differs, and where the two have other columns: then every row does. */
  readonly differences: Differences | null;
}

/** A build in a file: two files where a projection is verified. */
export interface ComparedBuild {
  readonly database: Database;
  readonly generation: number;
}

const ROWS_PER_TURN = 5_000;
/** So many rows that differ are shown; they are all counted. */
const SHOWN_ROWS = 20;

/** Compares two builds; in turns, so that others come in between. Nobody may write to either of them meanwhile. */
export const compareBuilds = async (
  projection: string,
  before: ComparedBuild,
  after: ComparedBuild,
): Promise<Comparison> => {
  const digests = { before: createHash('sha256'), after: createHash('sha256') };
  const rows: RowDifference[] = [];
  const view = await compareTables('view', viewTable, projection, before, after, digests, rows);
  const memory = await compareTables('memory', memoryTable, projection, before, after, digests, rows);
  const hashBefore = digests.before.digest('hex');
  const hashAfter = digests.after.digest('hex');
  const equal = hashBefore === hashAfter;
  const comparable = view.comparable && memory.comparable;
  return {
    proof: { rows: view.after, rowsBefore: view.before, hashBefore, hashAfter, equal },
    differences: equal || !comparable ? null : { count: view.differing + memory.differing, rows },
  };
};

type Digests = Readonly<Record<'before' | 'after', ReturnType<typeof createHash>>>;

interface TableComparison {
  readonly before: number;
  readonly after: number;
  readonly differing: number;
  readonly comparable: boolean;
}

/** Goes through both tables side by side, in the order of keys. */
const compareTables = async (
  table: RowDifference['table'],
  nameOf: (projection: string, generation: number) => string,
  projection: string,
  left: ComparedBuild,
  right: ComparedBuild,
  digests: Digests,
  shown: RowDifference[],
): Promise<TableComparison> => {
  const columns = columnsOf(left.database, nameOf(projection, left.generation));
  const others = columnsOf(right.database, nameOf(projection, right.generation));
  const comparable = JSON.stringify(columns) === JSON.stringify(others);
  const keyLength = columns.filter(({ pk }) => pk > 0).length;
  const counts = { before: 0, after: 0, differing: 0 };
  const lefts = rowsOf(left.database, nameOf(projection, left.generation));
  const rights = rowsOf(right.database, nameOf(projection, right.generation));
  let before = await nextRow(lefts);
  let after = await nextRow(rights);
  while (before !== undefined || after !== undefined) {
    const order = comparable ? orderOf(before, after, keyLength) : before === undefined ? 1 : -1;
    const taken = { before: order <= 0 ? before : undefined, after: order >= 0 ? after : undefined };
    const texts = { before: textOf(taken.before), after: textOf(taken.after) };
    for (const side of ['before', 'after'] as const) {
      if (taken[side] === undefined) continue;
      counts[side] += 1;
      digests[side].update(`${texts[side]}\n`);
    }
    if (texts.before !== texts.after) {
      counts.differing += 1;
      if (comparable && shown.length < SHOWN_ROWS) shown.push(differenceOf(table, columns, taken));
    }
    if (taken.before !== undefined) before = await nextRow(lefts);
    if (taken.after !== undefined) after = await nextRow(rights);
  }
  return { ...counts, comparable };
};

const differenceOf = (
  table: RowDifference['table'],
  columns: ReturnType<typeof columnsOf>,
  taken: Readonly<Record<'before' | 'after', ReadonlyArray<Cell> | undefined>>,
): RowDifference => {
  const row = (cells: ReadonlyArray<Cell> | undefined) => (cells === undefined ? null : rowFrom(columns, cells));
  const keyLength = columns.filter(({ pk }) => pk > 0).length;
  const key = (taken.before ?? taken.after ?? []).slice(0, keyLength).join(':');
  return { table, key, before: row(taken.before), after: row(taken.after), events: null, eventCount: null };
};

const textOf = (cells: ReadonlyArray<Cell> | undefined): string => (cells === undefined ? '' : JSON.stringify(cells));

const rowFrom = (columns: ReadonlyArray<{ readonly name: string }>, cells: ReadonlyArray<Cell>): ViewRow =>
  Object.fromEntries(columns.map(({ name }, index) => [name, cells[index] ?? null]));

/** Negative where the left row comes first, positive where the right one does, 0 where they have one key. */
const orderOf = (
  left: ReadonlyArray<Cell> | undefined,
  right: ReadonlyArray<Cell> | undefined,
  keyLength: number,
): number => {
  if (left === undefined || right === undefined) return left === undefined ? 1 : -1;
  for (let index = 0; index < keyLength; index += 1) {
    const order = cellOrder(left[index] ?? null, right[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
};

/** As SQLite sorts a key's column: integers by value, texts by their UTF-8 bytes, which is not how JavaScript does. */
const cellOrder = (left: Cell, right: Cell): number => {
  if (left === right) return 0;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
};

const nextRow = async (rows: AsyncGenerator<ReadonlyArray<Cell>>): Promise<ReadonlyArray<Cell> | undefined> => {
  const next = await rows.next();
  return next.done === true ? undefined : next.value;
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
