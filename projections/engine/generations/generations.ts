/** Which version of a projection's tables is served, which is the previous one, and which is being built. */
export type { CandidateGenerations } from './candidate-generations';
export { rebuildConsumer } from './consumer-names';
export { copyReader } from './point-in-time-copies';
export { projectionGenerations, type ServedGenerations } from './projection-generations';
export { assertRebuildable, keyFault, rowKeyOf } from './rebuild-checks';
export {
  defaultRebuildSpec,
  type OpenRebuild,
  type RebuildProgress,
  rebuildRows,
  type RebuildRows,
  type RebuildSpec,
} from './rebuild-ledger';
export { rebuildReader } from './rebuild-status';
export { viewsMigrations } from './schema';
export { servedReader } from './served-generations';
export {
  digestsByPlace,
  type PartitionDigest,
  receivedEventRows,
  type ReceivedEventRows,
  withReceivedEvents,
} from './received-events';
