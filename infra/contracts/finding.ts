/** What a check of the contracts has to say: to a stranger, so with what to do. */
export interface Finding {
  /** Which contract, topic or fixture. */
  readonly subject: string;
  readonly problem: string;
  /** What to do. */
  readonly remedy: string;
  /** Lines that show it: changes, the smallest example, who reads the field. */
  readonly details: ReadonlyArray<string>;
  /** Whether it is a change that the lock may take as it is, once people have agreed to it. */
  readonly acceptable: boolean;
  /** It is a change of words for people, which no reader of events notices. */
  readonly wordsOnly?: true;
  /** For a change of a shape: who is still served. */
  readonly compatibility?: 'full' | 'backward' | 'forward' | 'breaking';
}
