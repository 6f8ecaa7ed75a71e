/** How far a consumer has come in each partition, kept in the transaction of its effects, and how operators move it. */
export {
  type Checkpoint,
  checkpointAt,
  checkpointMigration,
  type CheckpointMove,
  CheckpointMoved,
  type Checkpoints,
  checkpointsOf,
  highWaterAt,
  type Mark,
} from './checkpoint-store';
export {
  moveOffsets,
  type OffsetMove,
  offsetMoveNotes,
  offsetMovesMigration,
  type OffsetOrder,
  type OffsetRequest,
  offsetRequests,
  type OffsetRequests,
  type OffsetRequestStatus,
  readOffsetMoves,
  readOffsetOrder,
  readOffsetRequest,
} from './offset-moves';
export { offsetDecision, type OffsetTarget } from './plan-offset-move';
