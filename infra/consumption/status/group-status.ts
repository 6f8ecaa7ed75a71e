/** The status of a consumer group as operators see it; a row in the group's own file, for other processes to read. */
import type { OutcomeCounts } from './outcome-counts';
import type { TopicPartition } from '../../topic-partition';

/** The status of one partition of a group. */
export interface PartitionStatus extends TopicPartition {
  readonly nextOffset: number;
  readonly highWaterPosition: number;
  /** The end of the log as the group last read it; null before that. */
  readonly logEndOffset: number | null;
  /** `logEndOffset - nextOffset`; null where the end of the log is unknown. */
  readonly lag: number | null;
  /** `retrying`: a transient fault blocks it; `halted`: for longer than the bound. The other partitions continue. */
  readonly state: 'running' | 'retrying' | 'halted';
  readonly reason: string | null;
}

/** Dead letters that are not copied to their topic yet. */
export interface DeadLetterCopying {
  readonly waiting: number;
  /** Those among them that the topic rejects; they are retried, rarely. */
  readonly failed: number;
  /** Why they cannot be copied; null while there is no fault. */
  readonly reason: string | null;
  /** Since when none can be copied: ISO 8601, UTC; null while there is no fault. */
  readonly since: string | null;
}

/** A heartbeat of the relay that came to a group the way its events come. */
export interface GroupHeartbeat {
  /** When the relay sent it: ISO 8601, UTC. */
  readonly sentAt: string;
  /** When the group read it: ISO 8601, UTC. */
  readonly readAt: string;
}

/** A key with many records. */
export interface HotKey {
  readonly key: string;
  /** An upper bound. */
  readonly records: number;
  /** A lower bound. */
  readonly atLeast: number;
}

/** The load of a group over the last minutes. */
export interface GroupLoad {
  /** How long its last batches took. */
  readonly processing: {
    readonly batches: number;
    readonly p50Seconds: number;
    readonly p99Seconds: number;
    /** How long an event took in the last ten of them. */
    readonly eventSeconds: number;
  };
  /** The keys with the most records of each topic, the hottest first; what came a minute ago counts half. */
  readonly hottestKeys: ReadonlyArray<{
    readonly topic: string;
    /** Of all keys. */
    readonly records: number;
    readonly keys: ReadonlyArray<HotKey>;
  }>;
}

/** The status of a consumer group; its load is absent before the first batch. */
export interface GroupStatus extends Partial<GroupLoad> {
  readonly group: string;
  /** `halted` needs an operator: `reason` says why and what to do. */
  readonly state: 'starting' | 'catching-up' | 'running' | 'retrying' | 'halted' | 'stopped';
  readonly reason: string | null;
  /** When it entered this state: ISO 8601, UTC. */
  readonly since: string;
  readonly lag: number | null;
  /** Counted since this process started. */
  readonly outcomes: Readonly<Record<keyof OutcomeCounts | 'retries', number>>;
  readonly partitions: ReadonlyArray<PartitionStatus>;
  /** Absent where no copy is pending. */
  readonly deadLetterCopies?: DeadLetterCopying;
  /** The last one; absent before the first, and where the group reads none. */
  readonly heartbeat?: GroupHeartbeat;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
}
