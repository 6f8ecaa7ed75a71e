/** A consumer's progress in each partition, written in the transaction of its effects, and how operators move it. */
export {
  type Checkpoint,
  checkpointAt,
  type CheckpointMove,
  CheckpointMoved,
  type Checkpoints,
  highWaterAt,
  type HighWaterPosition,
} from './checkpoint';
export {
  moveOffsets,
  type NotedOffsetMove,
  type NoteOffsetMove,
  type OffsetMove,
  type OffsetMoveRequest,
  type OffsetRequest,
  type OffsetRequests,
  type OffsetRequestStatus,
  readOffsetMoveRequest,
} from './offset-moves';
export { planOffsetMove, type OffsetTarget } from './plan-offset-move';
