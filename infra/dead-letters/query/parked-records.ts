/** What a group has set aside under some keys: dead letters, and the events that wait behind them. */

/** Where it stands, and why it was set aside. */
export interface ParkedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly reason: string;
}

/** What a group has passed without applying it: it waits behind a dead letter, or somebody has decided to go on without it. */
export interface PassedEvents {
  /** Quarantined streams with the position from which on nothing of them is applied. */
  readonly waiting: ReadonlyMap<string, number>;
  /** The ids of discarded events. */
  readonly discarded: ReadonlySet<string>;
}
