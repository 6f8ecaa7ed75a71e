/** What one change does to the cells of a row. */
import { ProjectionRejected, type RowChange } from '../../projection';
import { cellFrom, valueOf } from './row-codec';
import type { Cell, TableShape } from './layout';

/**
 * Changes the cells in place; returns whether anything had to change. Throws where the row cannot hold the result; the
 * cells must not be used then.
 */
export const applyUpsert = (
  shape: TableShape,
  cells: Cell[],
  { version, set, add, addEach, max }: RowChange,
): boolean => {
  if (version !== undefined) {
    const index = columnIndex(shape, 'version');
    if (version <= integerAt(cells, index)) return false;
    cells[index] = version;
  }
  if (set !== undefined) setCells(shape, cells, set);
  for (const name in add) addTo(shape, cells, name, add[name] ?? 0);
  for (const name in addEach) addToEach(shape, cells, name, addEach[name] ?? {});
  for (const name in max) {
    const index = columnIndex(shape, name);
    const value = max[name];
    if (value !== undefined && isAbove(value, cells[index] ?? null)) cells[index] = cellAt(shape, cells, index, value);
  }
  return true;
};

/** Sets the cells of the named columns. */
export const setCells = (shape: TableShape, cells: Cell[], values: RowChange['set'] & object): void => {
  for (const name in values) {
    const index = columnIndex(shape, name);
    cells[index] = cellAt(shape, cells, index, values[name]);
  }
};

/**
 * Adds to a sum. Beyond the safe integers it would be silently wrong and depend on the sequence of additions, so the event
 * that would exceed them is rejected.
 */
export const addTo = (shape: TableShape, cells: Cell[], name: string, amount: number): void => {
  const index = columnIndex(shape, name);
  const sum = integerAt(cells, index) + amount;
  if (!Number.isSafeInteger(sum)) rejectSum(shape, cells, name, sum);
  cells[index] = sum;
};

/** Members are sorted by name, so that the text does not depend on the sequence of events. */
const addToEach = (shape: TableShape, cells: Cell[], name: string, amounts: Readonly<Record<string, number>>): void => {
  const index = columnIndex(shape, name);
  const value = valueOf({ type: 'json' }, cells[index]);
  const sums = new Map<string, unknown>(typeof value === 'object' && value !== null ? Object.entries(value) : []);
  for (const [member, amount] of Object.entries(amounts)) {
    const before = sums.get(member);
    const sum = (typeof before === 'number' ? before : 0) + amount;
    if (!Number.isSafeInteger(sum)) rejectSum(shape, cells, `${name}.${member}`, sum);
    sums.set(member, sum);
  }
  const sorted = [...sums].sort(([left], [right]) => (left < right ? -1 : 1));
  cells[index] = JSON.stringify(Object.fromEntries(sorted));
};

const rejectSum: (shape: TableShape, cells: ReadonlyArray<Cell>, name: string, sum: number) => never = (
  { keyLength },
  cells,
  name,
  sum,
) => {
  const row = cells.slice(0, keyLength).join(':');
  throw new ProjectionRejected(
    `${name} of the row '${row}' would become ${sum}, beyond the safe integers (${Number.MAX_SAFE_INTEGER} at most)`,
  );
};

const cellAt = (
  { columns, keyLength }: TableShape,
  cells: ReadonlyArray<Cell>,
  index: number,
  value: unknown,
): Cell => {
  const column = columns[index];
  if (column === undefined) throw new Error(`the table has no column ${index}`);
  const isExact = typeof value !== 'number' || Number.isSafeInteger(value);
  // The row is named only in the message of an error.
  const name = isExact ? column.name : `${column.name} of the row '${cells.slice(0, keyLength).join(':')}'`;
  return cellFrom({ name, type: column.type }, value);
};

/** Where a column stands. Throws where the table does not have it. */
export const columnIndex = ({ indexOf }: TableShape, name: string): number => {
  const index = indexOf.get(name);
  if (index === undefined) throw new Error(`the table has no column '${name}'`);
  return index;
};

const integerAt = (cells: ReadonlyArray<Cell>, index: number): number => {
  const cell = cells[index];
  return typeof cell === 'number' ? cell : 0;
};

const isAbove = (value: number | string, cell: Cell): boolean => {
  if (cell === null) return true;
  // NaN compares as neither above nor below; it counts as above, so that the codec rejects it.
  if (typeof value === 'number') return typeof cell !== 'number' || !(value <= cell);
  // Without their Z, instants with and without a fraction sort by time: the shorter text is the earlier one.
  return typeof cell !== 'string' || withoutZone(value) > withoutZone(cell);
};

const withoutZone = (instant: string): string => (instant.endsWith('Z') ? instant.slice(0, -1) : instant);
