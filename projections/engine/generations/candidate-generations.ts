/** The generations that rebuilds fill: each becomes the served one or a point-in-time copy, or is dropped. */
import type { Checkpoints } from '../../../infra/consumption/checkpoints/checkpoints';
import type { Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { createIndexes, createTables, dropTables, openGeneration, type Generation } from '../tables/tables';
import { previousConsumer, rebuildConsumer } from './consumer-names';
import type { CopyRows } from './point-in-time-copies';
import type { OpenRebuild, RebuildRows } from './rebuild-ledger';
import type { ServedTable } from './served-generations';
import { isNoted } from './received-events';

/** Call everything that writes inside a transaction. */
export interface CandidateGenerations {
  readonly beginCandidate: (rebuild: OpenRebuild) => void;
  readonly candidate: (id: number) => Generation;
  /** The candidate becomes the served generation, and the served one the previous. */
  readonly swap: (id: number) => void;
  /** The candidate becomes a point-in-time copy. */
  readonly keepCopy: (id: number) => void;
  readonly dropCandidate: (id: number) => void;
}

/** What the generations of a file share. */
export interface GenerationsContext {
  readonly database: Database;
  readonly rebuilds: RebuildRows;
  readonly checkpoints: Checkpoints;
  readonly served: ServedTable;
  readonly copies: CopyRows;
  readonly declared: (name: string) => Projection;
  /** The open served generations by projection. */
  readonly live: Map<string, Generation>;
}

/** Manages the candidates. */
export const candidateGenerations = (context: GenerationsContext): CandidateGenerations => {
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
