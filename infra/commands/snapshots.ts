/** States of long streams, kept so that a command need not read the whole stream. Never the truth: always checked, and dropped when in doubt. */

/** A state as kept. */
export interface Snapshot {
  /** The mark of the decider that made it; of no use to one with another mark. */
  readonly decider: string;
  /** The version and position of the last event in it. */
  readonly version: number;
  readonly position: number;
  readonly state: string;
}

/** Where they are kept. Both may throw: whoever asks reads the stream then. */
export interface SnapshotStore {
  readonly find: (stream: string) => Snapshot | undefined;
  /** Replaces the stream's earlier one. */
  readonly save: (stream: string, snapshot: Snapshot) => void;
}
