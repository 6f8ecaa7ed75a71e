/** The served rows of one projection, read in one snapshot while the writer thread goes on. */
import type { Checkpoint } from '../../../infra/consumption/checkpoints/checkpoints';
import { checkpointsOf, discardsOf } from '../../../infra/sqlite/consumer-file/consumer-file';
import { openForReading, refuseNewerSchema, schemaVersion, type Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { servedReader, viewsMigrations } from '../generations/generations';
import { type GenerationScan, scanGeneration } from '../tables/tables';

/** There are no served rows of this version of the projection. */
export class ServedRowsMissing extends Error {
  override readonly name = 'ServedRowsMissing';
}

export interface ServedRows {
  readonly checkpoints: () => ReadonlyArray<Checkpoint>;
  readonly isDiscarded: (group: string, eventId: string) => boolean;
  /** Everything that `work` reads comes from one snapshot, however long it takes. */
  readonly inSnapshot: <Result>(work: (rows: GenerationScan) => Promise<Result>) => Promise<Result>;
  readonly close: () => void;
}

/** Throws {@link ServedRowsMissing}, or SchemaTooNew. */
export const openServedRows = (viewsFile: string, projection: Projection): ServedRows => {
  const database = openForReading(viewsFile);
  try {
    refuseNewerSchema(database, viewsMigrations);
    const generation = comparableGeneration(database, projection);
    const checkpoints = checkpointsOf(database);
    return {
      checkpoints: () => checkpoints.read(projection.name),
      isDiscarded: discardsOf(database),
      inSnapshot: async (work) => {
        database.exec('BEGIN');
        const result = await work(scanGeneration(database, projection, generation));
        database.exec('COMMIT');
        return result;
      },
      close: () => void database.close(),
    };
  } catch (error) {
    database.close();
    throw error;
  }
};

const comparableGeneration = (database: Database, { name, version }: Projection): number => {
  const served = schemaVersion(database) < viewsMigrations.length ? undefined : servedReader(database)(name);
  if (served === undefined) throw new ServedRowsMissing(`${name} has no rows yet: start the projections role`);
  if (served.version === version) return served.generation;
  throw new ServedRowsMissing(
    `the served rows of ${name} were made by version ${served.version}, this program has version ${version}: let it rebuild them first`,
  );
};
