/** Events counted by their outcome. */

/** The outcomes of the events of a batch; the counts of one group add up over time. */
export interface OutcomeCounts {
  readonly applied: number;
  /** Nothing had to change: known already, or discarded by an operator. */
  readonly skipped: number;
  /** Of a type that the group does not handle, or irrelevant to it. */
  readonly notApplicable: number;
  /** At or below the high-water position: delivered before. */
  readonly duplicates: number;
  /** Parked behind a dead letter of their stream. */
  readonly parked: number;
  // Failed for good, by class; dead-lettered in the same transaction.
  readonly malformed: number;
  readonly unknownContract: number;
  readonly transient: number;
  readonly rejected: number;
  readonly defect: number;
  // Records that are not this store's events in their place; dead-lettered without quarantining a stream.
  readonly foreign: number;
  readonly misplaced: number;
}

/** Counts of one batch. */
export interface TimedCounts extends OutcomeCounts {
  /** How long the handler took; absent where whoever asked has waited for nothing else. */
  readonly durationMs?: number;
}

/** Counts that are still being added to. */
export type Counts = { -readonly [Name in keyof OutcomeCounts]: OutcomeCounts[Name] };

/** All counts at zero. */
export const noCounts = (): Counts => ({
  applied: 0,
  skipped: 0,
  notApplicable: 0,
  duplicates: 0,
  parked: 0,
  malformed: 0,
  unknownContract: 0,
  transient: 0,
  rejected: 0,
  defect: 0,
  foreign: 0,
  misplaced: 0,
});

/** The names of all outcomes. */
export const countNames = Object.keys(noCounts()) as ReadonlyArray<keyof OutcomeCounts>;
