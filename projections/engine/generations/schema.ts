/** The schema of the views' file, step by step; the rows themselves live in tables that are made for each projection. */
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
import { takenInMigration } from './taken-in';

/** Which build of each projection is served, by which version it was made, and which one was served before the last swap. */
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
 * Rebuilds of every kind (a whole projection, a scratch copy, one row, a way back), asked for and run, which may wait for a
 * person; one that runs is taken up again after any end of the process. And how far requests were taken over.
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

/** Scratch copies: what the tables said at some moment. */
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

/** All steps since the file was created. */
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
  takenInMigration,
  deadLetterCopyingMigration,
  failedRequestsMigration,
  deadLetterStacksMigration,
];
