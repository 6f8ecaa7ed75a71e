/** Where a command of the command line writes, and for whom. */
export interface Output {
  /** JSON lines for scripts, instead of lines for people. */
  readonly json: boolean;
  readonly print: (line: string) => void;
}
