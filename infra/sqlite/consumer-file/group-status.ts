/** The status of each group as a row that other processes read. */
import type { GroupStatus } from '../../consumption/status/status';
import type { Database, Migration } from '../database';

/** Add this step to the migrations of a consumer's file. */
export const groupStatusMigration: Migration = {
  name: 'group status',
  sql: `CREATE TABLE group_status (
          group_name TEXT PRIMARY KEY,
          status TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;`,
};

/** Prepares the write on a file that has {@link groupStatusMigration}. */
export const groupStatusWriter = (database: Database): ((status: GroupStatus) => void) => {
  const write = database.prepare<[string, string]>(
    'INSERT INTO group_status VALUES (?, ?) ON CONFLICT DO UPDATE SET status = excluded.status',
  );
  return (status) => void write.run(status.group, JSON.stringify(status));
};

/** Prepares the query, ordered by name; works on a read-only connection too. */
export const groupStatusReader = (database: Database): (() => ReadonlyArray<GroupStatus>) => {
  const read = database.prepare<[], string>('SELECT status FROM group_status ORDER BY group_name').pluck();
  // Written by groupStatusWriter.
  return () => read.all().map((status) => JSON.parse(status) as GroupStatus);
};
