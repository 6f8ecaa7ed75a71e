/** What was done to checkpoints by hand: kept for ever in the file that the checkpoints stand in. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { requestBody } from '../../commands/operation-requests';
import { checkpointAt, CheckpointMoved, type Checkpoints } from './checkpoint';
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

/** Notes a move; call it in the transaction of the move. */
export type NoteOffsetMove = (move: OffsetMove, actor: string) => void;

/**
 * Moves checkpoints and notes who did it; belongs inside a transaction of the role that owns the file, while the group does
 * not run. The high-water positions stay: what was applied is not applied twice, wherever the offset goes. Throws
 * CheckpointMoved where a checkpoint is not where the order found it.
 */
export const moveOffsets = (
  checkpoints: Checkpoints,
  note: NoteOffsetMove,
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
