/** What is dead-lettered and what is parked behind it: what the consumer's own file keeps of it. */
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
