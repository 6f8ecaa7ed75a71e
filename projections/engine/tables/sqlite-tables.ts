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
  referenceTable,
  shapeOf,
  tombstoneShape,
  tombstoneTable,
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
  /** The rows whose named columns hold these cells, in bounded pages; a row that was read may be written meanwhile. */
  readonly rowsBy: (columns: ReadonlyArray<string>, cells: ReadonlyArray<Cell>) => Iterable<ReadonlyArray<Cell>>;
  /** Key and version of each removed row, where removals are remembered. */
  readonly tombstones?: StoredTable | undefined;
}

/** The tables of a generation. */
export interface Generation {
  readonly number: number;
  readonly projection: Projection;
  readonly view: StoredTable;
  readonly memory: StoredTable | undefined;
  /** By the name of the reference. */
  readonly references: ReadonlyMap<string, StoredTable>;
}

/** A table's name and shape. */
export interface NamedTable {
  /** What it is to the projection: `view`, `memory`, the name of a reference; with ` (removed)` for its tombstones. */
  readonly role: string;
  readonly name: string;
  readonly shape: TableShape;
  /** Columns that rows are looked up by while events are applied: indexed from the beginning, unlike those that clients ask for. */
  readonly lookups: ReadonlyArray<ReadonlyArray<string>>;
}

/** The tables of a generation, the view first. */
export const tablesOf = (projection: Projection, generation: number): ReadonlyArray<NamedTable> => {
  const { name, view, rollup, references = {} } = projection;
  const keys = Object.keys(view.key);
  const lookups = Object.values(references)
    .map(({ on }) => on)
    // The primary key finds them.
    .filter((on) => on.some((column, index) => keys[index] !== column));
  const memory = rollup === undefined ? [] : [[MEMORY, detailTable(name, generation), rollup.memory, []] as const];
  const others = Object.entries(references).map(
    ([reference, { table }]) => [reference, referenceTable(name, generation, reference), table, []] as const,
  );
  const all = [[VIEW, viewTable(name, generation), view, lookups] as const, ...memory, ...others];
  return all.flatMap(([role, table, declared, lookedUp]) => [
    { role, name: table, shape: shapeOf(declared), lookups: lookedUp },
    ...(declared.removals === undefined
      ? []
      : [
          {
            role: `${role}${REMOVED}`,
            name: tombstoneTable(table),
            shape: tombstoneShape(declared),
            lookups: [],
          },
        ]),
  ]);
};

const VIEW = 'view';
const MEMORY = 'memory';
const REMOVED = ' (removed)';

/** The role of the table whose rows these are, or were. */
export const ownerRole = (role: string): string => (role.endsWith(REMOVED) ? role.slice(0, -REMOVED.length) : role);

/** Creates empty tables, without the indexes that clients ask for; drops existing ones. */
export const createTables = (database: Database, projection: Projection, generation: number): void => {
  dropTables(database, projection.name, generation);
  for (const { name, shape, lookups } of tablesOf(projection, generation)) {
    database.exec(createTableSql(name, shape));
    for (const sql of createIndexesSql(name, lookups)) database.exec(sql);
  }
};

/** Creates the indexes that are missing, before the generation is served. */
export const createIndexes = (database: Database, projection: Projection, generation: number): void => {
  for (const { name, shape } of tablesOf(projection, generation)) {
    for (const sql of createIndexesSql(name, shape.indexes)) database.exec(sql);
  }
};

/** Drops the tables of a generation, whichever version of the projection made them. */
export const dropTables = (database: Database, projection: string, generation: number): void => {
  const view = viewTable(projection, generation);
  const names = database
    .prepare<[string, string], string>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND (name = ? OR name GLOB ?)",
    )
    .pluck()
    .all(view, `${view}#*`);
  for (const name of names) database.exec(`DROP TABLE ${quoted(name)}`);
};

/** Prepares the statements on an existing generation. */
export const openGeneration = (database: Database, projection: Projection, number: number): Generation => {
  const tables = tablesOf(projection, number);
  const find = (role: string): StoredTable | undefined => {
    const table = tables.find((each) => each.role === role);
    if (table === undefined) return undefined;
    return { ...storedTable(database, table), tombstones: find(`${role}${REMOVED}`) };
  };
  const view = find(VIEW);
  if (view === undefined) throw new Error('a generation has a view');
  const names = Object.keys(projection.references ?? {});
  return {
    number,
    projection,
    view,
    memory: find(MEMORY),
    references: new Map(
      names.flatMap((name) => {
        const table = find(name);
        return table === undefined ? [] : [[name, table] as const];
      }),
    ),
  };
};

const storedTable = (database: Database, { name, shape }: Pick<NamedTable, 'name' | 'shape'>): StoredTable => {
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
    rowsBy: rowFinder(database, name, shape),
  };
};

const ROWS_PER_PAGE = 1_000;

const rowFinder = (database: Database, name: string, shape: TableShape): StoredTable['rowsBy'] => {
  const keys = quotedList(keyNames(shape));
  const after = keyNames(shape)
    .map(() => '?')
    .join(', ');
  const prepare = (columns: ReadonlyArray<string>) => {
    const select = `SELECT * FROM ${quoted(name)} WHERE ${columns.map((column) => `${quoted(column)} = ?`).join(' AND ')}`;
    const order = `ORDER BY ${keys} LIMIT ${ROWS_PER_PAGE}`;
    return {
      first: database.prepare<Cell[], Cell[]>(`${select} ${order}`).raw(),
      next: database.prepare<Cell[], Cell[]>(`${select} AND (${keys}) > (${after}) ${order}`).raw(),
    };
  };
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  return function* (columns, cells) {
    const id = columns.join();
    const statements = prepared.get(id) ?? prepare(columns);
    prepared.set(id, statements);
    let page = statements.first.all(...cells);
    for (;;) {
      yield* page;
      const last = page.length < ROWS_PER_PAGE ? undefined : page.at(-1);
      if (last === undefined) return;
      page = statements.next.all(...cells, ...last.slice(0, shape.keyLength));
    }
  };
};
