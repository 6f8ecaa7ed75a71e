/** A projection's table as columns in a fixed order, and the statements that create it. */
import type { Row, Table } from '../../projection';
import type { ViewColumn } from '../../view-reader';
import { initialCell, sqlTypeOf, type Cell } from './row-codec';

export type { Cell } from './row-codec';

/** A table's columns in a fixed order, the key first. */
export interface TableShape {
  readonly columns: ReadonlyArray<ViewColumn>;
  /** How many columns the key has. */
  readonly keyLength: number;
  readonly indexOf: ReadonlyMap<string, number>;
  /** The initial cells of a new row, without its key. */
  readonly initial: ReadonlyArray<Cell>;
  readonly indexes: ReadonlyArray<ReadonlyArray<string>>;
}

/** The shape of a declared table. */
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

/** The table name of a generation of a projection's view. */
export const viewTable = (projection: string, generation: number): string => `${projection}#${generation}`;

/** The table name of a generation of a projection's detail table. */
export const detailTable = (projection: string, generation: number): string => `${projection}#${generation}#memory`;

/** The table name of a generation of one of a projection's references. */
export const referenceTable = (projection: string, generation: number, reference: string): string =>
  `${projection}#${generation}#reference ${reference}`;

/** The table name of the tombstones of a table whose removals are remembered. */
export const tombstoneTable = (table: string): string => `${table}#removed`;

/** Tombstones: the key of each removed row, and the version of its removal. */
export const tombstoneShape = ({ key }: Table): TableShape =>
  shapeOf({ key, columns: { version: { type: 'integer', nullable: false, meaning: 'The version of the removal.' } } });

/** Quotes a name for SQL. */
export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** Quotes names for SQL, separated by commas. */
export const quotedList = (names: ReadonlyArray<string>): string => names.map(quoted).join(', ');

/** The names of the key columns. */
export const keyNames = ({ columns, keyLength }: TableShape): ReadonlyArray<string> =>
  columns.slice(0, keyLength).map(({ name }) => name);

/** A row's key in column order; it holds texts and integers only. */
export const keyCells = (shape: TableShape, key: Row): ReadonlyArray<Cell> =>
  keyNames(shape).map((name) => key[name] as Cell);

/** The statement that creates a table. */
export const createTableSql = (name: string, shape: TableShape): string => {
  const columns = shape.columns.map(
    (column) => `${quoted(column.name)} ${sqlTypeOf(column.type)}${column.nullable ? '' : ' NOT NULL'}`,
  );
  return `CREATE TABLE ${quoted(name)} (
    ${columns.join(',\n    ')},
    PRIMARY KEY (${quotedList(keyNames(shape))})
  ) STRICT, WITHOUT ROWID`;
};

/** The statements that create indexes on a table: after a rebuild that costs a fraction of maintaining them during it. */
export const createIndexesSql = (name: string, indexes: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<string> =>
  indexes.map(
    (columns) =>
      `CREATE INDEX IF NOT EXISTS ${quoted(`${name} by ${columns.join(', ')}`)} ON ${quoted(name)} (${quotedList(columns)})`,
  );
