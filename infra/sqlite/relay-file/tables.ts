/**
 * The relay's own small file: how far Kafka has acknowledged, on which topics, and how the relay stands. Synchronous NORMAL
 * is enough: a cursor that a power cut takes back is behind, never ahead, and what lies between is found in Kafka.
 */
import type { Clock } from '../../clock';
import type { LogTopic } from '../../kafka/event-log';
import type { RelayFile, RelayHoles, RelayStatus, SkipResult } from '../../relay/state/state';
import { openForReading, schemaVersion, type Database, type Migration } from '../database';
import { leaseMigration, type Lease } from '../lease';
import { writeUnderLease, type LeasedDatabase } from '../leased-database';
import { bindToStore, storeBindingMigration } from '../store-identity';
import { heldEventsMigration } from './held-events';
import { relayHoles, relayHolesMigration } from './relay-holes';

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

/** The file as its one writing process uses it. */
export const relayFile = (
  { database, lease }: LeasedDatabase,
  clock: Clock,
): { readonly state: RelayFile; readonly holes: RelayHoles } => ({
  state: stateOf(database, lease),
  holes: relayHoles(database, lease, clock),
});

/** Prepares the statements on a file that has {@link relayMigrations}. */
const stateOf = (database: Database, lease: Lease): RelayFile => {
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

const readFile = <Result>(file: string, otherwise: Result, read: (database: Database) => Result): Result => {
  const database = openForReading(file);
  try {
    return schemaVersion(database) < relayMigrations.length ? otherwise : read(database);
  } finally {
    database.close();
  }
};

/** Reads the result of a request, from any process; undefined where the relay has not taken it up. */
export const readSkipResult = (file: string, requestId: number): SkipResult | undefined =>
  readFile<SkipResult | undefined>(file, undefined, (database) =>
    database.prepare<[number], SkipResult>('SELECT id, state, reason FROM relay_skips WHERE id = ?').get(requestId),
  );

/** The positions of withheld events with the reasons, from any process. */
export const readWithheldEvents = (file: string): ReadonlyMap<number, string> =>
  readFile(
    file,
    new Map<number, string>(),
    (database) =>
      new Map(database.prepare<[], [number, string]>('SELECT position, reason FROM relay_withheld').raw().all()),
  );

/** How far Kafka has acknowledged, from any process. */
export const readRelayCursor = (file: string): number =>
  readFile(file, 0, (database) => database.prepare<[], number>('SELECT position FROM relay_cursor').pluck().get() ?? 0);

/** An earlier release did not count them. */
const ONE_HELD = { events: 1 };
const OLDER_STATUS: Pick<RelayStatus, 'blocked' | 'unroutable'> = { blocked: [], unroutable: [] };

/** Reads the status that the relay wrote last, from any process; undefined where no relay has ever run. */
export const readRelayStatus = (file: string): RelayStatus | undefined =>
  readFile<RelayStatus | undefined>(file, undefined, (database) => {
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
  });
