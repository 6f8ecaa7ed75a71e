/**
 * Converts between the cells of a table and the values of a row: the only place that knows how each column type is stored.
 * JSON is stored as text, a boolean as 0 or 1, other values as they are.
 */
import { ProjectionRejected, type ColumnType, type Row } from '../../projection';

/** A value as SQLite stores it. */
export type Cell = string | number | null;

/** What the codec needs to know about a column. */
export interface CodecColumn {
  readonly name: string;
  readonly type: ColumnType;
}

/** The value of a cell, as clients and projections see it. */
export const valueOf = ({ type }: Pick<CodecColumn, 'type'>, cell: Cell | undefined): unknown => {
  if (cell === undefined || cell === null) return null;
  if (type === 'boolean') return cell === 1;
  return type === 'json' && typeof cell === 'string' ? parseJson(cell) : cell;
};

/** Text that is not JSON was written by an older version of the projection, where the column had another type; it is returned as it is. */
const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

/** The cell of a value that a projection sets. Throws {@link ProjectionRejected} for a number that is not a safe integer. */
export const cellFrom = ({ name, type }: CodecColumn, value: unknown): Cell => {
  if (type === 'json') return JSON.stringify(value ?? null);
  if (value === undefined || value === null) return null;
  if (type === 'boolean') return value === true ? 1 : 0;
  if (type === 'integer' && !Number.isSafeInteger(value)) {
    throw new ProjectionRejected(
      `${name} would be ${typeof value === 'number' ? value : JSON.stringify(value)}, which is not a safe integer`,
    );
  }
  // A projection's types allow nothing else; the STRICT table rejects what a cast lets through.
  return value as Cell;
};

/** A row by column name; a missing cell is null. */
export const rowFrom = (columns: ReadonlyArray<CodecColumn>, cells: ReadonlyArray<Cell>): Row => {
  const row: Record<string, unknown> = {};
  columns.forEach((column, index) => {
    row[column.name] = valueOf(column, cells[index]);
  });
  return row;
};

/** The values of a row in column order. */
export const valuesFrom = (
  columns: ReadonlyArray<Pick<CodecColumn, 'type'>>,
  cells: ReadonlyArray<Cell>,
): ReadonlyArray<unknown> => columns.map((column, index) => valueOf(column, cells[index]));

/** The SQLite type of a column. */
export const sqlTypeOf = (type: ColumnType): 'INTEGER' | 'TEXT' =>
  type === 'integer' || type === 'boolean' ? 'INTEGER' : 'TEXT';

/** The initial cell of a column in a new row. */
export const initialCell = ({ type, nullable }: { readonly type: ColumnType; readonly nullable: boolean }): Cell => {
  if (nullable) return null;
  return sqlTypeOf(type) === 'INTEGER' ? 0 : '';
};
