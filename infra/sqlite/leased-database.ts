/** A file with one writing process: opened, leased, and only then migrated, so that no running holder loses its schema. */
import { migrate, openForWriting, schemaVersion, type Database, type OpenOptions } from './database';
import { acquireLease, type Lease, type LeaseOptions } from './lease';

export interface LeasedDatabase {
  readonly database: Database;
  readonly lease: Lease;
}

/** Runs work in one immediate transaction that only the holder of the lease can commit. Throws LeaseLost, and rolls back. */
export type WriteUnderLease = <Result>(work: () => Result) => Result;

/** Prepares it. Inside a transaction it is a savepoint. */
export const writeUnderLease = ({ database, lease }: LeasedDatabase): WriteUnderLease => {
  const write = database.transaction((work: () => unknown): unknown => {
    lease.assertHeld();
    return work();
  });
  // The transaction answers what the work has answered.
  return <Result>(work: () => Result): Result => write.immediate(work) as Result;
};

/** `migrations` starts with the lease's own step. */
export interface OpenLeasedOptions extends OpenOptions, Omit<LeaseOptions, 'database'> {
  /** Gives up waiting for the lease. */
  readonly signal?: AbortSignal;
  /** Called once when another process holds the lease, with its name. */
  readonly onWaiting?: (owner: string) => void;
}

/** Opens the file, waits until this process is its one writer, and brings the schema up to date. */
export const openLeasedDatabase = async (options: OpenLeasedOptions): Promise<LeasedDatabase> => {
  const database = openForWriting(options);
  try {
    // A new file has no lease to wait for yet, and nobody who relies on its schema.
    if (schemaVersion(database) === 0) migrate(database, options.migrations);
    const lease = await acquireLease({ ...options, database });
    try {
      migrate(database, options.migrations);
    } catch (error) {
      lease.release();
      throw error;
    }
    return { database, lease };
  } catch (error) {
    database.close();
    throw error;
  }
};
