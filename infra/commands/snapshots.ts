/** Snapshots of long streams, so that a command need not read the whole stream. Only an optimisation: always checked, and discarded when in doubt. */

/** A stored state. */
export interface Snapshot {
  /** Fingerprint of the decider that made it; another decider can't use it. */
  readonly decider: string;
  /** Version of the last event that it includes. */
  readonly version: number;
  readonly position: number;
  readonly state: string;
}

/** Stores snapshots. Both may throw: the caller then reads the stream. */
export interface SnapshotStore {
  readonly find: (stream: string) => Snapshot | undefined;
  /** Replaces the stream's earlier one. */
  readonly save: (stream: string, snapshot: Snapshot) => void;
}
