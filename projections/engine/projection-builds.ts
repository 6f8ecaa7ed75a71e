/** The builds of every projection: which one is served, and the shadows that rebuilds make. */
import type { Checkpoints } from '../../infra/consumption/checkpoints';
import type { Database } from '../../infra/sqlite/database';
import type { Projection } from '../projection';
import { createIndexes, createTables, dropTables, openGeneration, tablesOf, type Generation } from './generation';
import { columnsOf } from './rebuild-proof';
import type { OpenRebuild, RebuildRows } from './rebuild-rows';
import { rebuildConsumer } from './views-operations';

/** The builds in service. Calls that write belong inside the caller's transaction. */
export interface ServedBuilds {
  /** Answers those that need a rebuild before their group may run. */
  readonly prepare: () => ReadonlyArray<string>;
  readonly live: (projection: string) => Generation;
  readonly servedGeneration: (projection: string) => number;
}

/** The builds that rebuilds make. Calls that write belong inside the caller's transaction. */
export interface ShadowBuilds {
  readonly beginShadow: (rebuild: OpenRebuild) => void;
  readonly shadow: (id: number) => Generation;
  /** The shadow takes the place of the build in service. */
  readonly swap: (id: number) => void;
  readonly dropShadow: (id: number) => void;
}

interface Parts {
  readonly database: Database;
  readonly rebuilds: RebuildRows;
  readonly checkpoints: Checkpoints;
  readonly served: ServedTable;
  readonly declared: (name: string) => Projection;
  readonly live: Map<string, Generation>;
}

/** Looks after the builds in the views' file. */
export const projectionBuilds = (
  database: Database,
  projections: ReadonlyArray<Projection>,
  rebuilds: RebuildRows,
  checkpoints: Checkpoints,
): ServedBuilds & ShadowBuilds => {
  const declared = (name: string): Projection => {
    const projection = projections.find((each) => each.name === name);
    if (projection === undefined) throw new Error(`no projection is called '${name}'`);
    return projection;
  };
  const parts = { database, rebuilds, checkpoints, served: servedTable(database), declared, live: new Map() };
  return { ...servedBuilds(parts, projections), ...shadowBuilds(parts) };
};

// -------------------------------------------------------------------------------------
// In service
// -------------------------------------------------------------------------------------

interface Served {
  readonly version: number;
  readonly generation: number;
}

interface ServedTable {
  readonly find: (projection: string) => Served | undefined;
  /** Throws where the projection was never prepared. */
  readonly get: (projection: string) => Served;
  readonly put: (projection: string, served: Served) => void;
}

const servedTable = (database: Database): ServedTable => {
  const read = database.prepare<[string], Served>('SELECT version, generation FROM projections WHERE name = ?');
  const write = database.prepare<[string, number, number]>(
    `INSERT INTO projections VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET version = excluded.version, generation = excluded.generation`,
  );
  return {
    find: (name) => read.get(name),
    get: (name) => {
      const row = read.get(name);
      if (row === undefined) throw new Error(`the projection '${name}' was never prepared`);
      return row;
    },
    put: (name, { version, generation }) => void write.run(name, version, generation),
  };
};

const servedBuilds = (parts: Parts, projections: ReadonlyArray<Projection>): ServedBuilds => {
  const { database, served, declared, live } = parts;
  return {
    prepare: () => projections.filter((projection) => prepareOne(parts, projection)).map(({ name }) => name),
    live: (name) => {
      const open = live.get(name) ?? openGeneration(database, declared(name), served.get(name).generation);
      live.set(name, open);
      return open;
    },
    servedGeneration: (name) => served.get(name).generation,
  };
};

/** Whether the projection has to be rebuilt before its group may run. */
const prepareOne = ({ database, served, checkpoints, rebuilds }: Parts, projection: Projection): boolean => {
  const { name, version } = projection;
  const row = served.find(name);
  if (row === undefined) {
    // Whatever an earlier life of the name has left says nothing about these tables.
    checkpoints.remove(name);
    createTables(database, projection, 1);
    createIndexes(database, projection, 1);
    served.put(name, { version, generation: 1 });
    return false;
  }
  if (row.version === version) {
    refuseOtherColumns(database, projection, row.generation);
    return false;
  }
  if (!rebuilds.open().some((each) => each.projection === name)) {
    rebuilds.addAutomatic(name, 'store', `${name} changed from version ${row.version} to ${version}`);
  }
  return true;
};

/** Columns that changed without a new version would fail at the first write, or worse, fit by chance. */
const refuseOtherColumns = (database: Database, projection: Projection, generation: number): void => {
  for (const { name, shape } of tablesOf(projection, generation)) {
    const found = columnsOf(database, name).map((column) => `${column.name} ${column.type} ${column.notnull}`);
    const expected = shape.columns.map(
      (column) => `${column.name} ${column.type === 'integer' ? 'INTEGER' : 'TEXT'} ${column.nullable ? 0 : 1}`,
    );
    if (found.join() === expected.join()) continue;
    throw new Error(
      `${projection.name} was changed but is still version ${projection.version}: its stored rows have other columns. ` +
        'Give it a new version, and its rows are made again',
    );
  }
};

// -------------------------------------------------------------------------------------
// Shadows
// -------------------------------------------------------------------------------------

const shadowBuilds = ({ database, rebuilds, checkpoints, served, declared, live }: Parts): ShadowBuilds => {
  const shadows = new Map<number, Generation>();
  const running = (id: number): { readonly projection: Projection; readonly generation: number } => {
    const rebuild = rebuilds.find(id);
    if (rebuild === undefined || rebuild.generation === null) throw new Error(`the rebuild ${id} has not begun`);
    return { projection: declared(rebuild.projection), generation: rebuild.generation };
  };
  return {
    beginShadow: (rebuild) => {
      const projection = declared(rebuild.projection);
      const generation = served.get(projection.name).generation + 1;
      // A shadow from before the last end of the process is gone on with, unless another version has begun it.
      if (rebuild.generation !== generation || rebuild.version !== projection.version) {
        createTables(database, projection, generation);
        checkpoints.remove(rebuildConsumer(rebuild.id));
      }
      rebuilds.begin(rebuild, projection.version, generation);
    },
    shadow: (id) => {
      const known = shadows.get(id);
      if (known !== undefined) return known;
      const { projection, generation } = running(id);
      const open = openGeneration(database, projection, generation);
      shadows.set(id, open);
      return open;
    },
    swap: (id) => {
      const { projection, generation } = running(id);
      const before = served.get(projection.name).generation;
      createIndexes(database, projection, generation);
      served.put(projection.name, { version: projection.version, generation });
      dropTables(database, projection.name, before);
      live.delete(projection.name);
      shadows.delete(id);
    },
    dropShadow: (id) => {
      const rebuild = rebuilds.find(id);
      // Never what is served: a rebuild that is over has left its tables to the group.
      if (rebuild !== undefined && rebuild.generation !== served.find(rebuild.projection)?.generation) {
        dropTables(database, rebuild.projection, rebuild.generation ?? 0);
      }
      checkpoints.remove(rebuildConsumer(id));
      shadows.delete(id);
    },
  };
};
