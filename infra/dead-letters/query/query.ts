/** The queries for operators on the dead letters of all files. */
export {
  deadLetterDirectory,
  type DeadLetterDirectory,
  type DeadLetterFileReader,
  type DeadLetterSource,
} from './all-files-reader';
export {
  type AuditEntry,
  type DeadLetter,
  type DeadLetterCount,
  type DeadLetterDetail,
  type DeadLetterFilter,
  type DeadLetterReader,
  type DeadLetterStatus,
  deadLetterStatuses,
  parseDeadLetterId,
  type RedriveStatus,
} from './dead-letters-reader';
export type { ParkedRecord, PassedEvents } from './parked-records';
export { type UnresolvedReader, withUnresolvedReason } from './status-reason';
