/**
 * Folds events into rows in memory: each row that a batch touches is read once and written once, however many of its
 * events are in the batch.
 */
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { failureOf, type HandlerOutcome } from '../../infra/consumption/failures';
import type { Contribution, Projection, Row, Upsert } from '../projection';
import type { Generation, StoredTable } from './generation';
import type { Cell, TableShape } from './table-shape';

/** The rows that a batch has touched so far. Used up by `write`. */
export interface Fold {
  /** A failure that is answered has changed nothing; after a throw the fold is of no more use. */
  readonly apply: (event: RecordedEvent) => HandlerOutcome;
  /** Writes what changed; call inside the transaction in which the rows were read. */
  readonly write: (counted?: Counted) => void;
}

/** Told of each row of the memory that has changed, and of each row of the view that it counted for before or counts for now. */
export type Counted = (memoryRow: ReadonlyArray<Cell>, viewKey: Row) => void;

/** Starts a batch on a build of a projection's tables. */
export const foldInto = ({ projection, view, memory }: Generation): Fold => {
  const viewRows = workingRows(view);
  const { rollup } = projection;
  if (rollup === undefined || memory === undefined) {
    return {
      apply: (event) => applyTo(viewRows, projection, event),
      write: () => writeRows(viewRows),
    };
  }
  const memoryRows = workingRows(memory);
  return {
    apply: (event) => applyTo(memoryRows, projection, event),
    write: (counted) => {
      const countRow = (cells: ReadonlyArray<Cell>, sign: 1 | -1): void => {
        const contribution = rollup.contribution(rowOf(memory.shape, cells));
        if (contribution === undefined) return;
        count(viewRows, contribution, sign);
        counted?.(cells, contribution.key);
      };
      for (const { before, cells } of memoryRows.changed()) {
        if (before !== undefined) countRow(before, -1);
        countRow(cells, 1);
      }
      writeRows(memoryRows);
      writeSums(viewRows);
    },
  };
};

/** The projection is pure: where it throws, nothing has happened yet. */
const applyTo = (rows: WorkingRows, { project }: Projection, event: RecordedEvent): HandlerOutcome => {
  let upserts: ReadonlyArray<Upsert>;
  try {
    upserts = project(event);
  } catch (error) {
    return failureOf(error);
  }
  if (upserts.length === 0) return 'not-applicable';
  let isChanged = false;
  for (const upsert of upserts) isChanged = applyUpsert(rows, upsert) || isChanged;
  return isChanged ? 'applied' : 'skipped';
};

// -------------------------------------------------------------------------------------
// Rows in memory
// -------------------------------------------------------------------------------------

interface WorkingRow {
  /** As the table holds it; undefined for a new one. */
  readonly before: ReadonlyArray<Cell> | undefined;
  readonly cells: Cell[];
  isChanged: boolean;
}

interface WorkingRows {
  readonly table: StoredTable;
  /** The row under a key, read from the table at its first mention. */
  readonly at: (key: Row) => WorkingRow;
  readonly changed: () => ReadonlyArray<WorkingRow>;
}

const workingRows = (table: StoredTable): WorkingRows => {
  const rows = new Map<string, WorkingRow>();
  const names = table.shape.columns.slice(0, table.shape.keyLength).map(({ name }) => name);
  return {
    table,
    at: (key) => {
      // A key holds texts and integers only.
      const cells = names.map((name) => key[name] as Cell);
      const id = cells.length === 1 ? String(cells[0]) : JSON.stringify(cells);
      const known = rows.get(id);
      if (known !== undefined) return known;
      const before = table.find(cells);
      const row = { before, cells: before?.slice() ?? [...cells, ...table.shape.initial], isChanged: false };
      rows.set(id, row);
      return row;
    },
    changed: () => [...rows.values()].filter(({ isChanged }) => isChanged),
  };
};

const rowOf = ({ columns }: TableShape, cells: ReadonlyArray<Cell>): Row => {
  const row: Record<string, unknown> = {};
  columns.forEach(({ name, type }, index) => {
    const cell = cells[index] ?? null;
    row[name] = type === 'json' && typeof cell === 'string' ? JSON.parse(cell) : cell;
  });
  return row;
};

// -------------------------------------------------------------------------------------
// Changes
// -------------------------------------------------------------------------------------

/** Answers whether there was anything to change. */
const applyUpsert = (rows: WorkingRows, { key, version, set, add, max }: Upsert): boolean => {
  const row = rows.at(key);
  const { cells } = row;
  const { shape } = rows.table;
  if (version !== undefined) {
    const index = columnIndex(shape, 'version');
    if (version <= integerAt(cells, index)) return false;
    cells[index] = version;
  }
  for (const name in set) {
    const index = columnIndex(shape, name);
    cells[index] = shape.columns[index]?.type === 'json' ? JSON.stringify(set[name] ?? null) : (set[name] as Cell);
  }
  for (const name in add) addTo(cells, columnIndex(shape, name), add[name] ?? 0);
  for (const name in max) {
    const index = columnIndex(shape, name);
    const value = max[name];
    if (value !== undefined && isAbove(value, cells[index] ?? null)) cells[index] = value;
  }
  row.isChanged = true;
  return true;
};

const columnIndex = ({ indexOf }: TableShape, name: string): number => {
  const index = indexOf.get(name);
  if (index === undefined) throw new Error(`the table has no column '${name}'`);
  return index;
};

const integerAt = (cells: ReadonlyArray<Cell>, index: number): number => {
  const cell = cells[index];
  return typeof cell === 'number' ? cell : 0;
};

/** Beyond the safe integers a sum would be wrong in silence, and differ by the order of its parts. */
const addTo = (cells: Cell[], index: number, amount: number): void => {
  const sum = integerAt(cells, index) + amount;
  cells[index] = Math.max(-Number.MAX_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, sum));
};

const isAbove = (value: number | string, cell: Cell): boolean => {
  if (cell === null) return true;
  if (typeof value === 'number') return typeof cell !== 'number' || value > cell;
  // Without their Z, instants with and without a fraction sort by time: the shorter text is the earlier moment.
  return typeof cell !== 'string' || withoutZone(value) > withoutZone(cell);
};

const withoutZone = (instant: string): string => (instant.endsWith('Z') ? instant.slice(0, -1) : instant);

const count = (rows: WorkingRows, contribution: Contribution, sign: 1 | -1): void => {
  const row = rows.at(contribution.key);
  for (const name in contribution.add) {
    addTo(row.cells, columnIndex(rows.table.shape, name), sign * (contribution.add[name] ?? 0));
  }
  row.isChanged = true;
};

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

const writeRows = (rows: WorkingRows): void => {
  for (const { cells } of rows.changed()) rows.table.write(cells);
};

/** A row to which nothing contributes any longer says nothing. */
const writeSums = (rows: WorkingRows): void => {
  const { keyLength } = rows.table.shape;
  for (const { before, cells } of rows.changed()) {
    if (cells.slice(keyLength).some((cell) => cell !== 0)) rows.table.write(cells);
    else if (before !== undefined) rows.table.remove(cells.slice(0, keyLength));
  }
};
