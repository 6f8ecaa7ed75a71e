/** The migrations of the views' file; the rows themselves are in tables created for each projection. */
import {
  checkpointMigration,
  deadLetterCopyingMigration,
  deadLettersMigration,
  deadLetterStacksMigration,
  failedRequestsMigration,
  groupStatusMigration,
  offsetMovesMigration,
} from '../../../infra/sqlite/consumer-file/consumer-file';
import type { Migration } from '../../../infra/sqlite/database';
import { leaseMigration } from '../../../infra/sqlite/lease';
import { storeBindingMigration } from '../../../infra/sqlite/store-identity';
import { receivedEventsMigration } from './received-events';

/** The served and the previous generation of each projection, with the projection versions that made them. */
const served: Migration = {
  name: 'projections',
  sql: `CREATE TABLE projections (
          name TEXT PRIMARY KEY,
          version INTEGER NOT NULL,
          generation INTEGER NOT NULL,
          former_version INTEGER,
          former_generation INTEGER
        ) STRICT, WITHOUT ROWID;`,
};

/**
 * Rebuilds of every kind (a whole projection, a point-in-time copy, one row, a rollback), some of which wait for an
 * operator; a running one is resumed after a restart of the process. And the last operator request that was picked up.
 */
const rebuilds: Migration = {
  name: 'rebuilds',
  sql: `CREATE TABLE rebuilds (
          id INTEGER PRIMARY KEY,
          projection TEXT NOT NULL,
          kind TEXT NOT NULL CHECK (kind IN ('rebuild', 'rollback', 'copy', 'row')),
          source TEXT NOT NULL CHECK (source IN ('kafka', 'store')),
          state TEXT NOT NULL CHECK (state IN ('requested', 'running', 'waiting', 'done', 'failed', 'cancelled')),
          -- Rebuilds with the same text read the log together; null for one that is alone.
          pass TEXT,
          accept_differences INTEGER NOT NULL,
          -- Of a copy: its name, the moment that was asked for, and the last position before it.
          copy TEXT,
          until TEXT,
          until_position INTEGER,
          -- Of one row: its key as it stands in a URL.
          row_key TEXT,
          reason TEXT,
          fault TEXT,
          -- What the shadow tables are built by and called; null before the first step.
          version INTEGER,
          generation INTEGER,
          done INTEGER NOT NULL,
          total INTEGER,
          rate REAL,
          eta_seconds REAL,
          proof TEXT,
          differences TEXT,
          started_at_ms INTEGER,
          finished_at_ms INTEGER
        ) STRICT;
        CREATE INDEX rebuilds_of_projection ON rebuilds (projection, id);
        CREATE TABLE taken_requests (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          last_id INTEGER NOT NULL
        ) STRICT;
        INSERT INTO taken_requests VALUES (1, 0);`,
};

/** Point-in-time copies. */
const copies: Migration = {
  name: 'copies',
  sql: `CREATE TABLE copies (
          projection TEXT NOT NULL,
          name TEXT NOT NULL,
          version INTEGER NOT NULL,
          generation INTEGER NOT NULL,
          until TEXT NOT NULL,
          until_position INTEGER NOT NULL,
          made_at_ms INTEGER NOT NULL,
          PRIMARY KEY (projection, name)
        ) STRICT, WITHOUT ROWID;`,
};

/** All migrations of the file. */
export const viewsMigrations: ReadonlyArray<Migration> = [
  leaseMigration,
  checkpointMigration,
  groupStatusMigration,
  served,
  rebuilds,
  copies,
  deadLettersMigration,
  offsetMovesMigration,
  storeBindingMigration,
  receivedEventsMigration,
  deadLetterCopyingMigration,
  failedRequestsMigration,
  deadLetterStacksMigration,
];
