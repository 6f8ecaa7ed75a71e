/** The storage of dead letters and parked events in the consumer's own file. */
export {
  type AuditContext,
  type DeadLetterRows,
  type FirstDeadLetter,
  FOREIGN_LIMITS,
  isForeign,
  type ParkedEvent,
  type ParkedEvents,
} from './dead-letters';
export { type DefectCalls, type DefectLog, logDefects, type LoggedDefect } from './defect-log';
