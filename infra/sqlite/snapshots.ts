/** Snapshots in the store's own file: restored or moved together with the events that they are made from. */
import type { Snapshot, SnapshotStore } from '../commands/snapshots';
import type { Database, Migration } from './database';
import type { Lease } from './lease';
import { writeUnderLease } from './leased-database';

/** A step of the store's schema. */
export const snapshotMigration: Migration = {
  name: 'snapshots',
  sql: `CREATE TABLE snapshots (
          stream TEXT PRIMARY KEY,
          decider TEXT NOT NULL,
          version INTEGER NOT NULL,
          position INTEGER NOT NULL,
          state TEXT NOT NULL
        ) STRICT;`,
};

/** Prepares the statements on a file that this process holds by `lease`. */
export const snapshotStore = (database: Database, lease: Lease): SnapshotStore => {
  const find = database.prepare<[string], Snapshot>(
    'SELECT decider, version, position, state FROM snapshots WHERE stream = ?',
  );
  const write = database.prepare<[string, string, number, number, string]>(
    `INSERT INTO snapshots VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET decider = excluded.decider, version = excluded.version, position = excluded.position,
         state = excluded.state`,
  );
  const underLease = writeUnderLease({ database, lease });
  return {
    find: (stream) => find.get(stream),
    save: (stream, { decider, version, position, state }) =>
      underLease(() => void write.run(stream, decider, version, position, state)),
  };
};
