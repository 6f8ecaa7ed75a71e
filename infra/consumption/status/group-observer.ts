/** The port of a consumer group to metrics. */

/** The cause of a retry: Kafka, a file of the engine or its disk, something that one event needs, or anything else. */
export type RetryClass = 'broker' | 'store' | 'event' | 'other';

export interface GroupObserver {
  /** A batch was applied. */
  readonly applied: (group: string, durationSeconds: number) => void;
  /** An attempt has failed and is retried. */
  readonly retried: (group: string, failed: RetryClass) => void;
  /** Offsets could not be committed to Kafka. */
  readonly commitFailed: (group: string) => void;
}
