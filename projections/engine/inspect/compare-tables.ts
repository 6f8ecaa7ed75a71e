/** What shows that rebuilt rows are right: their count and a hash over all of them, beside those of the rows in service. */
import { createHash } from 'node:crypto';
import type { ColumnType, Projection, Table } from '../../projection';
import type { Differences, RowDifference } from '../../view-reader';
import {
  rowFrom,
  type CodecColumn,
  type GenerationScan,
  type RowCursor,
  type TableScan,
  type Cell,
} from '../tables/tables';

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

/** So many rows that differ are shown; they are all counted. */
const DISPLAY_LIMIT = 20;

/** Compares two builds; in turns, so that others come in between. Nobody may write to either of them meanwhile. */
export const compareGenerations = async (
  { view: viewColumns, rollup }: Pick<Projection, 'view' | 'rollup'>,
  before: GenerationScan,
  after: GenerationScan,
): Promise<Comparison> => {
  const digests = pairedHashes();
  const rows: RowDifference[] = [];
  const compare = (table: RowDifference['table'], declared: Table | undefined): Promise<TableComparison> =>
    compareTables({ table, types: typesOf(declared), left: before[table], right: after[table] }, digests, rows);
  const view = await compare('view', viewColumns);
  const memory = await compare('memory', rollup?.memory);
  const [hashBefore, hashAfter] = digests.end();
  const equal = hashBefore === hashAfter;
  const comparable = view.comparable && memory.comparable;
  return {
    proof: { rows: view.after, rowsBefore: view.before, hashBefore, hashAfter, equal },
    differences: equal || !comparable ? null : { count: view.differing + memory.differing, rows },
  };
};

/** Two hashes over texts that are mostly the same: as long as all of them were, it is one. */
interface TwoDigests {
  readonly both: (text: string) => void;
  readonly one: (side: 'before' | 'after', text: string) => void;
  readonly end: () => readonly [before: string, after: string];
}

const pairedHashes = (): TwoDigests => {
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

/** Which of a build's tables, what its columns hold by their names, and the two that are compared. */
interface ComparedTable {
  readonly table: RowDifference['table'];
  readonly types: ReadonlyMap<string, ColumnType>;
  readonly left: TableScan;
  readonly right: TableScan;
}

const typesOf = (table: Table | undefined): ReadonlyMap<string, ColumnType> =>
  new Map(Object.entries({ ...table?.key, ...table?.columns }).map(([name, { type }]) => [name, type]));

/** Goes through both tables side by side, in the order of keys. */
const compareTables = async (
  { table, types, left, right }: ComparedTable,
  digests: TwoDigests,
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
    // Only at the end of a page: a wait for every row would cost more than all the rest.
    if (lefts.needsPage()) await lefts.turnPage();
    if (rights.needsPage()) await rights.turnPage();
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

/** The rows of one key on both sides, or the one that comes first on the side that has it. */
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
const digestPair = (digests: TwoDigests, { before, after }: Pair): boolean => {
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

/** Negative where the left row comes first, positive where the right one does, 0 where they have one key. */
const orderOf = (left: ReadonlyArray<Cell>, right: ReadonlyArray<Cell>, keyLength: number): number => {
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
