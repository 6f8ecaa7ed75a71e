/** A temporary file with the rows of one projection, made to be compared with the served rows. */
import type { Clock } from '../../../infra/clock';
import type { Quarantine } from '../../../infra/consumption/intake/intake';
import type { ConsumerTables, Transaction } from '../../../infra/dead-letters/redrive/redrive';
import { consumerTables } from '../../../infra/sqlite/consumer-file/consumer-file';
import { openDatabase } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { viewsMigrations } from '../generations/generations';
import { createTables, type Generation, type GenerationScan, openGeneration, scanGeneration } from '../tables/tables';

export interface ScratchFile {
  readonly tables: ConsumerTables;
  readonly generation: Generation;
  readonly write: Transaction;
  readonly scan: () => GenerationScan;
  readonly close: () => void;
}

/**
 * Creates the file with empty tables.
 * @param isDiscarded whether an operator discarded a dead letter; read from the served file
 */
export const openScratch = (
  file: string,
  projection: Projection,
  clock: Clock,
  isDiscarded: Quarantine['isDiscarded'],
): ScratchFile => {
  const database = openDatabase({ file, synchronous: 'NORMAL', migrations: viewsMigrations });
  createTables(database, projection, 1);
  return {
    tables: consumerTables(database, clock, isDiscarded),
    generation: openGeneration(database, projection, 1),
    write: (work) => database.transaction(work).immediate(),
    scan: () => scanGeneration(database, projection, 1),
    close: () => void database.close(),
  };
};
