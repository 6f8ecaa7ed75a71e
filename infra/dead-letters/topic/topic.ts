/** Copies of dead letters in the group's `.dlt` topic. */
export { runCopying } from './copy-runner';
export { type CopiedLetter, type CopyAttempt, copyHeaders, type DeadLetterCopies, type DeadLetterCopy } from './outbox';
export type { CopyingCalls } from './publish';
