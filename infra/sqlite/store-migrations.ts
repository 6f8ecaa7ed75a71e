/** The schema of the event store's file, step by step. */
import type { Migration } from './database';
import { leaseMigration } from './lease';
import { reactorTokenMigration } from './reactor-token';
import { scopedAnswersMigration } from './remembered-answers';
import { snapshotMigration } from './snapshots';
import { storeIdentityMigration } from './store-identity';

/**
 * Streams are interned: a name becomes an integer in order of creation, so that the one index beside the positions grows
 * at its right edge. An event's identity (`<stream>@<version>`) is unique by that index and needs none of its own.
 */
const events: Migration = {
  name: 'events',
  sql: `CREATE TABLE streams (
          id INTEGER PRIMARY KEY,
          name TEXT NOT NULL UNIQUE
        ) STRICT;
        CREATE TABLE events (
          position INTEGER PRIMARY KEY CHECK (position > 0),
          stream_id INTEGER NOT NULL,
          version INTEGER NOT NULL CHECK (version > 0),
          type TEXT NOT NULL,
          schema_version INTEGER NOT NULL,
          recorded_at_ms INTEGER NOT NULL,
          correlation_id TEXT NOT NULL,
          causation_id TEXT NOT NULL,
          actor TEXT NOT NULL,
          traceparent TEXT,
          payload TEXT NOT NULL,
          UNIQUE (stream_id, version)
        ) STRICT;
        CREATE TRIGGER events_never_change BEFORE UPDATE ON events
          BEGIN SELECT RAISE(ABORT, 'events never change: append one that corrects it'); END;
        CREATE TRIGGER events_never_vanish BEFORE DELETE ON events
          BEGIN SELECT RAISE(ABORT, 'events never vanish: append one that takes it back'); END;`,
};

/** Remembered answers as they were kept before keys had scopes; a later step moves them. */
const outcomes: Migration = {
  name: 'outcomes',
  sql: `CREATE TABLE outcomes (
          key TEXT PRIMARY KEY,
          request_hash TEXT NOT NULL,
          response TEXT NOT NULL,
          recorded_at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;`,
};

/** What operators ask of the other roles. */
const operationRequests: Migration = {
  name: 'operation requests',
  sql: `CREATE TABLE operation_requests (
          id INTEGER PRIMARY KEY,
          kind TEXT NOT NULL,
          body TEXT NOT NULL,
          requested_at_ms INTEGER NOT NULL,
          actor TEXT NOT NULL
        ) STRICT;`,
};

/** All steps since the file was created. */
export const storeMigrations: ReadonlyArray<Migration> = [
  leaseMigration,
  events,
  outcomes,
  operationRequests,
  snapshotMigration,
  scopedAnswersMigration,
  reactorTokenMigration,
  storeIdentityMigration,
];
