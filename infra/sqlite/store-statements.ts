/** The writing statements of the store's file, one named place each. */
import type { Database, Statement } from './database';

export interface StoreStatements {
  readonly lastPosition: Statement<[], number | null>;
  /** A stream's integer and its last version; no row for a stream that is not created yet. */
  readonly head: Statement<[stream: string], readonly [streamId: number, version: number]>;
  readonly insertStream: Statement<[stream: string]>;
  readonly insertEvent: Statement<
    [
      position: number,
      streamId: number,
      version: number,
      type: string,
      schemaVersion: number,
      recordedAtMs: number,
      correlationId: string,
      causationId: string,
      actor: string,
      traceparent: string | null,
      payload: string,
    ]
  >;
  readonly insertRequest: Statement<[kind: string, body: string, requestedAtMs: number, actor: string]>;
}

/** Prepares them on a file that has the store's migrations. */
export const storeStatements = (database: Database): StoreStatements => ({
  lastPosition: database.prepare<[], number | null>('SELECT max(position) FROM events').pluck(),
  head: database
    .prepare<[string], readonly [number, number]>(
      'SELECT id, (SELECT max(version) FROM events WHERE stream_id = id) FROM streams WHERE name = ?',
    )
    .raw(),
  insertStream: database.prepare('INSERT INTO streams (name) VALUES (?)'),
  insertEvent: database.prepare('INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'),
  insertRequest: database.prepare(
    'INSERT INTO operation_requests (kind, body, requested_at_ms, actor) VALUES (?, ?, ?, ?)',
  ),
});

/** The last position of a store; 0 where it is empty. */
export const lastPositionIn = (database: Database): number => storeStatements(database).lastPosition.get() ?? 0;
