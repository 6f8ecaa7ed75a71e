/** What the relay could not publish, as rows beside its cursor. */
import { categoryOf, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { isoTime, type Clock } from '../../clock';
import type { Database, Migration } from '../database';
import type { Lease } from '../lease';
import { writeUnderLease } from '../leased-database';
import { heldEvents } from './held-events';
import type { BlockedPartition, RelayHoles, UnroutableEvents } from '../../relay/state/state';

/** Add this step to the migrations of the relay's file. */
export const relayHolesMigration: Migration = {
  name: 'relay holes',
  sql: `-- A partition behind an event that can't be published: nothing that comes after it in the partition is sent.
        CREATE TABLE relay_blocked (
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          position INTEGER NOT NULL,
          event_id TEXT NOT NULL,
          reason TEXT NOT NULL,
          since_ms INTEGER NOT NULL,
          attempts INTEGER NOT NULL,
          next_attempt_at_ms INTEGER NOT NULL,
          PRIMARY KEY (topic, "partition")
        ) STRICT, WITHOUT ROWID;
        -- Events that have no topic, for their category has no aggregate: published when the program has it.
        CREATE TABLE relay_unroutable (
          category TEXT PRIMARY KEY,
          events INTEGER NOT NULL,
          first_position INTEGER NOT NULL,
          first_event_id TEXT NOT NULL,
          last_position INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        -- Who has decided that an event is published as a placeholder. Nothing in here changes.
        CREATE TABLE relay_withheld (
          position INTEGER PRIMARY KEY,
          event_id TEXT NOT NULL,
          reason TEXT NOT NULL,
          cause TEXT NOT NULL,
          actor TEXT NOT NULL,
          request_id INTEGER NOT NULL,
          decided_at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TRIGGER withheld_never_changes BEFORE UPDATE ON relay_withheld
          BEGIN SELECT RAISE(ABORT, 'a decision never changes'); END;
        CREATE TRIGGER withheld_never_vanishes BEFORE DELETE ON relay_withheld
          BEGIN SELECT RAISE(ABORT, 'a decision never vanishes'); END;
        -- Operators' requests to withhold an event, with their results.
        CREATE TABLE relay_skips (
          id INTEGER PRIMARY KEY,
          event_id TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('done', 'failed')),
          reason TEXT
        ) STRICT;`,
};

interface BlockedRow extends Omit<BlockedPartition, 'since' | 'nextAttemptAt'> {
  readonly sinceMs: number;
  readonly nextAttemptAtMs: number;
}

const FIRST_ATTEMPT_AFTER_MS = 10_000;

/** Prepares the statements on a file that has {@link relayHolesMigration}. */
export const relayHoles = (database: Database, lease: Lease, clock: Clock): RelayHoles => {
  const statements = prepareStatements(database);
  const underLease = writeUnderLease({ database, lease });
  const held = heldEvents(database);
  const blocked = (): ReadonlyArray<BlockedPartition> =>
    statements.blocked.all().map((row) => shownBlocked({ ...row, events: row.events + held.noted(row) }));

  const unblock = ({ topic, partition, position }: BlockedPartition): void => {
    held.forget({ topic, partition });
    statements.unblock.run(topic, partition);
    statements.setBack.run(position - 1);
  };

  const noteOne = ({ id, stream, position }: StoredEvent): void =>
    void statements.noteUnroutable.run(categoryOf(stream), position, id, position);

  return {
    blocked,
    block: ({ topic, partition }, { id, position }, reason) => {
      const nowMs = clock.nowMs();
      underLease(() =>
        statements.block.run(topic, partition, position, id, reason, nowMs, nowMs + FIRST_ATTEMPT_AFTER_MS),
      );
    },
    noteAttempt: ({ topic, partition }, reason, nextAttemptAtMs) =>
      underLease(() => void statements.noteAttempt.run(reason, nextAttemptAtMs, topic, partition)),
    unblock: (one) => underLease(() => unblock(one)),
    notePassedOver: held.note,
    keepPassedOver: () => {
      if (blocked().length > 0) underLease(held.keep);
    },
    unroutable: () => statements.unroutable.all(),
    noteUnroutable: (events) => {
      if (events.length > 0) underLease(() => events.forEach(noteOne));
    },
    takeUpRoutable: (hasTopic) => {
      const found = statements.unroutable.all().filter(({ category }) => hasTopic(category));
      if (found.length === 0) return [];
      underLease(() => {
        for (const { category, firstPosition } of found) {
          statements.setBack.run(firstPosition - 1);
          statements.forgetUnroutable.run(category);
        }
      });
      return found.map(({ category }) => category);
    },
    withheldReason: (position) => statements.withheldReason.get(position),
    lastRequestId: () => statements.lastRequestId.get() ?? 0,
    skip: ({ requestId, eventId, reason, actor }) =>
      underLease(() => {
        const one = blocked().find((each) => each.eventId === eventId);
        if (one === undefined) {
          statements.result.run(requestId, eventId, 'failed', `${eventId} does not block a partition`);
          return false;
        }
        statements.withhold.run(one.position, eventId, reason, one.reason, actor, requestId, clock.nowMs());
        statements.result.run(requestId, eventId, 'done', null);
        unblock(one);
        return true;
      }),
  };
};

const shownBlocked = ({ sinceMs, nextAttemptAtMs, ...row }: BlockedRow): BlockedPartition => ({
  ...row,
  since: isoTime(sinceMs),
  nextAttemptAt: isoTime(nextAttemptAtMs),
});

const prepareStatements = (database: Database) => ({
  blocked: database.prepare<[], BlockedRow>(
    `SELECT topic, "partition", position, event_id AS eventId, events, reason, since_ms AS sinceMs, attempts,
            next_attempt_at_ms AS nextAttemptAtMs FROM relay_blocked ORDER BY topic, "partition"`,
  ),
  block: database.prepare<[string, number, number, string, string, number, number]>(
    `INSERT INTO relay_blocked (topic, "partition", position, event_id, reason, since_ms, attempts, next_attempt_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 1, ?) ON CONFLICT DO NOTHING`,
  ),
  noteAttempt: database.prepare<[string, number, string, number]>(
    `UPDATE relay_blocked SET reason = ?, attempts = attempts + 1, next_attempt_at_ms = ?
      WHERE topic = ? AND "partition" = ?`,
  ),
  unblock: database.prepare<[string, number]>('DELETE FROM relay_blocked WHERE topic = ? AND "partition" = ?'),
  setBack: database.prepare<[number]>('UPDATE relay_cursor SET position = min(position, ?)'),
  unroutable: database.prepare<[], UnroutableEvents>(
    `SELECT category, events, first_position AS firstPosition, first_event_id AS firstEventId,
            last_position AS lastPosition FROM relay_unroutable ORDER BY category`,
  ),
  noteUnroutable: database.prepare<[string, number, string, number]>(
    `INSERT INTO relay_unroutable VALUES (?, 1, ?, ?, ?)
       ON CONFLICT DO UPDATE SET events = events + 1, last_position = excluded.last_position
          WHERE excluded.last_position > last_position`,
  ),
  forgetUnroutable: database.prepare<[string]>('DELETE FROM relay_unroutable WHERE category = ?'),
  withheldReason: database.prepare<[number], string>('SELECT reason FROM relay_withheld WHERE position = ?').pluck(),
  withhold: database.prepare<[number, string, string, string, string, number, number]>(
    'INSERT INTO relay_withheld VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  lastRequestId: database.prepare<[], number | null>('SELECT max(id) FROM relay_skips').pluck(),
  result: database.prepare<[number, string, 'done' | 'failed', string | null]>(
    'INSERT INTO relay_skips VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ),
});
