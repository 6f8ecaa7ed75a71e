/** Events parked behind dead letters, as rows. */
import type { ParkedRecord } from '../../dead-letters/query/query';
import type { ParkedEvent, ParkedEvents } from '../../dead-letters/store/store';
import type { Database } from '../database';

/** Prepares the statements on a file that has the dead letters' migration. */
export const parkedEvents = (database: Database): ParkedEvents => {
  const next = database.prepare<[string, string, number], ParkedEvent>(
    `SELECT position, event_id AS eventId FROM parked_events WHERE consumer = ? AND stream = ? ORDER BY position LIMIT ?`,
  );
  const remove = database.prepare<[string, string, number]>(
    'DELETE FROM parked_events WHERE consumer = ? AND stream = ? AND position = ?',
  );
  const endQuarantine = ['quarantined_keys', 'stale_rows'].map((table) =>
    database.prepare<[string, string]>(`DELETE FROM ${table} WHERE consumer = ? AND stream = ?`),
  );
  const withResolvedFirst = database
    .prepare<[string], string>(
      `SELECT k.stream FROM quarantined_keys k JOIN dead_letters d ON d.id = k.dead_letter_id
        WHERE k.consumer = ? AND d.status IN ('redriven', 'discarded') LIMIT 1`,
    )
    .pluck();
  const quarantined = database
    .prepare<[string], number>('SELECT count(*) FROM quarantined_keys WHERE consumer = ?')
    .pluck();
  return {
    next: (consumer, stream, limit) => next.all(consumer, stream, limit),
    remove: (consumer, stream, position) => void remove.run(consumer, stream, position),
    endQuarantine: (consumer, stream) => {
      for (const statement of endQuarantine) statement.run(consumer, stream);
    },
    withResolvedFirst: (consumer) => withResolvedFirst.get(consumer),
    quarantined: (consumer) => quarantined.get(consumer) ?? 0,
  };
};

/** Reads the dead letters and parked events of some streams; works on a read-only connection too. */
export const parkedUnder = (
  database: Database,
  group: string,
  streams: ReadonlyArray<string>,
): ReadonlyArray<ParkedRecord> =>
  database
    .prepare<[string, string, string, string], ParkedRecord>(
      `SELECT topic, "partition", "offset", class || ', ' || status || ': ' || reason AS reason FROM dead_letters
        WHERE consumer = ? AND stream IN (SELECT value FROM json_each(?))
        UNION ALL
       SELECT topic, "partition", "offset", event_id || ' is parked behind a dead letter of its stream' FROM parked_events
        WHERE consumer = ? AND stream IN (SELECT value FROM json_each(?))`,
    )
    .all(group, JSON.stringify(streams), group, JSON.stringify(streams));
