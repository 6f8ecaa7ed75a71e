/**
 * Between the cells of a table and the values of a row: the one place that knows how each type of column is stored. JSON is
 * text, a truth value is 0 or 1, all else is held as it is.
 */
import { ProjectionRejected, type ColumnType, type Row } from '../../projection';

/** What SQLite holds in a column. */
export type Cell = string | number | null;

/** What the codec has to know of a column. */
export interface CodecColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** The value of a cell, as clients and projections see it. */
export const valueOf = ({ type }: Pick<CodecColumn, 'type'>, cell: Cell | undefined): unknown => {
  if (cell === undefined || cell === null) return null;
  if (type === 'boolean') return cell === 1;
  return type === 'json' && typeof cell === 'string' ? parsed(cell) : cell;
};

/** What is no JSON was written as a text, by an older version of the projection: it is shown as it stands. */
const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** The cell of a value that a projection sets. Throws {@link ProjectionRejected} where a number can't be held exactly. */
export const cellFrom = ({ name, type }: CodecColumn, value: unknown): Cell => {
  if (type === 'json') return JSON.stringify(value ?? null);
  if (value === undefined || value === null) return null;
  if (type === 'boolean') return value === true ? 1 : 0;
  if (type === 'integer' && !Number.isSafeInteger(value)) {
    throw new ProjectionRejected(
      `${name} would be ${typeof value === 'number' ? value : JSON.stringify(value)}, which is no safe integer`,
    );
  }
  // The types of a projection let nothing else through; what a cast lets through is refused by the table.
  return value as Cell;
};

/** A row by the names of its columns; a cell that is missing is null. */
export const rowFrom = (columns: ReadonlyArray<CodecColumn>, cells: ReadonlyArray<Cell>): Row => {
  const row: Record<string, unknown> = {};
  columns.forEach((column, index) => {
    row[column.name] = valueOf(column, cells[index]);
  });
  return row;
};

/** The values of a row in the order of its columns. */
export const valuesFrom = (
  columns: ReadonlyArray<Pick<CodecColumn, 'type'>>,
  cells: ReadonlyArray<Cell>,
): ReadonlyArray<unknown> => columns.map((column, index) => valueOf(column, cells[index]));

/** How SQLite is told to hold a column. */
export const sqlTypeOf = (type: ColumnType): 'INTEGER' | 'TEXT' =>
  type === 'integer' || type === 'boolean' ? 'INTEGER' : 'TEXT';

/** What a new row holds before anything is set. */
export const initialCell = ({ type, nullable }: { readonly type: ColumnType; readonly nullable: boolean }): Cell => {
  if (nullable) return null;
  return sqlTypeOf(type) === 'INTEGER' ? 0 : '';
};
