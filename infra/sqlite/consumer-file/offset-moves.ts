/** Moves of offsets by operators, and the requests for them, as rows that are never deleted. */
import * as E from 'fp-ts/Either';
import { isoTime, type Clock } from '../../clock';
import {
  readOffsetMoveRequest,
  type NotedOffsetMove,
  type NoteOffsetMove,
  type OffsetRequests,
  type OffsetRequestStatus,
} from '../../consumption/checkpoints/checkpoints';
import type { Database, Migration } from '../database';

/** Add this step to the migrations of a consumer's file. */
export const offsetMovesMigration: Migration = {
  name: 'offset moves',
  sql: `CREATE TABLE offset_moves (
          id INTEGER PRIMARY KEY,
          group_name TEXT NOT NULL,
          topic TEXT NOT NULL,
          "partition" INTEGER NOT NULL,
          log_id TEXT NOT NULL,
          from_offset INTEGER NOT NULL,
          to_offset INTEGER NOT NULL,
          actor TEXT NOT NULL,
          moved_at_ms INTEGER NOT NULL
        ) STRICT;
        -- Requests to the role that owns the file, with their results.
        CREATE TABLE offset_requests (
          id INTEGER PRIMARY KEY,
          body TEXT NOT NULL,
          actor TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('requested', 'done', 'failed')),
          reason TEXT
        ) STRICT;`,
};

/** Prepares the statement; call it in the transaction of the move. */
export const offsetMoveNotes = (database: Database, clock: Clock): NoteOffsetMove => {
  const insert = database.prepare<[string, string, number, string, number, number, string, number]>(
    `INSERT INTO offset_moves (group_name, topic, "partition", log_id, from_offset, to_offset, actor, moved_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return ({ group, topic, partition, logId, fromOffset, toOffset }, actor) =>
    void insert.run(group, topic, partition, logId, fromOffset, toOffset, actor, clock.nowMs());
};

interface MoveRow extends Omit<NotedOffsetMove, 'movedAt'> {
  readonly movedAtMs: number;
}

/** Reads the moves, newest first; works on a read-only connection too. */
export const readOffsetMoves = (database: Database, limit: number): ReadonlyArray<NotedOffsetMove> =>
  database
    .prepare<[number], MoveRow>(
      `SELECT group_name AS "group", topic, "partition", log_id AS logId, from_offset AS fromOffset, to_offset AS toOffset,
              actor, moved_at_ms AS movedAtMs
         FROM offset_moves ORDER BY id DESC LIMIT ?`,
    )
    .all(limit)
    .map(({ movedAtMs, ...move }) => ({ ...move, movedAt: isoTime(movedAtMs) }));

/** Prepares the statements on a file that has {@link offsetMovesMigration}. */
export const offsetRequests = (database: Database): OffsetRequests => {
  const insert = database.prepare<[number, string, string]>(
    `INSERT INTO offset_requests VALUES (?, ?, ?, 'requested', NULL) ON CONFLICT DO NOTHING`,
  );
  const open = database.prepare<[], { readonly id: number; readonly body: string; readonly actor: string }>(
    `SELECT id, body, actor FROM offset_requests WHERE state = 'requested' ORDER BY id`,
  );
  const end = database.prepare<[string, string | null, number]>(
    'UPDATE offset_requests SET state = ?, reason = ? WHERE id = ?',
  );
  return {
    add: (id, body, actor) => void insert.run(id, body, actor),
    open: () =>
      open.all().map(({ id, body, actor }) => {
        const moveRequest = readOffsetMoveRequest(body);
        return E.isLeft(moveRequest)
          ? E.left({ id, reason: moveRequest.left })
          : E.right({ id, actor, moveRequest: moveRequest.right });
      }),
    end: (id, state, reason) => void end.run(state, reason, id),
  };
};

/** Reads the state of a request; works on a read-only connection too. */
export const readOffsetRequest = (database: Database, id: number): OffsetRequestStatus | undefined =>
  database.prepare<[number], OffsetRequestStatus>('SELECT id, state, reason FROM offset_requests WHERE id = ?').get(id);
