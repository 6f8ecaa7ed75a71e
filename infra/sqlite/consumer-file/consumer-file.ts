/**
 * A consumer's own file in SQLite: checkpoints, statuses, dead letters, parked events, redrives and copies, in tables that are
 * written in one transaction with the effects. It implements the ports of infra/consumption and infra/dead-letters.
 */
export { checkpointMigration, checkpointsOf } from './checkpoints';
export { type DeadLetterFile, deadLetterSource } from './dead-letter-source';
export { deadLetterReader } from './dead-letters-reader';
export { deadLetterCopyingMigration, deadLettersMigration, deadLetterStacksMigration } from './dead-letters-schema';
export { failedRequestsMigration, readFailedRequests } from './failed-requests';
export { readGroupCheckpoints, readOffsetMovesIn } from './file-readers';
export { groupStatusMigration, groupStatusReader, groupStatusWriter } from './group-status';
export { offsetMovesMigration, readOffsetRequest } from './offset-moves';
export { parkedUnder } from './parked-events';
export { passedEvents } from './passed-events';
export { discardsOf } from './quarantine';
export { consumerFile, consumerTables } from './tables';
export { unresolvedReader } from './unresolved';
