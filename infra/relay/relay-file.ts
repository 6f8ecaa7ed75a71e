/**
 * The relay's own small file: how far Kafka has acknowledged, on which topics, and how the relay stands. Synchronous NORMAL
 * is enough: a cursor that a power cut takes back is behind, never ahead, and what lies between is found in Kafka.
 */
import type { LogTopic } from '../kafka/event-log';
import { openForReading, schemaVersion, type Database, type Migration } from '../sqlite/database';
import { leaseMigration, type Lease } from '../sqlite/lease';
import { writeUnderLease } from '../sqlite/leased-database';
import { heldEventsMigration } from './held-events';
import { relayHolesMigration } from './relay-holes';
import { bindToStore, storeBindingMigration } from '../sqlite/store-identity';
import type { RelayStatus } from './relay-status';

const relayMigration: Migration = {
  name: 'relay',
  sql: `CREATE TABLE relay_cursor (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          position INTEGER NOT NULL
        ) STRICT;
        INSERT INTO relay_cursor VALUES (1, 0);
        CREATE TABLE relay_topics (
          topic TEXT PRIMARY KEY,
          partitions INTEGER NOT NULL,
          log_id TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE relay_status (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          status TEXT NOT NULL
        ) STRICT;`,
};

/** All steps since the file was created. */
export const relayMigrations: ReadonlyArray<Migration> = [
  leaseMigration,
  relayMigration,
  storeBindingMigration,
  relayHolesMigration,
  heldEventsMigration,
];

/** The file as its one writer uses it. Each write asserts the lease. */
export interface RelayFile {
  readonly cursor: () => number;
  readonly saveCursor: (position: number) => void;
  readonly topics: () => ReadonlyArray<LogTopic>;
  /** The topics that the cursor counts on from now on, and the cursor, in one transaction. */
  readonly saveTopics: (topics: ReadonlyArray<LogTopic>, cursor: number) => void;
  /** Binds the file to a store where it belongs to none; returns the store that it belongs to. */
  readonly bindTo: (storeId: string) => string;
  readonly saveStatus: (status: RelayStatus) => void;
}

/** Prepares the statements on a file that has {@link relayMigrations}. */
export const relayFile = (database: Database, lease: Lease): RelayFile => {
  const readCursor = database.prepare<[], number>('SELECT position FROM relay_cursor').pluck();
  const writeCursor = database.prepare<[number]>('UPDATE relay_cursor SET position = ?');
  const readTopics = database.prepare<[], LogTopic>(
    'SELECT topic, partitions, log_id AS logId FROM relay_topics ORDER BY topic',
  );
  const writeTopic = database.prepare<[string, number, string]>(
    `INSERT INTO relay_topics VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET partitions = excluded.partitions, log_id = excluded.log_id`,
  );
  const writeStatus = database.prepare<[string]>(
    'INSERT INTO relay_status VALUES (1, ?) ON CONFLICT DO UPDATE SET status = excluded.status',
  );
  const underLease = writeUnderLease({ database, lease });
  let bound: string | undefined;
  return {
    bindTo: (storeId) => (bound ??= underLease(() => bindToStore(database, storeId))),
    cursor: () => readCursor.get() ?? 0,
    saveCursor: (position) => underLease(() => void writeCursor.run(position)),
    topics: () => readTopics.all(),
    saveTopics: (topics, cursor) =>
      underLease(() => {
        for (const { topic, partitions, logId } of topics) writeTopic.run(topic, partitions, logId);
        writeCursor.run(cursor);
      }),
    saveStatus: (status) => underLease(() => void writeStatus.run(JSON.stringify(status))),
  };
};

/** How an operator's request to withhold an event went. */
export interface SkipResult {
  readonly id: number;
  readonly state: 'done' | 'failed';
  readonly reason: string | null;
}

/** Reads the result of a request, from any process; undefined where the relay has not taken it up. */
export const readSkipResult = (file: string, requestId: number): SkipResult | undefined => {
  const database = openForReading(file);
  try {
    if (schemaVersion(database) < relayMigrations.length) return undefined;
    return database
      .prepare<[number], SkipResult>('SELECT id, state, reason FROM relay_skips WHERE id = ?')
      .get(requestId);
  } finally {
    database.close();
  }
};

/** The positions of withheld events with the reasons, from any process. */
export const readWithheldEvents = (file: string): ReadonlyMap<number, string> => {
  const database = openForReading(file);
  try {
    if (schemaVersion(database) < relayMigrations.length) return new Map();
    const rows = database.prepare<[], [number, string]>('SELECT position, reason FROM relay_withheld').raw().all();
    return new Map(rows);
  } finally {
    database.close();
  }
};

/** An earlier release did not count them. */
const ONE_HELD = { events: 1 };
const OLDER_STATUS: Pick<RelayStatus, 'blocked' | 'unroutable'> = { blocked: [], unroutable: [] };

/** Reads the status that the relay wrote last, from any process; undefined where no relay has ever run. */
export const readRelayStatus = (file: string): RelayStatus | undefined => {
  const database = openForReading(file);
  try {
    if (schemaVersion(database) < relayMigrations.length) return undefined;
    const status = database.prepare<[], string>('SELECT status FROM relay_status').pluck().get();
    if (status === undefined) return undefined;
    // Written by saveStatus, perhaps of a release that had fewer fields.
    const read = JSON.parse(status) as RelayStatus;
    const { blocked, ...rest } = { ...OLDER_STATUS, ...read };
    return {
      ...rest,
      blocked: blocked.map((one) => ({ ...ONE_HELD, ...one })),
      since: (read as Partial<RelayStatus>).since ?? read.updatedAt,
    };
  } finally {
    database.close();
  }
};
