/** The type of a kind of problem. */

/** One kind of problem. */
export interface ProblemKind {
  readonly status: number;
  readonly title: string;
  /** What it means and what to do, as text. */
  readonly meaning: string;
}
