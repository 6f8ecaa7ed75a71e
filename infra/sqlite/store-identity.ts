/**
 * Who a store is. It gets an id at its first opening and keeps it through backups and restores; records carry it, and every
 * other file remembers which store it was made from. A new history of the same events takes a new id.
 */
import type { StoreIdentity } from '../event-store/event-feed';
import type { Database, Migration } from './database';

/** Add this step to the store's migrations. The row itself is written by {@link ensureStoreIdentity}. */
export const storeIdentityMigration: Migration = {
  name: 'store identity',
  sql: `CREATE TABLE store_identity (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          store_id TEXT NOT NULL,
          unnamed_until_position INTEGER NOT NULL,
          request_floor INTEGER NOT NULL
        ) STRICT;
        -- Every id that the store has had, the latest last. Nothing in here changes.
        CREATE TABLE store_histories (
          seq INTEGER PRIMARY KEY AUTOINCREMENT,
          store_id TEXT NOT NULL,
          last_position INTEGER NOT NULL,
          reason TEXT NOT NULL,
          actor TEXT NOT NULL,
          at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE TRIGGER store_histories_never_change BEFORE UPDATE ON store_histories
          BEGIN SELECT RAISE(ABORT, 'the histories of a store never change'); END;
        CREATE TRIGGER store_histories_never_vanish BEFORE DELETE ON store_histories
          BEGIN SELECT RAISE(ABORT, 'the histories of a store never vanish'); END;`,
};

/** Time and chance, handed in. */
interface Birth {
  readonly nowMs: () => number;
  readonly newId: () => string;
}

/** Undefined where the store was never opened by a program that gives ids. */
export const readStoreIdentity = (database: Database): StoreIdentity | undefined =>
  database
    .prepare<[], StoreIdentity>(
      `SELECT store_id AS storeId, unnamed_until_position AS unnamedUntilPosition, request_floor AS requestFloor
         FROM store_identity`,
    )
    .get();

/** Gives the store its id where it has none: what it holds by then may have been published without one. */
export const ensureStoreIdentity = (database: Database, birth: Birth): StoreIdentity =>
  database
    .transaction(() => {
      const known = readStoreIdentity(database);
      if (known !== undefined) return known;
      const last = lastPositionOf(database);
      const reason = last === 0 ? 'created' : `existed before, with events up to position ${last}`;
      return replaceStoreIdentity(database, birth, { unnamedUntilPosition: last, reason, actor: 'tidemark' });
    })
    .immediate();

/** Why the store gets another id. */
export interface NewIdentity {
  /** The id; left out for a new one. */
  readonly storeId?: string;
  readonly unnamedUntilPosition: number;
  readonly reason: string;
  readonly actor: string;
}

/** Gives the store another id and notes it. Belongs inside the caller's transaction. */
export const replaceStoreIdentity = (database: Database, birth: Birth, next: NewIdentity): StoreIdentity => {
  const { storeId = birth.newId(), unnamedUntilPosition, reason, actor } = next;
  const isFirst = readStoreIdentity(database) === undefined;
  const lastRequest = database.prepare<[], number | null>('SELECT max(id) FROM operation_requests').pluck().get() ?? 0;
  const requestFloor = isFirst ? 0 : lastRequest;
  database
    .prepare<[string, number, number]>(
      `INSERT INTO store_identity VALUES (1, ?, ?, ?) ON CONFLICT DO UPDATE SET store_id = excluded.store_id,
         unnamed_until_position = excluded.unnamed_until_position, request_floor = excluded.request_floor`,
    )
    .run(storeId, unnamedUntilPosition, requestFloor);
  database
    .prepare<[string, number, string, string, number]>(
      'INSERT INTO store_histories (store_id, last_position, reason, actor, at_ms) VALUES (?, ?, ?, ?, ?)',
    )
    .run(storeId, lastPositionOf(database), reason, actor, birth.nowMs());
  return { storeId, unnamedUntilPosition, requestFloor };
};

const lastPositionOf = (database: Database): number =>
  database.prepare<[], number | null>('SELECT max(position) FROM events').pluck().get() ?? 0;

// -------------------------------------------------------------------------------------
// The other roles' files
// -------------------------------------------------------------------------------------

/** Add this step to the migrations of a file that is made from a store. */
export const storeBindingMigration: Migration = {
  name: 'store binding',
  sql: `CREATE TABLE store_binding (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          store_id TEXT NOT NULL
        ) STRICT;`,
};

/** The store that a file belongs to; undefined where none was noted yet. */
export const readStoreBinding = (database: Database): string | undefined =>
  database.prepare<[], string>('SELECT store_id FROM store_binding').pluck().get();

/** Binds a file that belongs to no store yet; returns the store that it belongs to. Inside the caller's transaction. */
export const bindToStore = (database: Database, storeId: string): string => {
  database.prepare<[string]>('INSERT INTO store_binding VALUES (1, ?) ON CONFLICT DO NOTHING').run(storeId);
  return readStoreBinding(database) ?? storeId;
};

/** What an operator reads where the store's file was exchanged while a role had it open. */
export const replacedReason =
  "the store's file was replaced or removed while this process had it open: what it reads is no longer what stands there. " +
  'Stop every role, put the newest store in place, and start again';

/** What an operator reads where a file belongs to another store. */
export const otherStoreReason = (file: string, belongsTo: string, storeId: string): string =>
  `${file} was made from the store ${belongsTo}, but this store is ${storeId}: nothing is read or written until they ` +
  "fit. Put the file of this store back, or move it away so that it is made anew; 'npx tidemark store' shows what belongs " +
  "to what, and 'npx tidemark store new-history' moves it away for you";
