/** The rows of one table that a batch changes: each is read once and written once. */
import type { Row, RowChange } from '../../projection';
import type { Cell } from './layout';
import { applyUpsert, columnIndex } from './row-changes';
import { cellFrom } from './row-codec';
import type { StoredTable } from './sqlite-tables';

export interface WorkingRow {
  /** The stored row; undefined where there is none. */
  readonly before: ReadonlyArray<Cell> | undefined;
  /** Where the row does not exist: what it begins with. */
  readonly cells: Cell[];
  exists: boolean;
  isChanged: boolean;
}

export interface WorkingRows {
  readonly table: StoredTable;
  /** The row under a key, read from the table at first use. */
  readonly at: (key: Row) => WorkingRow;
  readonly atCells: (key: ReadonlyArray<Cell>) => WorkingRow;
  readonly changed: () => ReadonlyArray<WorkingRow>;
}

/** Begins a batch on a table. */
export const workingRows = (table: StoredTable): WorkingRows => {
  const { shape, find, tombstones } = table;
  const rows = new Map<string, WorkingRow>();
  const keys = shape.columns.slice(0, shape.keyLength);
  const atCells = (key: ReadonlyArray<Cell>): WorkingRow => {
    const id = key.length === 1 ? String(key[0]) : JSON.stringify(key);
    const known = rows.get(id);
    if (known !== undefined) return known;
    const before = find(key);
    const cells = before?.slice() ?? [...key, ...shape.initial];
    const removedAt = before === undefined ? tombstones?.find(key)?.[shape.keyLength] : undefined;
    if (removedAt !== undefined) cells[columnIndex(shape, 'version')] = removedAt;
    const row = { before, cells, exists: before !== undefined, isChanged: false };
    rows.set(id, row);
    return row;
  };
  return {
    table,
    at: (key) => atCells(keys.map((column) => cellFrom(column, key[column.name]))),
    atCells,
    changed: () => [...rows.values()].filter(({ isChanged }) => isChanged),
  };
};

/** Applies a change to the row of its key; returns whether anything had to change. Throws where the row cannot hold the result. */
export const changeRow = (rows: WorkingRows, change: RowChange): boolean => {
  const { shape, tombstones } = rows.table;
  if (tombstones !== undefined && change.version === undefined)
    throw new Error('a change of a table whose removals are remembered needs a version');
  const row = rows.at(change.key);
  if (change.remove === undefined) {
    if (!applyUpsert(shape, row.cells, change)) return false;
    row.exists = true;
  } else {
    if (change.version !== undefined && tombstones === undefined)
      throw new Error('a removal with a version needs a table whose removals are remembered');
    if (tombstones === undefined && !row.exists) return false;
    if (!isRemoved(rows, row, change.version)) return false;
  }
  row.isChanged = true;
  return true;
};

/** The row begins afresh when it is changed again, with the version of its removal where that is remembered. */
const isRemoved = ({ table: { shape } }: WorkingRows, row: WorkingRow, version: number | undefined): boolean => {
  if (version !== undefined && !applyUpsert(shape, row.cells, { key: {}, version })) return false;
  const removedAt = version === undefined ? undefined : columnIndex(shape, 'version');
  for (const [index, initial] of shape.initial.entries()) {
    if (shape.keyLength + index !== removedAt) row.cells[shape.keyLength + index] = initial;
  }
  row.exists = false;
  return true;
};

/** Writes what has changed. */
export const writeRows = (rows: WorkingRows): void => {
  const { shape, write, remove, tombstones } = rows.table;
  for (const { before, cells, exists } of rows.changed()) {
    const key = cells.slice(0, shape.keyLength);
    if (exists) write(cells);
    else if (before !== undefined) remove(key);
    if (tombstones === undefined) continue;
    if (exists) tombstones.remove(key);
    else tombstones.write([...key, cells[columnIndex(shape, 'version')] ?? null]);
  }
};
