/** Checkpoints that operators move. Every move is recorded permanently in the file of the checkpoints. */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';
import { readRequest } from '../../commands/operation-requests';
import { errorTextOf } from '../../error-text';
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

/** The body of a request to the role that owns the checkpoints. Stored format, version with care. */
export const OffsetMoveRequest = t.strict({ group: t.string, moves: t.readonlyArray(Offset) });
export type OffsetMoveRequest = t.TypeOf<typeof OffsetMoveRequest>;

/** A checkpoint that an operator has moved. */
export interface OffsetMove extends t.TypeOf<typeof Offset> {
  readonly group: string;
}

/** Such a move as it was recorded. */
export interface NotedOffsetMove extends OffsetMove {
  readonly actor: string;
  /** ISO 8601, UTC. */
  readonly movedAt: string;
}

/** Records a move; call it in the transaction of the move. */
export type NoteOffsetMove = (move: OffsetMove, actor: string) => void;

/**
 * Moves checkpoints and records who did it; belongs inside a transaction of the role that owns the file, while the group does
 * not run. The high-water positions stay, so that no event is applied twice, wherever the offset moves. Throws CheckpointMoved
 * where a checkpoint has moved since the request was made.
 */
export const moveOffsets = (
  checkpoints: Checkpoints,
  note: NoteOffsetMove,
  { group, moves }: OffsetMoveRequest,
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

/** A request that was picked up from the store. */
export interface OffsetRequest {
  readonly id: number;
  readonly moveRequest: OffsetMoveRequest;
  readonly actor: string;
}

/** Decodes a request. A Left has the reason why it cannot be read. */
export const readOffsetMoveRequest = (body: string): E.Either<string, OffsetMoveRequest> =>
  E.tryCatch(() => readRequest({ kind: 'move-offsets', body }, OffsetMoveRequest, NO_MOVES), errorTextOf);

const NO_MOVES = 'its body does not describe moves of offsets (integers from 0 on)';

/** The state of such a request. */
export interface OffsetRequestStatus {
  readonly id: number;
  readonly state: 'requested' | 'done' | 'failed';
  readonly reason: string | null;
}

/** Calls belong inside the caller's transaction. */
export interface OffsetRequests {
  readonly add: (id: number, body: string, actor: string) => void;
  /** The requests that are not carried out yet; a Left for one that cannot be read, with the reason. */
  readonly open: () => ReadonlyArray<E.Either<{ readonly id: number; readonly reason: string }, OffsetRequest>>;
  readonly end: (id: number, state: 'done' | 'failed', reason: string | null) => void;
}
