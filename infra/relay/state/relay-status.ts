/** How the relay stands, as operators see it. */

/** A partition behind an event that Kafka does not take; all other partitions go on. */
export interface BlockedPartition {
  readonly topic: string;
  readonly partition: number;
  /** The event that stands in the way, and everything of the partition after it waits. */
  readonly position: number;
  readonly eventId: string;
  /** How many events are held back: this one, and those behind it. */
  readonly events: number;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly attempts: number;
  /** ISO 8601, UTC: it is tried again by itself, for a limit may be raised. */
  readonly nextAttemptAt: string;
}

/** Events of a category that the program has no aggregate for: they are published once it has. */
export interface UnroutableEvents {
  readonly category: string;
  readonly events: number;
  readonly firstPosition: number;
  readonly firstEventId: string;
  readonly lastPosition: number;
}

export interface RelayStatus {
  /** `blocked`: events are published, but not those of the partitions that `blocked` lists. */
  readonly state: 'waiting-for-lease' | 'starting' | 'running' | 'blocked' | 'retrying' | 'halted' | 'stopped';
  /** Why it is not running, and what to do; while it runs, what is to be known of its topics. */
  readonly reason: string | null;
  /** Where it is halted because Kafka and the store are not the same history. */
  readonly cause: 'store-behind' | 'other-store' | null;
  /** Since when it is in this state: ISO 8601, UTC. */
  readonly since: string;
  readonly broker: 'embedded' | 'real' | null;
  /** Every event at or below this position is acknowledged by Kafka, or stands below. */
  readonly cursor: number;
  /** The last position that was handed to the Kafka client; absent before anything was. */
  readonly sentPosition?: number;
  /** The store's last position when the relay last looked. */
  readonly storePosition: number;
  /** Events that Kafka does not have: those behind the cursor, and those that blocked partitions hold back. */
  readonly lagEvents: number;
  /** Age of the oldest of them; 0 when there is none. */
  readonly lagSeconds: number;
  readonly published: number;
  /** Events found in Kafka already after a restart, and not published again. */
  readonly skipped: number;
  readonly failures: Readonly<Record<string, number>>;
  readonly blocked: ReadonlyArray<BlockedPartition>;
  readonly unroutable: ReadonlyArray<UnroutableEvents>;
  /** The topics as the relay declared and found them. */
  readonly topics: ReadonlyArray<{ readonly topic: string; readonly partitions: number; readonly logId: string }>;
  /** ISO 8601, UTC: written every few seconds while the relay lives. */
  readonly updatedAt: string;
}
