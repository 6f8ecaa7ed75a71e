/** Copies of dead letters in the group's `.dlt` topic. */
export { runCopying } from './copy-runner';
export { type CopyAttempt, deadLetterCopies, type DeadLetterCopies, type DeadLetterCopy } from './outbox';
export type { CopyingCalls } from './publish';
