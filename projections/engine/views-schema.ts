/** The schema of the views' file, step by step; the rows themselves live in tables that are made for each projection. */
import { checkpointMigration } from '../../infra/consumption/checkpoints';
import { groupStatusMigration } from '../../infra/consumption/group-status';
import { deadLettersMigration } from '../../infra/dead-letters/dead-letters-schema';
import type { Migration } from '../../infra/sqlite/database';
import { leaseMigration } from '../../infra/sqlite/lease';

/** Which build of each projection is served, and which version of the projection made it. */
const served: Migration = {
  name: 'projections',
  sql: `CREATE TABLE projections (
          name TEXT PRIMARY KEY,
          version INTEGER NOT NULL,
          generation INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;`,
};

/** Rebuilds, asked for and run; one that runs is taken up again after any end of the process. */
const rebuilds: Migration = {
  name: 'rebuilds',
  sql: `CREATE TABLE rebuilds (
          id INTEGER PRIMARY KEY,
          projection TEXT NOT NULL,
          source TEXT NOT NULL CHECK (source IN ('kafka', 'store')),
          state TEXT NOT NULL CHECK (state IN ('requested', 'running', 'done', 'failed')),
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
          started_at_ms INTEGER,
          finished_at_ms INTEGER
        ) STRICT;
        CREATE INDEX rebuilds_of_projection ON rebuilds (projection, id);`,
};

/** All steps since the file's birth. */
export const viewsMigrations: ReadonlyArray<Migration> = [
  leaseMigration,
  checkpointMigration,
  groupStatusMigration,
  served,
  rebuilds,
  deadLettersMigration,
];
