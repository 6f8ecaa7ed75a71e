/** What is dead-lettered and what is parked behind it, kept in the consumer's own file. */
export { type AuditContext, deadLetterRows, type DeadLetterRows, type FirstDeadLetter } from './dead-letters';
export {
  deadLetterStacksMigration,
  type DefectCalls,
  defectLog,
  type DefectLog,
  logDefects,
  type LoggedDefect,
} from './defect-log';
export { type CircuitBreakers, circuitBreakersOf } from './failure-rate-store';
export { decodeHeaders } from './header-codec';
export { discardsOf, quarantineOf } from './quarantine';
export { deadLetterCopyingMigration, deadLettersMigration } from './schema';
