/**
 * The schema of the reactors' own file. Synchronous NORMAL is safe here: a power failure undoes the last commits together (states,
 * checkpoints, issued commands). Then the same events are read again, the same commands with the same ids follow from them, and
 * the API returns the same response for a known id.
 */
import {
  checkpointMigration,
  deadLetterCopyingMigration,
  deadLettersMigration,
  deadLetterStacksMigration,
  failedRequestsMigration,
  groupStatusMigration,
  offsetMovesMigration,
} from '../consumer-file/consumer-file';
import type { Migration } from '../database';
import { leaseMigration } from '../lease';
import { storeBindingMigration } from '../store-identity';
import { effectsMigration } from './effect-rows';
import { setAsideMigration } from './set-aside';

const processMigration: Migration = {
  name: 'processes',
  sql: `CREATE TABLE processes (
          process TEXT PRIMARY KEY,
          version INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE process_instances (
          process TEXT NOT NULL,
          instance TEXT NOT NULL,
          state TEXT NOT NULL,
          PRIMARY KEY (process, instance)
        ) STRICT, WITHOUT ROWID;
        -- The ids of all commands ever issued, so that none is issued twice.
        CREATE TABLE issued_commands (
          process TEXT NOT NULL,
          id TEXT NOT NULL,
          PRIMARY KEY (process, id)
        ) STRICT, WITHOUT ROWID;
        -- Commands whose outcome is not known yet, in the order of issue; 'parked' ones are suspended.
        CREATE TABLE pending_commands (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          process TEXT NOT NULL,
          instance TEXT NOT NULL,
          id TEXT NOT NULL,
          command TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('waiting', 'parked')),
          attempts INTEGER NOT NULL,
          next_attempt_at_ms INTEGER NOT NULL,
          reason TEXT,
          UNIQUE (process, id)
        ) STRICT;
        CREATE INDEX pending_commands_parked ON pending_commands (process, seq) WHERE state = 'parked';`,
};

/** Deadlines of processes. One that has passed is kept, so that a replay does not set it again. */
const deadlinesMigration: Migration = {
  name: 'deadlines',
  sql: `CREATE TABLE deadlines (
          process TEXT NOT NULL,
          id TEXT NOT NULL,
          instance TEXT NOT NULL,
          due_at_ms INTEGER NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('waiting', 'passed')),
          PRIMARY KEY (process, id)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX deadlines_waiting ON deadlines (process, due_at_ms) WHERE state = 'waiting';`,
};

const deadlineFaultsMigration: Migration = {
  name: 'deadline faults',
  sql: `-- Why it is suspended: its process could not handle it; null where it is not.
        ALTER TABLE deadlines ADD COLUMN fault TEXT;`,
};

const traceContextMigration: Migration = {
  name: 'trace contexts',
  sql: `-- The W3C trace context that it follows from; null where there is none.
        ALTER TABLE pending_commands ADD COLUMN traceparent TEXT;
        ALTER TABLE deadlines ADD COLUMN traceparent TEXT;`,
};

/** All steps since the file was created. */
export const reactorsMigrations: ReadonlyArray<Migration> = [
  leaseMigration,
  checkpointMigration,
  groupStatusMigration,
  processMigration,
  deadLettersMigration,
  deadlinesMigration,
  offsetMovesMigration,
  deadlineFaultsMigration,
  storeBindingMigration,
  deadLetterCopyingMigration,
  failedRequestsMigration,
  setAsideMigration,
  deadLetterStacksMigration,
  effectsMigration,
  traceContextMigration,
];
