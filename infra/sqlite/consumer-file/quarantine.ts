/**
 * Stores dead letters and parked events in the transaction that moves the checkpoint past them. Events are stored by reference,
 * as the store has them.
 */
import { aggregateIdOf, type EventEnvelope } from '../../../domain/kernel/recorded-event';
import type { Clock } from '../../clock';
import { fingerprintOf, type FailedEvent, type Quarantine } from '../../consumption/intake/intake';
import { FOREIGN_LIMITS, isForeign } from '../../dead-letters/store/store';
import type { Database } from '../database';
import { encodeHeaders } from './header-codec';

/** Prepares the query on a file that has the dead letters' migration; works on a read-only connection too. */
export const discardsOf = (database: Database): Quarantine['isDiscarded'] => {
  const find = database.prepare<[string, string], number>(
    `SELECT id FROM dead_letters WHERE consumer = ? AND event_id = ? AND status = 'discarded'`,
  );
  return (group, eventId) => find.get(group, eventId) !== undefined;
};

/**
 * Prepares the statements on a file that has the dead letters' migration.
 * @param isDiscarded looks up operators' discards where they are stored in another file
 */
export const quarantineOf = (database: Database, clock: Clock, isDiscarded = discardsOf(database)): Quarantine => {
  const statements = prepareStatements(database);
  const markStale = (consumer: string, stream: string, rows: ReadonlyArray<string>): void => {
    for (const row of rows) statements.markStale.run(consumer, row, stream);
  };
  return {
    streams: (consumer) => new Set(statements.streams.all(consumer)),
    isDiscarded,
    hasDeadLettersUpTo: (consumer, lastPosition) => statements.setAsideUpTo.get(consumer, lastPosition) !== undefined,
    park: (consumer, { stream, position, id }, { topic, partition, offset, logId }, rows) => {
      statements.park.run(consumer, stream, position, id, topic, partition, offset, logId, clock.nowMs());
      markStale(consumer, stream, rows);
    },
    deadLetter: (failed) => {
      const { consumer, envelope, origin, rows, failure } = failed;
      if (isForeign(failure.class) && isFull(statements, consumer)) return 0;
      const letter = insertLetter(statements, clock.nowMs(), failed);
      if (letter.isNew) statements.toCopy.run(letter.id, origin.value());
      if (envelope === undefined) return letter.id;
      const { stream, position } = envelope;
      statements.close.run(consumer, stream, origin.topic, aggregateIdOf(stream), letter.id, position, clock.nowMs());
      markStale(consumer, stream, rows);
      return letter.id;
    },
  };
};

const isFull = ({ foreign }: Statements, consumer: string): boolean => {
  const { letters, bytes } = foreign.get(consumer) ?? { letters: 0, bytes: 0 };
  return letters >= FOREIGN_LIMITS.letters || bytes >= FOREIGN_LIMITS.bytes;
};

type Statements = ReturnType<typeof prepareStatements>;

const insertLetter = (
  { insert, fail }: Statements,
  nowMs: number,
  { consumer, group, envelope, position = null, origin, failure, attempts }: FailedEvent,
): { readonly id: number; readonly isNew: boolean } => {
  const fingerprint = fingerprintOf(group, failure);
  const { class: failureClass, reason, stack = null } = failure;
  // What the handler threw is logged after the commit.
  const logged = failureClass === 'defect' ? 0 : 1;
  if (envelope !== undefined) {
    // Known where it was redriven, or failed in an earlier rebuild with the same id, and fails again.
    const known = fail.get(failureClass, reason, fingerprint, stack, logged, attempts, nowMs, consumer, envelope.id);
    if (known !== undefined) return { id: known, isNew: false };
  }
  const { topic, partition, offset, logId, timestampMs, key, headers } = origin;
  const id = insert.get(
    consumer,
    ...eventColumns(envelope, position),
    topic,
    partition,
    offset,
    logId,
    timestampMs,
    key,
    encodeHeaders(headers),
    envelope === undefined ? origin.value() : null,
    failureClass,
    reason,
    fingerprint,
    stack,
    logged,
    attempts,
    nowMs,
    nowMs,
  );
  // A foreign record that is stored already is not stored twice.
  return id === undefined ? { id: 0, isNew: false } : { id, isNew: true };
};

/** The columns that refer to the event; null, except for the claimed position, where the record is not one of this store. */
const eventColumns = (
  envelope: EventEnvelope | undefined,
  claimed: number | null,
): ReadonlyArray<string | number | null> => {
  if (envelope === undefined) return [null, null, claimed, null, null, null, null];
  const { id, stream, position, type, schemaVersion, correlationId, causationId } = envelope;
  return [id, stream, position, type, schemaVersion, correlationId, causationId];
};

const prepareStatements = (database: Database) => ({
  streams: database.prepare<[string], string>('SELECT stream FROM quarantined_keys WHERE consumer = ?').pluck(),
  insert: database
    .prepare<(string | number | Buffer | null)[], number>(
      `INSERT INTO dead_letters (consumer, event_id, stream, position, type, schema_version, correlation_id, causation_id,
         topic, "partition", "offset", log_id, timestamp_ms, "key", headers, value,
         class, reason, fingerprint, stack, logged, attempts, first_failed_at_ms, last_failed_at_ms, status)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'open')
       ON CONFLICT DO NOTHING RETURNING id`,
    )
    .pluck(),
  fail: database
    .prepare<[string, string, string, string | null, number, number, number, string, string], number>(
      `UPDATE dead_letters
          SET class = ?, reason = ?, fingerprint = ?, stack = ?, logged = ?, attempts = attempts + ?, last_failed_at_ms = ?,
              status = CASE WHEN owner IS NULL THEN 'open' ELSE 'assigned' END
        WHERE consumer = ? AND event_id = ? RETURNING id`,
    )
    .pluck(),
  setAsideUpTo: database.prepare<[string, number]>(
    `SELECT 1 FROM dead_letters d JOIN checkpoints c
         ON c.consumer = d.consumer AND c.topic = d.topic AND c."partition" = d."partition"
      WHERE d.consumer = ? AND d.status IN ('open', 'assigned') AND d.class = 'misplaced' AND d.event_id IS NULL
        AND d.position > c.high_water_position AND d.position <= ?`,
  ),
  foreign: database.prepare<[string], { readonly letters: number; readonly bytes: number }>(
    `SELECT count(*) AS letters, coalesce(sum(length(value)), 0) AS bytes FROM dead_letters
      WHERE consumer = ? AND status IN ('open', 'assigned') AND class IN ('foreign', 'misplaced')`,
  ),
  close: database.prepare<[string, string, string, string, number, number, number]>(
    `INSERT INTO quarantined_keys VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET dead_letter_id = excluded.dead_letter_id, from_position = excluded.from_position`,
  ),
  park: database.prepare<[string, string, number, string, string, number, number, string, number]>(
    'INSERT INTO parked_events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  markStale: database.prepare<[string, string, string]>(
    'INSERT INTO stale_rows VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
  ),
  toCopy: database.prepare<[number, Buffer | null]>(
    'INSERT INTO dead_letter_outbox (dead_letter_id, value) VALUES (?, ?)',
  ),
});
