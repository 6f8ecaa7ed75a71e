/** Where a command writes its output, and in which format. */
export interface Output {
  /** JSON lines for scripts instead of text. */
  readonly json: boolean;
  readonly print: (line: string) => void;
}
