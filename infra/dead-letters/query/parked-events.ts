/** What a group has set aside under some keys: dead letters, and the events that wait behind them. */
import type { Database } from '../../sqlite/database';

/** Where it stands, and why it was set aside. */
export interface ParkedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
}

/** Reads them, oldest first; works on a read-only connection too. */
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
       SELECT topic, "partition", "offset", event_id || ' waits behind a dead letter of its stream' FROM parked_events
        WHERE consumer = ? AND stream IN (SELECT value FROM json_each(?))`,
    )
    .all(group, JSON.stringify(streams), group, JSON.stringify(streams));
