/** A consumer's progress in each partition, written in the transaction of its effects, and how operators move it. */
export {
  type Checkpoint,
  checkpointAt,
  type CheckpointMove,
  CheckpointMoved,
  type Checkpoints,
  highWaterAt,
  type Mark,
} from './checkpoint';
export {
  moveOffsets,
  type NotedOffsetMove,
  type NoteOffsetMove,
  type OffsetMove,
  type OffsetOrder,
  type OffsetRequest,
  type OffsetRequests,
  type OffsetRequestStatus,
  readOffsetOrder,
} from './offset-moves';
export { offsetDecision, type OffsetTarget } from './plan-offset-move';
