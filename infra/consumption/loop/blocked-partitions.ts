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

export interface HoldingOptions {
  readonly handler: Pick<GroupHandler, 'group' | 'retry'>;
  readonly progress: GroupProgress;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A blocked partition with its remaining work. */
export interface Held extends TopicPartition {
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
  readonly all: () => ReadonlyArray<Held>;
  readonly has: (place: TopicPartition) => boolean;
  readonly hold: (place: TopicPartition, pending: Pending, fault: unknown) => void;
  readonly isExhausted: (partition: Held) => boolean;
  readonly noteFault: (partition: Held, error: unknown) => void;
  /** A step succeeded, and there are more. */
  readonly noteStep: (partition: Held) => void;
  /** Updates the status of the partition. */
  readonly mark: (partition: Held) => void;
  readonly release: (partition: Held) => void;
}

/** No partition is blocked yet. */
export const blockedPartitions = ({ handler, progress, clock, logger }: HoldingOptions): BlockedPartitions => {
  const held = partitionMap<Held>();
  const isExhausted = ({ sinceMs, attempts }: Held): boolean =>
    attempts > 0 && clock.monotonicMs() - sinceMs > handler.retry.boundMs;

  const mark = (partition: Held): void => {
    const at = progress.partition(partition);
    if (at === undefined) return;
    if (partition.attempts === 0) at.state = 'running';
    else at.state = isExhausted(partition) ? 'halted' : 'retrying';
    at.reason = partition.reason;
  };

  const noteFault = (partition: Held, error: unknown): void => {
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
    all: held.values,
    has: held.has,
    isExhausted,
    noteFault,
    mark,
    noteStep: (partition) => {
      partition.attempts = 0;
      partition.reason = partition.pending.doing;
      partition.nextAttemptAtMs = 0;
      mark(partition);
    },
    hold: ({ topic, partition }, pending, fault) => {
      const entry: Held = {
        topic,
        partition,
        pending,
        sinceMs: 0,
        since: '',
        attempts: 0,
        nextAttemptAtMs: 0,
        reason: '',
      };
      held.set(entry, entry);
      noteFault(entry, fault);
    },
    release: (partition) => {
      held.delete(partition);
      const at = progress.partition(partition);
      if (at === undefined) return;
      at.state = 'running';
      at.reason = null;
    },
  };
};
