/** One generation of a projection's tables: prepared statements over rows as arrays, in column order. */
import type { Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import {
  createIndexesSql,
  createTableSql,
  keyNames,
  detailTable,
  quoted,
  quotedList,
  shapeOf,
  viewTable,
  type Cell,
  type TableShape,
} from './layout';

/** A table's rows by key. Call everything inside a transaction. */
export interface StoredTable {
  readonly shape: TableShape;
  readonly find: (key: ReadonlyArray<Cell>) => ReadonlyArray<Cell> | undefined;
  /** Inserts or replaces. */
  readonly write: (row: ReadonlyArray<Cell>) => void;
  readonly remove: (key: ReadonlyArray<Cell>) => void;
}

/** The tables of a generation. */
export interface Generation {
  readonly number: number;
  readonly projection: Projection;
  readonly view: StoredTable;
  readonly memory: StoredTable | undefined;
}

/** A table's name and shape. */
export interface NamedTable {
  readonly name: string;
  readonly shape: TableShape;
}

/** The tables of a generation, the view first. */
export const tablesOf = (projection: Projection, generation: number): ReadonlyArray<NamedTable> => {
  const view = { name: viewTable(projection.name, generation), shape: shapeOf(projection.view) };
  if (projection.rollup === undefined) return [view];
  return [view, { name: detailTable(projection.name, generation), shape: shapeOf(projection.rollup.memory) }];
};

/** Creates empty tables without their indexes; drops existing ones. */
export const createTables = (database: Database, projection: Projection, generation: number): void => {
  dropTables(database, projection.name, generation);
  for (const { name, shape } of tablesOf(projection, generation)) database.exec(createTableSql(name, shape));
};

/** Creates the indexes, before the generation is served. */
export const createIndexes = (database: Database, projection: Projection, generation: number): void => {
  for (const { name, shape } of tablesOf(projection, generation)) {
    for (const sql of createIndexesSql(name, shape)) database.exec(sql);
  }
};

/** Drops the tables of a generation, whichever version of the projection made them. */
export const dropTables = (database: Database, projection: string, generation: number): void => {
  for (const name of [viewTable(projection, generation), detailTable(projection, generation)]) {
    database.exec(`DROP TABLE IF EXISTS ${quoted(name)}`);
  }
};

/** Prepares the statements on an existing generation. */
export const openGeneration = (database: Database, projection: Projection, number: number): Generation => {
  const [view, memory] = tablesOf(projection, number);
  if (view === undefined) throw new Error('a generation has a view');
  return {
    number,
    projection,
    view: storedTable(database, view),
    memory: memory === undefined ? undefined : storedTable(database, memory),
  };
};

const storedTable = (database: Database, { name, shape }: NamedTable): StoredTable => {
  const table = quoted(name);
  const keys = keyNames(shape);
  const rest = shape.columns.slice(shape.keyLength).map((column) => quoted(column.name));
  const isRow = keys.map((key) => `${quoted(key)} = ?`).join(' AND ');
  const places = shape.columns.map(() => '?').join(', ');
  const update =
    rest.length === 0 ? 'NOTHING' : `UPDATE SET ${rest.map((column) => `${column} = excluded.${column}`).join(', ')}`;
  const find = database.prepare<Cell[], Cell[]>(`SELECT * FROM ${table} WHERE ${isRow}`).raw();
  const write = database.prepare<[ReadonlyArray<Cell>]>(
    `INSERT INTO ${table} VALUES (${places}) ON CONFLICT (${quotedList(keys)}) DO ${update}`,
  );
  const remove = database.prepare<[ReadonlyArray<Cell>]>(`DELETE FROM ${table} WHERE ${isRow}`);
  return {
    shape,
    find: (key) => find.get(...key),
    write: (row) => void write.run(row),
    remove: (key) => void remove.run(key),
  };
};
