/** Operators' requests that could not be carried out, as rows. */
import { isoTime, type Clock } from '../../clock';
import type { FailedRequest, NoteFailedRequest } from '../../dead-letters/redrive/redrive';
import type { Database, Migration } from '../database';

/** Add this step to the migrations of a consumer's file. */
export const failedRequestsMigration: Migration = {
  name: 'failed requests',
  sql: `-- By the ids of the store's requests.
        CREATE TABLE failed_requests (
          id INTEGER PRIMARY KEY,
          kind TEXT NOT NULL,
          actor TEXT NOT NULL,
          reason TEXT NOT NULL,
          failed_at_ms INTEGER NOT NULL
        ) STRICT;`,
};

/** Prepares the statement on a file that has {@link failedRequestsMigration}. */
export const failedRequestNotes = (database: Database, clock: Clock): NoteFailedRequest => {
  const insert = database.prepare<[number, string, string, string, number]>(
    'INSERT INTO failed_requests VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
  );
  return ({ id, kind, actor }, reason) => void insert.run(id, kind, actor, reason, clock.nowMs());
};

interface Row extends Omit<FailedRequest, 'failedAt'> {
  readonly failedAtMs: number;
}

/** The failed requests, newest first; works on a read-only connection too. */
export const readFailedRequests = (database: Database, limit: number): ReadonlyArray<FailedRequest> =>
  database
    .prepare<[number], Row>(
      'SELECT id, kind, actor, reason, failed_at_ms AS failedAtMs FROM failed_requests ORDER BY id DESC LIMIT ?',
    )
    .all(limit)
    .map(({ failedAtMs, ...row }) => ({ ...row, failedAt: isoTime(failedAtMs) }));
