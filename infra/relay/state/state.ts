/** What the relay keeps, and what it says of itself. */
export type { RelayFile, SkipResult } from './relay-file';
export type { RelayHoles, RelayPlace, SkipDecision } from './relay-holes';
export type { BlockedPartition, RelayStatus, UnroutableEvents } from './relay-status';
