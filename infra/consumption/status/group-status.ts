/** How a consumer group stands, as operators see it; kept as a row in the group's own file, for other processes to read. */
import type { OutcomeCounts } from './outcome-counts';

/** How a partition of a group stands. */
export interface PartitionStatus {
  readonly topic: string;
  readonly partition: number;
  readonly nextOffset: number;
  readonly highWaterPosition: number;
  /** The end of the log as the group saw it last; null before the first look. */
  readonly logEndOffset: number | null;
  /** `logEndOffset - nextOffset`; null before the first look. */
  readonly lag: number | null;
  /** `retrying`: a fault that should pass holds it; `halted`: for longer than its bound. The others go on. */
  readonly state: 'running' | 'retrying' | 'halted';
  readonly reason: string | null;
}

/** Dead letters that their topic does not hold yet. */
export interface DeadLetterCopying {
  readonly waiting: number;
  /** Those among them that the topic does not take; they are tried again, rarely. */
  readonly failed: number;
  /** Why they are not there; null while they are on their way. */
  readonly reason: string | null;
  /** Since when none goes through: ISO 8601, UTC; null while they do. */
  readonly since: string | null;
}

/** How a consumer group stands. */
export interface GroupStatus {
  readonly group: string;
  /** `halted` needs an operator: `reason` says why and what to do. */
  readonly state: 'starting' | 'catching-up' | 'running' | 'retrying' | 'halted' | 'stopped';
  readonly reason: string | null;
  /** Since when it is in this state: ISO 8601, UTC. */
  readonly since: string;
  readonly lag: number | null;
  /** Since this process started. */
  readonly outcomes: Readonly<Record<keyof OutcomeCounts | 'retries', number>>;
  readonly partitions: ReadonlyArray<PartitionStatus>;
  /** Absent where none waits. */
  readonly deadLetterCopies?: DeadLetterCopying;
  /** ISO 8601, UTC. */
  readonly updatedAt: string;
}
