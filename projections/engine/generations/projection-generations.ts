/** The builds of every projection: the one that is served, the one before it, scratch copies, and the shadows of rebuilds. */
import type { Clock } from '../../../infra/clock';
import type { Checkpoints } from '../../../infra/consumption/checkpoints/checkpoints';
import type { Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { copyRows, type CopyRows } from './point-in-time-copies';
import {
  createIndexes,
  createTables,
  dropTables,
  openGeneration,
  tablesOf,
  type Generation,
  sqlTypeOf,
  columnsOf,
} from '../tables/tables';
import { defaultRebuildSpec, type OpenRebuild, type RebuildRows } from './rebuild-ledger';
import { servedTable, type Build, type ServedTable } from './served-generations';
import { isNoted } from './taken-in';
import { formerConsumer, rebuildConsumer } from './consumer-names';

/** The builds in service, and what they leave. Calls that write belong inside the caller's transaction. */
export interface ServedGenerations {
  /** Answers those that need a rebuild before their group may run. */
  readonly prepare: () => ReadonlyArray<string>;
  readonly live: (projection: string) => Generation;
  readonly servedGeneration: (projection: string) => number;
  /** The build that was served before the last swap, until it is dropped. */
  readonly former: (projection: string) => Build | undefined;
  readonly dropFormer: (projection: string) => void;
  readonly dropCopy: (projection: string, copy: string) => void;
}

/** The builds that rebuilds make. Calls that write belong inside the caller's transaction. */
export interface CandidateGenerations {
  readonly beginShadow: (rebuild: OpenRebuild) => void;
  readonly shadow: (id: number) => Generation;
  /** The shadow takes the place of the build in service, which is kept as the former one. */
  readonly swap: (id: number) => void;
  /** The shadow is a scratch copy from now on. */
  readonly keepCopy: (id: number) => void;
  readonly dropShadow: (id: number) => void;
}

interface Parts {
  readonly database: Database;
  readonly rebuilds: RebuildRows;
  readonly checkpoints: Checkpoints;
  readonly served: ServedTable;
  readonly copies: CopyRows;
  readonly declared: (name: string) => Projection;
  readonly live: Map<string, Generation>;
}

/** Looks after the builds in the views' file. */
export const projectionGenerations = (
  database: Database,
  projections: ReadonlyArray<Projection>,
  rebuilds: RebuildRows,
  checkpoints: Checkpoints,
  clock: Clock,
): ServedGenerations & CandidateGenerations => {
  const declared = (name: string): Projection => {
    const projection = projections.find((each) => each.name === name);
    if (projection === undefined) throw new Error(`no projection is called '${name}'`);
    return projection;
  };
  const parts = {
    database,
    rebuilds,
    checkpoints,
    served: servedTable(database),
    copies: copyRows(database, clock),
    declared,
    live: new Map(),
  };
  return { ...servedBuilds(parts, projections), ...shadowBuilds(parts) };
};

// -------------------------------------------------------------------------------------
// In service
// -------------------------------------------------------------------------------------

const servedBuilds = (parts: Parts, projections: ReadonlyArray<Projection>): ServedGenerations => {
  const { database, served, declared, live, copies } = parts;
  return {
    prepare: () => projections.filter((projection) => prepareOne(parts, projection)).map(({ name }) => name),
    live: (name) => {
      const open = live.get(name) ?? openGeneration(database, declared(name), served.get(name).generation);
      live.set(name, open);
      return open;
    },
    servedGeneration: (name) => served.get(name).generation,
    former: (name) => served.find(name)?.former,
    dropFormer: (name) => dropFormer(parts, name),
    dropCopy: (projection, copy) => {
      const generation = copies.remove(projection, copy);
      if (generation !== undefined) dropTables(database, projection, generation);
    },
  };
};

const dropFormer = ({ database, served, checkpoints }: Parts, name: string): void => {
  const row = served.find(name);
  if (row?.former === undefined) return;
  dropTables(database, name, row.former.generation);
  checkpoints.remove(formerConsumer(name));
  served.put(name, { version: row.version, generation: row.generation });
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
    const fault = otherColumns(database, projection, row.generation);
    if (fault !== undefined) throw new Error(fault);
    return false;
  }
  if (rebuilds.open().some((each) => each.projection === name && each.kind !== 'copy')) return true;
  const { former } = row;
  const order = { ...defaultRebuildSpec(name, 'store'), acceptDifferences: true };
  if (former?.version === version && otherColumns(database, projection, former.generation) === undefined) {
    const reason = `${name} went back from version ${row.version} to ${version}: its former rows are brought up to date`;
    rebuilds.addAutomatic({ ...order, kind: 'rollback' }, reason);
  } else rebuilds.addAutomatic(order, `${name} changed from version ${row.version} to ${version}`);
  return true;
};

/** Columns that changed without a new version would fail at the first write, or worse, fit by chance. */
const otherColumns = (database: Database, projection: Projection, generation: number): string | undefined => {
  for (const { name, shape } of tablesOf(projection, generation)) {
    const found = columnsOf(database, name).map((column) => `${column.name} ${column.type} ${column.notnull}`);
    const expected = shape.columns.map(
      (column) => `${column.name} ${sqlTypeOf(column.type)} ${column.nullable ? 0 : 1}`,
    );
    if (found.join() === expected.join()) continue;
    return (
      `${projection.name} was changed but is still version ${projection.version}: its stored rows have other columns. ` +
      'Give it a new version, and its rows are made again'
    );
  }
  return undefined;
};

// -------------------------------------------------------------------------------------
// Shadows
// -------------------------------------------------------------------------------------

const shadowBuilds = (parts: Parts): CandidateGenerations => {
  const { database, rebuilds, checkpoints, declared, copies } = parts;
  const shadows = new Map<number, Generation>();
  const running = (id: number) => {
    const rebuild = rebuilds.find(id);
    if (rebuild === undefined || rebuild.generation === null) throw new Error(`the rebuild ${id} has not begun`);
    return { rebuild, projection: declared(rebuild.projection), generation: rebuild.generation };
  };
  return {
    beginShadow: (rebuild) => beginShadow(parts, rebuild),
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
      shadows.delete(id);
      swap(parts, projection, generation);
    },
    keepCopy: (id) => {
      const { rebuild, projection, generation } = running(id);
      shadows.delete(id);
      createIndexes(database, projection, generation);
      const replaced = copies.remove(projection.name, rebuild.copy ?? '');
      if (replaced !== undefined) dropTables(database, projection.name, replaced);
      copies.add(rebuild, projection.version, generation);
      checkpoints.remove(rebuildConsumer(id));
    },
    dropShadow: (id) => {
      shadows.delete(id);
      const rebuild = rebuilds.find(id);
      if (rebuild !== undefined) dropShadow(parts, rebuild);
      checkpoints.remove(rebuildConsumer(id));
    },
  };
};

const beginShadow = ({ database, rebuilds, checkpoints, served, declared }: Parts, rebuild: OpenRebuild): void => {
  const projection = declared(rebuild.projection);
  const { name, version } = projection;
  const row = served.get(name);
  // A shadow from before the last end of the process is resumed, unless another version has begun it, or an older program
  // that did not note what it took in.
  const isKnown = rebuild.kind === 'rollback' || isNoted(database, rebuildConsumer(rebuild.id));
  if (rebuild.generation !== null && rebuild.version === version && isKnown) {
    rebuilds.begin(rebuild, version, rebuild.generation);
    return;
  }
  if (rebuild.kind === 'rollback') {
    if (row.former === undefined) throw new Error(`${name} has no former build`);
    for (const checkpoint of checkpoints.read(formerConsumer(name)))
      checkpoints.begin(rebuildConsumer(rebuild.id), checkpoint);
    rebuilds.begin(rebuild, version, row.former.generation);
    return;
  }
  const used = Math.max(row.generation, row.former?.generation ?? 0, rebuilds.lastGeneration(name));
  const generation = rebuild.generation ?? used + 1;
  createTables(database, projection, generation);
  checkpoints.remove(rebuildConsumer(rebuild.id));
  rebuilds.begin(rebuild, version, generation);
};

const swap = ({ database, checkpoints, served, live }: Parts, projection: Projection, generation: number): void => {
  const { name, version } = projection;
  const before = served.get(name);
  createIndexes(database, projection, generation);
  if (before.former !== undefined && before.former.generation !== generation)
    dropTables(database, name, before.former.generation);
  served.put(name, { version, generation, former: { version: before.version, generation: before.generation } });
  // What the former build holds, should anybody want it back.
  checkpoints.remove(formerConsumer(name));
  for (const checkpoint of checkpoints.read(name)) checkpoints.begin(formerConsumer(name), checkpoint);
  live.delete(name);
};

const dropShadow = ({ database, checkpoints, served, copies }: Parts, rebuild: OpenRebuild): void => {
  const { projection, generation } = rebuild;
  const row = served.find(projection);
  if (generation === null) return;
  if (generation === row?.former?.generation) {
    // The way back stays, as far as it has come meanwhile.
    const reached = checkpoints.read(rebuildConsumer(rebuild.id));
    if (rebuild.kind !== 'rollback' || reached.length === 0) return;
    checkpoints.remove(formerConsumer(projection));
    for (const checkpoint of reached) checkpoints.begin(formerConsumer(projection), checkpoint);
    return;
  }
  // Never what is served, or kept: a rebuild that is over has left its tables to others.
  if (generation === row?.generation || copies.generations(projection).includes(generation)) return;
  dropTables(database, projection, generation);
};
