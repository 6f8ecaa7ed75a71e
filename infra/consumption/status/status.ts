/** The status of a consumer group, written for other processes to read. */
export type { DeadLetterCopying, GroupHeartbeat, GroupLoad, GroupStatus, PartitionStatus } from './group-status';
export type { GroupObserver, RetryClass } from './group-observer';
export { countNames, type Counts, noCounts, type OutcomeCounts, type TimedCounts } from './outcome-counts';
