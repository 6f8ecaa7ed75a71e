/** Compares two generations of a projection row by row: counts, a hash over all rows, and the first differences. */
import { createHash } from 'node:crypto';
import type { ColumnType, Projection } from '../../projection';
import type { Differences, RowDifference } from '../../view-reader';
import {
  rowFrom,
  type CodecColumn,
  type GenerationScan,
  type RowCursor,
  type TableScan,
  type TableShape,
  tablesOf,
  type Cell,
} from '../tables/tables';

/** The comparison of the served rows (before) with the rebuilt ones (after). Plain JSON. */
export interface RebuildProof {
  /** How many rows the rebuilt view has. */
  readonly rows: number;
  readonly rowsBefore: number;
  /** SHA-256 over every row in key order, each as a JSON list on a line; the view's come first. */
  readonly hashBefore: string;
  readonly hashAfter: string;
  readonly equal: boolean;
}

/** The proof and the differences. */
export interface GenerationComparison {
  readonly proof: RebuildProof;
  /** Null where nothing differs, and where the columns differ: then every row does. */
  readonly differences: Differences | null;
}

/** Upper limit on the differing rows that are listed; all are counted. */
const DISPLAY_LIMIT = 20;

/** Compares two generations, yielding to the event loop between pages. Neither may be written to meanwhile. */
export const compareGenerations = async (
  projection: Projection,
  before: GenerationScan,
  after: GenerationScan,
): Promise<GenerationComparison> => {
  const digests = pairedHashes();
  const rows: RowDifference[] = [];
  const tables: TableComparison[] = [];
  for (const { role, shape } of tablesOf(projection, 0)) {
    const compared = { table: role, types: typesOf(shape), left: before(role), right: after(role) };
    tables.push(await compareTables(compared, digests, rows));
  }
  const [hashBefore, hashAfter] = digests.end();
  const equal = hashBefore === hashAfter;
  const comparable = tables.every((each) => each.comparable);
  const [view] = tables;
  return {
    proof: { rows: view?.after ?? 0, rowsBefore: view?.before ?? 0, hashBefore, hashAfter, equal },
    differences:
      equal || !comparable ? null : { count: tables.reduce((sum, { differing }) => sum + differing, 0), rows },
  };
};

/** Two hashes over mostly equal texts, computed as one until the first text that differs. */
interface PairedHashes {
  readonly both: (text: string) => void;
  readonly one: (side: 'before' | 'after', text: string) => void;
  readonly end: () => readonly [before: string, after: string];
}

const pairedHashes = (): PairedHashes => {
  const before = createHash('sha256');
  let after: typeof before | undefined;
  return {
    both: (text) => {
      before.update(text);
      after?.update(text);
    },
    one: (side, text) => {
      after ??= before.copy();
      (side === 'before' ? before : after).update(text);
    },
    end: () => {
      const last = (after ?? before.copy()).digest('hex');
      return [before.digest('hex'), last];
    },
  };
};

interface TableComparison {
  readonly before: number;
  readonly after: number;
  readonly differing: number;
  readonly comparable: boolean;
}

/** A pair of tables to compare, with the types of their columns by name. */
interface ComparedTable {
  readonly table: RowDifference['table'];
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly left: TableScan;
  readonly right: TableScan;
}

const typesOf = ({ columns }: TableShape): ReadonlyMap<string, ColumnType> =>
  new Map(columns.map(({ name, type }) => [name, type]));

/** Walks through both tables in parallel, in key order. */
const compareTables = async (
  { table, types, left, right }: ComparedTable,
  digests: PairedHashes,
  shown: RowDifference[],
): Promise<TableComparison> => {
  const columns = left.columns();
  const others = right.columns();
  const comparable = JSON.stringify(columns) === JSON.stringify(others);
  const keyLength = columns.filter(({ pk }) => pk > 0).length;
  const counts = { before: 0, after: 0, differing: 0 };
  const lefts = left.rows();
  const rights = right.rows();
  const inOrder = (before: Cells, after: Cells): number => {
    if (before === undefined || after === undefined) return before === undefined ? 1 : -1;
    return comparable ? orderOf(before, after, keyLength) : -1;
  };
  for (;;) {
    // Only at the end of a page: awaiting every row would cost more than everything else.
    if (lefts.needsPage()) await lefts.nextPage();
    if (rights.needsPage()) await rights.nextPage();
    const pair = takePair(lefts, rights, inOrder);
    if (pair === undefined) return { ...counts, comparable };
    counts.before += pair.before === undefined ? 0 : 1;
    counts.after += pair.after === undefined ? 0 : 1;
    if (digestPair(digests, pair)) continue;
    counts.differing += 1;
    if (comparable && shown.length < DISPLAY_LIMIT) {
      shown.push(
        differenceOf(
          table,
          columns.map((each) => ({ ...each, type: types.get(each.name) ?? 'text' })),
          pair,
        ),
      );
    }
  }
};

type Cells = ReadonlyArray<Cell> | undefined;

/** The rows of one key on both sides; undefined on a side that lacks the key. */
type Pair = Readonly<Record<'before' | 'after', Cells>>;

const takePair = (
  lefts: RowCursor,
  rights: RowCursor,
  inOrder: (before: Cells, after: Cells) => number,
): Pair | undefined => {
  const before = lefts.row();
  const after = rights.row();
  if (before === undefined && after === undefined) return undefined;
  const order = inOrder(before, after);
  if (order <= 0) lefts.advance();
  if (order >= 0) rights.advance();
  return { before: order <= 0 ? before : undefined, after: order >= 0 ? after : undefined };
};

/** Returns whether both sides have the same row. */
const digestPair = (digests: PairedHashes, { before, after }: Pair): boolean => {
  if (isSame(before, after)) {
    digests.both(textOf(after));
    return true;
  }
  if (before !== undefined) digests.one('before', textOf(before));
  if (after !== undefined) digests.one('after', textOf(after));
  return false;
};

const isSame = (left: Cells, right: Cells): boolean =>
  left?.length === right?.length && (left?.every((cell, index) => cell === right?.[index]) ?? true);

const differenceOf = (
  table: RowDifference['table'],
  columns: ReadonlyArray<CodecColumn & { readonly pk: number }>,
  taken: Pair,
): RowDifference => {
  const row = (cells: ReadonlyArray<Cell> | undefined) => (cells === undefined ? null : rowFrom(columns, cells));
  const keyLength = columns.filter(({ pk }) => pk > 0).length;
  const key = (taken.before ?? taken.after ?? []).slice(0, keyLength).join(':');
  return { table, key, before: row(taken.before), after: row(taken.after), events: null, eventCount: null };
};

const textOf = (cells: Cells): string => `${JSON.stringify(cells)}\n`;

/** Negative where the left row comes first, positive where the right one does, 0 where their keys are equal. */
const orderOf = (left: ReadonlyArray<Cell>, right: ReadonlyArray<Cell>, keyLength: number): number => {
  for (let index = 0; index < keyLength; index += 1) {
    const order = cellOrder(left[index] ?? null, right[index] ?? null);
    if (order !== 0) return order;
  }
  return 0;
};

/** Compares as SQLite sorts: integers by value, texts by their UTF-8 bytes, unlike JavaScript. */
const cellOrder = (left: Cell, right: Cell): number => {
  if (left === right) return 0;
  if (typeof left === 'number' && typeof right === 'number') return left - right;
  return Buffer.compare(Buffer.from(String(left)), Buffer.from(String(right)));
};
