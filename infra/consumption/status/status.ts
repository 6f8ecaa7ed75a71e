/** How a consumer group stands, kept where other processes read it. */
export {
  type DeadLetterCopying,
  type GroupStatus,
  groupStatusMigration,
  groupStatusReader,
  groupStatusWriter,
  type PartitionStatus,
} from './group-status';
export { countNames, type Counts, noCounts, type OutcomeCounts } from './outcome-counts';
