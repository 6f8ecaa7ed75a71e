/** A file that is held so that nobody else writes it, whichever program has made it. */
import { checkpointAndClose, openForWriting, schemaVersion } from './database';
import { tryAcquire, type LeaseOptions } from './lease';

export interface HeldFile {
  readonly file: string;
  /** Lets go of it, with the file folded together. A second call does nothing. */
  readonly release: () => void;
}

/** Holds it at once, or returns who does. */
export const holdFile = (file: string, { clock, ttlMs }: Pick<LeaseOptions, 'clock' | 'ttlMs'>): HeldFile | string => {
  const database = openForWriting({ file, synchronous: 'NORMAL', migrations: ANY_SCHEMA });
  try {
    // A file that no role has ever finished opening has no lease, and nobody on it.
    const lease =
      schemaVersion(database) === 0
        ? { release: () => undefined }
        : tryAcquire({ database, clock, ttlMs, onLost: () => undefined });
    if (typeof lease === 'string') {
      database.close();
      return lease;
    }
    const release = (): void => {
      if (!database.open) return;
      lease.release();
      checkpointAndClose(database);
    };
    return { file, release };
  } catch (error) {
    database.close();
    throw error;
  }
};

/** The file is only held: its schema does not matter. */
const ANY_SCHEMA = Array.from({ length: 1_000 }, () => ({ name: 'any', sql: '' }));
