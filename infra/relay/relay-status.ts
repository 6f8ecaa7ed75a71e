/** How the relay stands, as operators see it. */

export interface RelayStatus {
  readonly state: 'waiting-for-lease' | 'starting' | 'running' | 'retrying' | 'halted' | 'stopped';
  /** Why it is not running, and what to do; while it runs, what is to be known of its topics. */
  readonly reason: string | null;
  /** Where it is halted because Kafka and the store are not the same history. */
  readonly cause: 'store-behind' | 'other-store' | null;
  readonly broker: 'embedded' | 'real' | null;
  /** Every event at or below this position is acknowledged by Kafka. */
  readonly cursor: number;
  /** The store's last position when the relay last looked. */
  readonly storePosition: number;
  readonly lagEvents: number;
  /** Age of the oldest event that Kafka has not acknowledged; 0 when there is none. */
  readonly lagSeconds: number;
  readonly published: number;
  /** Events found in Kafka already after a restart, and not published again. */
  readonly skipped: number;
  readonly failures: Readonly<Record<string, number>>;
  /** The topics as the relay declared and found them. */
  readonly topics: ReadonlyArray<{ readonly topic: string; readonly partitions: number; readonly logId: string }>;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
}
