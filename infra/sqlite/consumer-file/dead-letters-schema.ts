/** The tables of dead letters, in the consumer's own file, so that they are written in one transaction with its offsets. */
import type { Migration } from '../database';

/** Add this step after {@link deadLettersMigration}: the faults of copying to the dead-letter topics. */
export const deadLetterCopyingMigration: Migration = {
  name: 'dead letter copying',
  sql: `-- Why the topic rejects a copy, and when it is retried; null and 0 for all others.
        ALTER TABLE dead_letter_outbox ADD COLUMN fault TEXT;
        ALTER TABLE dead_letter_outbox ADD COLUMN next_attempt_at_ms INTEGER NOT NULL DEFAULT 0;
        -- Groups whose copies all fail for now.
        CREATE TABLE dead_letter_copying (
          consumer TEXT PRIMARY KEY,
          fault TEXT NOT NULL,
          since_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;`,
};

/** Add this step to the migrations of a consumer's file. `consumer` is a group's name, or a rebuild's. */
export const deadLettersMigration: Migration = {
  name: 'dead letters',
  sql: `CREATE TABLE dead_letters (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          consumer TEXT NOT NULL,
          -- The event by reference; null where the record is not an event of this store, and then its value is stored.
          event_id TEXT,
          stream TEXT,
          position INTEGER,
          type TEXT,
          schema_version INTEGER,
          correlation_id TEXT,
          causation_id TEXT,
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          "offset" INTEGER NOT NULL,
          log_id TEXT NOT NULL,
          timestamp_ms INTEGER NOT NULL,
          "key" BLOB,
          headers TEXT NOT NULL,
          value BLOB,
          class TEXT NOT NULL,
          reason TEXT NOT NULL,
          fingerprint TEXT NOT NULL,
          attempts INTEGER NOT NULL,
          first_failed_at_ms INTEGER NOT NULL,
          last_failed_at_ms INTEGER NOT NULL,
          status TEXT NOT NULL CHECK (status IN ('open', 'assigned', 'redriven', 'discarded')),
          owner TEXT
        ) STRICT;
        CREATE UNIQUE INDEX dead_letter_of_event ON dead_letters (consumer, event_id) WHERE event_id IS NOT NULL;
        CREATE UNIQUE INDEX dead_letter_of_record ON dead_letters (consumer, log_id, topic, "partition", "offset")
          WHERE event_id IS NULL;
        CREATE INDEX dead_letters_by_status ON dead_letters (consumer, status, class);

        -- Quarantined streams, with the first dead letter of each.
        CREATE TABLE quarantined_keys (
          consumer TEXT NOT NULL,
          stream TEXT NOT NULL,
          topic TEXT NOT NULL,
          "key" TEXT NOT NULL,
          dead_letter_id INTEGER NOT NULL,
          -- From this position on nothing of the stream is applied.
          from_position INTEGER NOT NULL,
          quarantined_at_ms INTEGER NOT NULL,
          PRIMARY KEY (consumer, stream)
        ) STRICT, WITHOUT ROWID;

        -- Events parked behind them, by reference, ordered by position.
        CREATE TABLE parked_events (
          consumer TEXT NOT NULL,
          stream TEXT NOT NULL,
          position INTEGER NOT NULL,
          event_id TEXT NOT NULL,
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          "offset" INTEGER NOT NULL,
          log_id TEXT NOT NULL,
          parked_at_ms INTEGER NOT NULL,
          PRIMARY KEY (consumer, stream, position)
        ) STRICT, WITHOUT ROWID;

        -- Rows that lack events of a quarantined stream; '*' where the rows are unknown.
        CREATE TABLE stale_rows (
          consumer TEXT NOT NULL,
          row_key TEXT NOT NULL,
          stream TEXT NOT NULL,
          PRIMARY KEY (consumer, row_key, stream)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX stale_rows_of_stream ON stale_rows (consumer, stream);

        -- Who did what to a dead letter, and when; never changed or deleted.
        CREATE TABLE dead_letter_audit (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          dead_letter_id INTEGER NOT NULL,
          action TEXT NOT NULL,
          actor TEXT NOT NULL,
          detail TEXT NOT NULL,
          request_id INTEGER,
          at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX dead_letter_audit_of ON dead_letter_audit (dead_letter_id, seq);
        CREATE TRIGGER audit_never_changes BEFORE UPDATE ON dead_letter_audit
          BEGIN SELECT RAISE(ABORT, 'the audit never changes'); END;
        CREATE TRIGGER audit_never_vanishes BEFORE DELETE ON dead_letter_audit
          BEGIN SELECT RAISE(ABORT, 'the audit never vanishes'); END;

        -- Copies that are not in the dead-letter topics yet.
        CREATE TABLE dead_letter_outbox (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          dead_letter_id INTEGER NOT NULL,
          value BLOB
        ) STRICT;

        CREATE TABLE circuit_breakers (
          consumer TEXT PRIMARY KEY,
          reason TEXT NOT NULL,
          tripped_at_ms INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- The last operator's request that was processed; one row.
        CREATE TABLE failure_requests (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          last_request_id INTEGER NOT NULL
        ) STRICT;
        INSERT INTO failure_requests VALUES (1, 0);

        CREATE TABLE redrives (
          id INTEGER PRIMARY KEY,
          consumer TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('planned', 'running', 'paused', 'halted', 'done')),
          rate_per_second INTEGER NOT NULL,
          preview TEXT NOT NULL,
          actor TEXT NOT NULL,
          reason TEXT,
          runs INTEGER NOT NULL,
          events INTEGER NOT NULL,
          started_at_ms INTEGER,
          finished_at_ms INTEGER
        ) STRICT;
        -- The selected streams, in the order in which they are redriven; does not change after planning.
        CREATE TABLE redrive_keys (
          redrive_id INTEGER NOT NULL,
          seq INTEGER NOT NULL,
          dead_letter_id INTEGER NOT NULL,
          fingerprint TEXT NOT NULL,
          batch INTEGER NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed', 'gone')),
          reason TEXT,
          PRIMARY KEY (redrive_id, seq)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX redrive_keys_waiting ON redrive_keys (redrive_id, state, seq);`,
};

/** Add this step after {@link deadLettersMigration}: the stacks of defects, and whether they are logged. */
export const deadLetterStacksMigration: Migration = {
  name: 'stacks of dead letters',
  sql: `-- What the handler threw, with its stack; null where nothing was thrown, and for those from before this step.
        ALTER TABLE dead_letters ADD COLUMN stack TEXT;
        -- 0 where the failure has not been logged yet.
        ALTER TABLE dead_letters ADD COLUMN logged INTEGER NOT NULL DEFAULT 1;
        CREATE INDEX dead_letters_to_log ON dead_letters (id) WHERE logged = 0;`,
};
