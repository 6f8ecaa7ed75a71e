/** The relay's status as operators see it. */
import type { TopicPartition } from '../../topic-partition';

/** A partition blocked by an event that Kafka rejects; all other partitions continue. */
export interface BlockedPartition extends TopicPartition {
  /** The position of that event; later events of the partition are not published before it. */
  readonly position: number;
  readonly eventId: string;
  /** How many events are held back: this one, and those behind it. */
  readonly events: number;
  readonly reason: string;
  /** ISO 8601, UTC. */
  readonly since: string;
  readonly attempts: number;
  /** When the event is retried: ISO 8601, UTC. */
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

/** The heartbeats that the relay sends through Kafka, so that a flow without events can be told from a dead one. */
export interface RelayHeartbeat {
  /** When the last one was sent: ISO 8601, UTC. */
  readonly sentAt: string;
  /** When the last one that Kafka has acknowledged was sent; null before the first. */
  readonly acknowledgedSentAt: string | null;
}

export interface RelayStatus {
  /** `blocked`: events are published, but not those of the partitions that `blocked` lists. */
  readonly state: 'waiting-for-lease' | 'starting' | 'running' | 'blocked' | 'retrying' | 'halted' | 'stopped';
  /** Why it is not running, and what to do; while it runs, a warning about its topics. */
  readonly reason: string | null;
  /** Set where it is halted because Kafka and the store have different histories. */
  readonly cause: 'store-behind' | 'other-store' | null;
  /** When it entered this state: ISO 8601, UTC. */
  readonly since: string;
  readonly broker: 'embedded' | 'real' | null;
  /** Every event at or below this position is acknowledged by Kafka, or listed in `blocked` or `unroutable`, or withheld. */
  readonly cursor: number;
  /** The last position that was passed to the Kafka client; absent before the first one. */
  readonly sentPosition?: number;
  /** The store's last position when the relay last read it. */
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
  /** The topics that the relay publishes to. */
  readonly topics: ReadonlyArray<{ readonly topic: string; readonly partitions: number; readonly logId: string }>;
  /** Absent before the first one, and where none are sent. */
  readonly heartbeat?: RelayHeartbeat;
  /** ISO 8601, UTC: updated every few seconds while the relay runs. */
  readonly updatedAt: string;
}
