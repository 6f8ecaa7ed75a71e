/** Keeps what could not be read as an event, byte for byte, for people to look at and for a later program to read. */
import type { Clock } from '../clock';
import type { LogRecord } from '../kafka/event-log';
import type { Database, Migration } from '../sqlite/database';

/** A record and what is wrong with it. */
export interface UnreadableRecord extends LogRecord {
  readonly group: string;
  /** Which log its offset counts in; {@link STORE_LOG_ID} where it is a position in the store. */
  readonly logId: string;
  readonly reason: string;
}

export const STORE_LOG_ID = 'store';

/** Add this step to the migrations of a consumer's file. */
export const unreadableRecordsMigration: Migration = {
  name: 'unreadable records',
  sql: `CREATE TABLE unreadable_records (
          group_name TEXT NOT NULL,
          log_id TEXT NOT NULL,
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          "offset" INTEGER NOT NULL,
          "key" BLOB,
          value BLOB,
          headers TEXT NOT NULL,
          timestamp_ms INTEGER NOT NULL,
          reason TEXT NOT NULL,
          recorded_at_ms INTEGER NOT NULL,
          PRIMARY KEY (group_name, log_id, topic, "partition", "offset")
        ) STRICT, WITHOUT ROWID;`,
};

/** Prepares the write; call it in the transaction that moves past the record. One that is known is not kept again. */
export const unreadableRecordsOf = (database: Database, clock: Clock): ((record: UnreadableRecord) => void) => {
  const insert = database.prepare<
    [string, string, string, number, number, Buffer | null, Buffer | null, string, number, string, number]
  >('INSERT INTO unreadable_records VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING');
  return ({ group, logId, topic, partition, offset, key, value, headers, timestampMs, reason }) => {
    const named = Object.entries(headers).map(([name, bytes]) => [name, bytes.toString('base64')]);
    const text = JSON.stringify(Object.fromEntries(named));
    insert.run(group, logId, topic, partition, offset, key, value, text, timestampMs, reason, clock.nowMs());
  };
};
