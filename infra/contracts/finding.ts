/** One result of a contract check, with what to do about it. */
export interface Finding {
  /** Which contract, topic or fixture. */
  readonly subject: string;
  readonly problem: string;
  /** What to do. */
  readonly remedy: string;
  /** Lines of evidence: changes, the smallest example, who reads the field. */
  readonly details: ReadonlyArray<string>;
  /** Whether the change may go into the lock as it is, once it has been agreed to. */
  readonly acceptable: boolean;
  /** Only a description changed, which no reader of events notices. */
  readonly wordsOnly?: true;
  /** For a change of a shape: which readers are still compatible. */
  readonly compatibility?: 'full' | 'backward' | 'forward' | 'breaking';
}
