/** The relay's own file and status. */
export type { RelayFile, SkipResult } from './relay-file';
export type { RelayHoles, SkipDecision } from './relay-holes';
export type { BlockedPartition, RelayHeartbeat, RelayStatus, UnroutableEvents } from './relay-status';
