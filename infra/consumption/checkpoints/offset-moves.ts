/** What was done to checkpoints by hand: kept for ever in the file that the checkpoints stand in. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { isoTime, type Clock } from '../../clock';
import { requestBody } from '../../commands/operation-requests';
import type { Database, Migration } from '../../sqlite/database';
import { checkpointAt, CheckpointMoved, type Checkpoints } from './checkpoint-store';
import { partitionName } from '../../topic-partition';

const isOffset = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const WholeNumber = t.refinement(t.number, isOffset, 'an integer from 0 on');

const Offset = t.strict({
  topic: t.string,
  partition: WholeNumber,
  logId: t.string,
  fromOffset: WholeNumber,
  toOffset: WholeNumber,
});

/** What is asked of the role that owns the checkpoints. Stored format, version with care. */
export const OffsetOrder = t.strict({ group: t.string, moves: t.readonlyArray(Offset) });
export type OffsetOrder = t.TypeOf<typeof OffsetOrder>;

/** A checkpoint that a person has moved. */
export interface OffsetMove extends t.TypeOf<typeof Offset> {
  readonly group: string;
}

/** Such a move as it was noted. */
export interface NotedOffsetMove extends OffsetMove {
  readonly actor: string;
  /** ISO 8601, UTC. */
  readonly movedAt: string;
}

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
        -- What was asked of the role that owns the file, and what came of it.
        CREATE TABLE offset_requests (
          id INTEGER PRIMARY KEY,
          body TEXT NOT NULL,
          actor TEXT NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('requested', 'done', 'failed')),
          reason TEXT
        ) STRICT;`,
};

/** Prepares the note; call it in the transaction of the move. */
export const offsetMoveNotes = (database: Database, clock: Clock): ((move: OffsetMove, actor: string) => void) => {
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

/** Reads the notes, newest first; works on a read-only connection too. */
export const readOffsetMoves = (database: Database, limit: number): ReadonlyArray<NotedOffsetMove> =>
  database
    .prepare<[number], MoveRow>(
      `SELECT group_name AS "group", topic, "partition", log_id AS logId, from_offset AS fromOffset, to_offset AS toOffset,
              actor, moved_at_ms AS movedAtMs
         FROM offset_moves ORDER BY id DESC LIMIT ?`,
    )
    .all(limit)
    .map(({ movedAtMs, ...move }) => ({ ...move, movedAt: isoTime(movedAtMs) }));

/**
 * Moves checkpoints and notes who did it; belongs inside a transaction of the role that owns the file, while the group does
 * not run. The high-water positions stay: what was applied is not applied twice, wherever the offset goes. Throws
 * CheckpointMoved where a checkpoint is not where the order found it.
 */
export const moveOffsets = (
  checkpoints: Checkpoints,
  note: ReturnType<typeof offsetMoveNotes>,
  { group, moves }: OffsetOrder,
  actor: string,
): void => {
  const known = checkpoints.read(group);
  for (const move of moves) {
    const at = checkpointAt(known, move);
    if (at === undefined) throw new CheckpointMoved(`${group} has no checkpoint of ${partitionName(move)}`);
    const { logId, fromOffset, toOffset } = move;
    checkpoints.move(group, { ...at, logId, nextOffset: toOffset, fromLogId: logId, fromOffset });
    note({ group, ...move }, actor);
  }
};

// -------------------------------------------------------------------------------------
// Requests
// -------------------------------------------------------------------------------------

/** A request that was taken over from the store. */
export interface OffsetRequest {
  readonly id: number;
  readonly order: OffsetOrder;
  readonly actor: string;
}

/** Reads what is asked for. A Left says why that is none. */
export const readOffsetOrder = (body: string): E.Either<string, OffsetOrder> => {
  try {
    const order = OffsetOrder.decode(requestBody({ body }));
    if (E.isRight(order)) return order;
    return E.left(`it is not a move of offsets, which are integers from 0 on: ${body}`);
  } catch (error) {
    return E.left(error instanceof Error ? error.message : String(error));
  }
};

/** How such a request stands. */
export interface OffsetRequestStatus {
  readonly id: number;
  readonly state: 'requested' | 'done' | 'failed';
  readonly reason: string | null;
}

/** Calls belong inside the caller's transaction. */
export interface OffsetRequests {
  readonly add: (id: number, body: string, actor: string) => void;
  /** A Left for one that cannot be read: why. */
  readonly open: () => ReadonlyArray<E.Either<{ readonly id: number; readonly reason: string }, OffsetRequest>>;
  readonly end: (id: number, state: 'done' | 'failed', reason: string | null) => void;
}

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
        const order = readOffsetOrder(body);
        return E.isLeft(order) ? E.left({ id, reason: order.left }) : E.right({ id, actor, order: order.right });
      }),
    end: (id, state, reason) => void end.run(state, reason, id),
  };
};

/** Reads how a request stands; works on a read-only connection too. */
export const readOffsetRequest = (database: Database, id: number): OffsetRequestStatus | undefined =>
  database.prepare<[number], OffsetRequestStatus>('SELECT id, state, reason FROM offset_requests WHERE id = ?').get(id);
