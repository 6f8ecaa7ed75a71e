/** A projection's table as columns in a fixed order, and the statements that make it. */
import type { Row, Table } from '../../projection';
import type { ViewColumn } from '../../view-reader';
import { initialCell, sqlTypeOf, type Cell } from './row-codec';

export type { Cell } from './row-codec';

/** A table whose columns stand in one order, the key first. */
export interface TableShape {
  readonly columns: ReadonlyArray<ViewColumn>;
  /** How many of the columns make the key. */
  readonly keyLength: number;
  readonly indexOf: ReadonlyMap<string, number>;
  /** What a new row holds before anything is set, its key left out. */
  readonly initial: ReadonlyArray<Cell>;
  readonly indexes: ReadonlyArray<ReadonlyArray<string>>;
}

/** Brings a declaration into order. */
export const shapeOf = ({ key, columns, indexes }: Table): TableShape => {
  const all = [...Object.entries(key), ...Object.entries(columns)].map(([name, column]) => ({ name, ...column }));
  return {
    columns: all,
    keyLength: Object.keys(key).length,
    indexOf: new Map(all.map(({ name }, index) => [name, index])),
    initial: Object.values(columns).map(initialCell),
    indexes: indexes ?? [],
  };
};

/** The name of a build of a projection's view. */
export const viewTable = (projection: string, generation: number): string => `${projection}#${generation}`;

/** The name of a build of the rows that a projection keeps for itself. */
export const detailTable = (projection: string, generation: number): string => `${projection}#${generation}#memory`;

/** A name as SQL takes it. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Names with commas between, as SQL takes them. */
export const quotedList = (names: ReadonlyArray<string>): string => names.map(quoted).join(', ');

/** The names of the columns that make the key. */
export const keyNames = ({ columns, keyLength }: TableShape): ReadonlyArray<string> =>
  columns.slice(0, keyLength).map(({ name }) => name);

/** A row's key in the order of the columns. It holds texts and integers only. */
export const keyCells = (shape: TableShape, key: Row): ReadonlyArray<Cell> =>
  keyNames(shape).map((name) => key[name] as Cell);

/** The statement that makes a table. */
export const createTableSql = (name: string, shape: TableShape): string => {
  const columns = shape.columns.map(
    (column) => `${quoted(column.name)} ${sqlTypeOf(column.type)}${column.nullable ? '' : ' NOT NULL'}`,
  );
  return `CREATE TABLE ${quoted(name)} (
    ${columns.join(',\n    ')},
    PRIMARY KEY (${quotedList(keyNames(shape))})
  ) STRICT, WITHOUT ROWID`;
};

/** The statements that make a table's indexes: after a whole build they cost a fraction of what they cost during it. */
export const createIndexesSql = (name: string, { indexes }: TableShape): ReadonlyArray<string> =>
  indexes.map(
    (columns) =>
      `CREATE INDEX IF NOT EXISTS ${quoted(`${name} by ${columns.join(', ')}`)} ON ${quoted(name)} (${quotedList(columns)})`,
  );
