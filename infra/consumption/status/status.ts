/** How a consumer group stands, kept where other processes read it. */
export type { DeadLetterCopying, GroupStatus, PartitionStatus } from './group-status';
export { countNames, type Counts, noCounts, type OutcomeCounts, type TimedCounts } from './outcome-counts';
