/** The served generation of every projection, the previous one, and point-in-time copies. */
import type { Clock } from '../../../infra/clock';
import type { Checkpoints } from '../../../infra/consumption/checkpoints/checkpoints';
import type { Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { candidateGenerations, type CandidateGenerations, type GenerationsContext } from './candidate-generations';
import { copyRows } from './point-in-time-copies';
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
import { defaultRebuildSpec, type RebuildRows } from './rebuild-ledger';
import { servedTable, type VersionedGeneration } from './served-generations';
import { previousConsumer } from './consumer-names';

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
    // Another index does not change the rows.
    createIndexes(database, projection, row.generation);
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
