/** What operators read of dead letters, from all files. */
export { deadLetterDirectory, type DeadLetterDirectory } from './all-files-reader';
export {
  type AuditEntry,
  type DeadLetter,
  type DeadLetterCount,
  type DeadLetterDetail,
  type DeadLetterFilter,
  type DeadLetterStatus,
  deadLetterStatuses,
  parseDeadLetterId,
  type RedriveStatus,
} from './dead-letters-reader';
export { type ParkedRecord, parkedUnder } from './parked-events';
export { withUnresolvedReason } from './status-reason';
