/** The blocked partitions of a group: what each still has to apply, when it is retried, and what the status says of it. */
import { backoffMs } from '../../backoff';
import { isoTime, type Clock } from '../../clock';
import type { Logger } from '../../logger';
import type { GroupHandler } from './group-handler';
import type { GroupProgress } from './progress';
import { partitionMap, type TopicPartition } from '../../topic-partition';

/** The remaining work of a blocked partition. */
export interface Pending {
  /** Runs the next step; returns whether it was the last one. Rejects with the fault. */
  readonly step: (exhaustedAttempts: number | undefined) => Promise<boolean>;
  /** What the status says while there is no fault. */
  readonly doing: string;
}

export interface BlockingOptions {
  readonly handler: Pick<GroupHandler, 'group' | 'retry'>;
  readonly progress: GroupProgress;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A blocked partition with its remaining work. */
export interface PartitionBlock extends TopicPartition {
  readonly pending: Pending;
  /** When the fault began. */
  sinceMs: number;
  /** The same as ISO 8601, UTC. */
  since: string;
  /** 0 while there is no fault. */
  attempts: number;
  nextAttemptAtMs: number;
  reason: string;
}

/** Retries beyond the bound are rare: an operator has to look, but the fault may still pass by itself. */
const HALTED_RETRY_MS = 5_000;

/** The blocked partitions of one group. */
export interface BlockedPartitions {
  readonly all: () => ReadonlyArray<PartitionBlock>;
  readonly has: (place: TopicPartition) => boolean;
  readonly block: (place: TopicPartition, pending: Pending, fault: unknown) => void;
  readonly isExhausted: (partition: PartitionBlock) => boolean;
  readonly noteFault: (partition: PartitionBlock, error: unknown) => void;
  /** A step succeeded, and there are more. */
  readonly noteStep: (partition: PartitionBlock) => void;
  /** Updates the status of the partition. */
  readonly mark: (partition: PartitionBlock) => void;
  readonly release: (partition: PartitionBlock) => void;
}

/** No partition is blocked yet. */
export const blockedPartitions = ({ handler, progress, clock, logger }: BlockingOptions): BlockedPartitions => {
  const blocked = partitionMap<PartitionBlock>();
  const isExhausted = ({ sinceMs, attempts }: PartitionBlock): boolean =>
    attempts > 0 && clock.monotonicMs() - sinceMs > handler.retry.boundMs;

  const mark = (partition: PartitionBlock): void => {
    const at = progress.partition(partition);
    if (at === undefined) return;
    if (partition.attempts === 0) at.state = 'running';
    else at.state = isExhausted(partition) ? 'halted' : 'retrying';
    at.reason = partition.reason;
  };

  const noteFault = (partition: PartitionBlock, error: unknown): void => {
    if (partition.attempts === 0) {
      partition.sinceMs = clock.monotonicMs();
      partition.since = isoTime(clock.nowMs());
    }
    partition.attempts += 1;
    partition.reason = error instanceof Error ? error.message : String(error);
    const waitMs = backoffMs(clock, partition.attempts);
    const delayMs = isExhausted(partition) ? Math.max(HALTED_RETRY_MS, waitMs) : waitMs;
    partition.nextAttemptAtMs = clock.monotonicMs() + delayMs;
    progress.countRetry(error);
    const { topic, reason } = partition;
    logger.warn(
      { group: handler.group, topic, partition: partition.partition, reason, delayMs },
      'retrying a blocked partition',
    );
    mark(partition);
  };

  return {
    all: blocked.values,
    has: blocked.has,
    isExhausted,
    noteFault,
    mark,
    noteStep: (partition) => {
      partition.attempts = 0;
      partition.reason = partition.pending.doing;
      partition.nextAttemptAtMs = 0;
      mark(partition);
    },
    block: ({ topic, partition }, pending, fault) => {
      const entry: PartitionBlock = {
        topic,
        partition,
        pending,
        sinceMs: 0,
        since: '',
        attempts: 0,
        nextAttemptAtMs: 0,
        reason: '',
      };
      blocked.set(entry, entry);
      noteFault(entry, fault);
    },
    release: (partition) => {
      blocked.delete(partition);
      const at = progress.partition(partition);
      if (at === undefined) return;
      at.state = 'running';
      at.reason = null;
    },
  };
};
