/** The generations of every projection: the served one, the previous one, point-in-time copies, and the candidates of rebuilds. */
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
import { servedTable, type ServedTable, type VersionedGeneration } from './served-generations';
import { isNoted } from './taken-in';
import { previousConsumer, rebuildConsumer } from './consumer-names';

/** The served generations, the previous ones, and copies. Call everything that writes inside a transaction. */
export interface ServedGenerations {
  /** Creates missing tables; returns the projections that need a rebuild before their group may run. */
  readonly prepare: () => ReadonlyArray<string>;
  readonly live: (projection: string) => Generation;
  readonly servedGeneration: (projection: string) => number;
  /** The previous generation, until it is dropped. */
  readonly previous: (projection: string) => VersionedGeneration | undefined;
  readonly dropPrevious: (projection: string) => void;
  readonly dropCopy: (projection: string, copy: string) => void;
}

/** The generations that rebuilds fill. Call everything that writes inside a transaction. */
export interface CandidateGenerations {
  readonly beginCandidate: (rebuild: OpenRebuild) => void;
  readonly candidate: (id: number) => Generation;
  /** The candidate becomes the served generation, and the served one the previous. */
  readonly swap: (id: number) => void;
  /** The candidate becomes a point-in-time copy. */
  readonly keepCopy: (id: number) => void;
  readonly dropCandidate: (id: number) => void;
}

interface GenerationsContext {
  readonly database: Database;
  readonly rebuilds: RebuildRows;
  readonly checkpoints: Checkpoints;
  readonly served: ServedTable;
  readonly copies: CopyRows;
  readonly declared: (name: string) => Projection;
  readonly live: Map<string, Generation>;
}

/** Manages the generations in the views' file. */
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
  const context = {
    database,
    rebuilds,
    checkpoints,
    served: servedTable(database),
    copies: copyRows(database, clock),
    declared,
    live: new Map(),
  };
  return { ...servedGenerations(context, projections), ...candidateGenerations(context) };
};

// -------------------------------------------------------------------------------------
// Served
// -------------------------------------------------------------------------------------

const servedGenerations = (context: GenerationsContext, projections: ReadonlyArray<Projection>): ServedGenerations => {
  const { database, served, declared, live, copies } = context;
  return {
    prepare: () => projections.filter((projection) => prepareOne(context, projection)).map(({ name }) => name),
    live: (name) => {
      const open = live.get(name) ?? openGeneration(database, declared(name), served.get(name).generation);
      live.set(name, open);
      return open;
    },
    servedGeneration: (name) => served.get(name).generation,
    previous: (name) => served.find(name)?.previous,
    dropPrevious: (name) => dropPrevious(context, name),
    dropCopy: (projection, copy) => {
      const generation = copies.remove(projection, copy);
      if (generation !== undefined) dropTables(database, projection, generation);
    },
  };
};

const dropPrevious = ({ database, served, checkpoints }: GenerationsContext, name: string): void => {
  const row = served.find(name);
  if (row?.previous === undefined) return;
  dropTables(database, name, row.previous.generation);
  checkpoints.remove(previousConsumer(name));
  served.put(name, { version: row.version, generation: row.generation });
};

/** Whether the projection has to be rebuilt before its group may run. */
const prepareOne = (
  { database, served, checkpoints, rebuilds }: GenerationsContext,
  projection: Projection,
): boolean => {
  const { name, version } = projection;
  const row = served.find(name);
  if (row === undefined) {
    // Checkpoints left by an earlier projection of this name do not apply to the new tables.
    checkpoints.remove(name);
    createTables(database, projection, 1);
    createIndexes(database, projection, 1);
    served.put(name, { version, generation: 1 });
    return false;
  }
  if (row.version === version) {
    const fault = columnMismatch(database, projection, row.generation);
    if (fault !== undefined) throw new Error(fault);
    return false;
  }
  if (rebuilds.open().some((each) => each.projection === name && each.kind !== 'copy')) return true;
  const { previous } = row;
  const spec = { ...defaultRebuildSpec(name, 'store'), acceptDifferences: true };
  if (previous?.version === version && columnMismatch(database, projection, previous.generation) === undefined) {
    const reason = `${name} went back from version ${row.version} to ${version}: its previous generation is brought up to date`;
    rebuilds.addAutomatic({ ...spec, kind: 'rollback' }, reason);
  } else rebuilds.addAutomatic(spec, `${name} changed from version ${row.version} to ${version}`);
  return true;
};

/**
 * A message where the stored columns differ from the declared ones. Columns changed without a new version would fail at the
 * first write, or worse, fit by chance.
 */
const columnMismatch = (database: Database, projection: Projection, generation: number): string | undefined => {
  for (const { name, shape } of tablesOf(projection, generation)) {
    const found = columnsOf(database, name).map((column) => `${column.name} ${column.type} ${column.notnull}`);
    const expected = shape.columns.map(
      (column) => `${column.name} ${sqlTypeOf(column.type)} ${column.nullable ? 0 : 1}`,
    );
    if (found.join() === expected.join()) continue;
    return (
      `${projection.name} was changed but is still version ${projection.version}: its stored rows have other columns. ` +
      'Give it a new version, and its rows are rebuilt'
    );
  }
  return undefined;
};

// -------------------------------------------------------------------------------------
// Candidates
// -------------------------------------------------------------------------------------

const candidateGenerations = (context: GenerationsContext): CandidateGenerations => {
  const { database, rebuilds, checkpoints, declared, copies } = context;
  const candidates = new Map<number, Generation>();
  const running = (id: number) => {
    const rebuild = rebuilds.find(id);
    if (rebuild === undefined || rebuild.generation === null) throw new Error(`the rebuild ${id} has not begun`);
    return { rebuild, projection: declared(rebuild.projection), generation: rebuild.generation };
  };
  return {
    beginCandidate: (rebuild) => beginCandidate(context, rebuild),
    candidate: (id) => {
      const known = candidates.get(id);
      if (known !== undefined) return known;
      const { projection, generation } = running(id);
      const open = openGeneration(database, projection, generation);
      candidates.set(id, open);
      return open;
    },
    swap: (id) => {
      const { projection, generation } = running(id);
      candidates.delete(id);
      swap(context, projection, generation);
    },
    keepCopy: (id) => {
      const { rebuild, projection, generation } = running(id);
      candidates.delete(id);
      createIndexes(database, projection, generation);
      const replaced = copies.remove(projection.name, rebuild.copy ?? '');
      if (replaced !== undefined) dropTables(database, projection.name, replaced);
      copies.add(rebuild, projection.version, generation);
      checkpoints.remove(rebuildConsumer(id));
    },
    dropCandidate: (id) => {
      candidates.delete(id);
      const rebuild = rebuilds.find(id);
      if (rebuild !== undefined) dropCandidate(context, rebuild);
      checkpoints.remove(rebuildConsumer(id));
    },
  };
};

const beginCandidate = (
  { database, rebuilds, checkpoints, served, declared }: GenerationsContext,
  rebuild: OpenRebuild,
): void => {
  const projection = declared(rebuild.projection);
  const { name, version } = projection;
  const row = served.get(name);
  // A candidate from an earlier run of the process is resumed, unless another version of the projection began it, or an
  // older program that did not record which events it applied.
  const isKnown = rebuild.kind === 'rollback' || isNoted(database, rebuildConsumer(rebuild.id));
  if (rebuild.generation !== null && rebuild.version === version && isKnown) {
    rebuilds.begin(rebuild, version, rebuild.generation);
    return;
  }
  if (rebuild.kind === 'rollback') {
    if (row.previous === undefined) throw new Error(`${name} has no previous generation`);
    for (const checkpoint of checkpoints.read(previousConsumer(name)))
      checkpoints.begin(rebuildConsumer(rebuild.id), checkpoint);
    rebuilds.begin(rebuild, version, row.previous.generation);
    return;
  }
  const used = Math.max(row.generation, row.previous?.generation ?? 0, rebuilds.lastGeneration(name));
  const generation = rebuild.generation ?? used + 1;
  createTables(database, projection, generation);
  checkpoints.remove(rebuildConsumer(rebuild.id));
  rebuilds.begin(rebuild, version, generation);
};

const swap = (
  { database, checkpoints, served, live }: GenerationsContext,
  projection: Projection,
  generation: number,
): void => {
  const { name, version } = projection;
  const before = served.get(name);
  createIndexes(database, projection, generation);
  if (before.previous !== undefined && before.previous.generation !== generation)
    dropTables(database, name, before.previous.generation);
  served.put(name, { version, generation, previous: { version: before.version, generation: before.generation } });
  // The checkpoints of the previous generation, for a rollback.
  checkpoints.remove(previousConsumer(name));
  for (const checkpoint of checkpoints.read(name)) checkpoints.begin(previousConsumer(name), checkpoint);
  live.delete(name);
};

const dropCandidate = ({ database, checkpoints, served, copies }: GenerationsContext, rebuild: OpenRebuild): void => {
  const { projection, generation } = rebuild;
  const row = served.find(projection);
  if (generation === null) return;
  if (generation === row?.previous?.generation) {
    // The candidate of a rollback is the previous generation: it stays, with the progress that the rollback has made.
    const reached = checkpoints.read(rebuildConsumer(rebuild.id));
    if (rebuild.kind !== 'rollback' || reached.length === 0) return;
    checkpoints.remove(previousConsumer(projection));
    for (const checkpoint of reached) checkpoints.begin(previousConsumer(projection), checkpoint);
    return;
  }
  // Never the served generation or a copy: a finished rebuild no longer owns its tables.
  if (generation === row?.generation || copies.generations(projection).includes(generation)) return;
  dropTables(database, projection, generation);
};
