/** A file with one writing process: opened, leased, and only then migrated, so that no running holder loses its schema. */
import { migrate, openForWriting, schemaVersion, type Database, type OpenOptions } from './database';
import { acquireLease, type Lease, type LeaseOptions } from './lease';

export interface LeasedDatabase {
  readonly database: Database;
  readonly lease: Lease;
}

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
