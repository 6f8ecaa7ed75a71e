/** Failures of a delivery that are about what was sent: sending the same again can't help, and other records can pass. */
const RECORD_FAILURES: ReadonlySet<string> = new Set([
  'msg-size-too-large',
  'record-list-too-large',
  'invalid-msg',
  'invalid-msg-size',
  'invalid-record',
  'invalid-timestamp',
  'policy-violation',
  'topic-authorization-failed',
]);

/** Whether a class of failures is one of those. */
export const isAboutRecord = (failureClass: string): boolean => RECORD_FAILURES.has(failureClass);
