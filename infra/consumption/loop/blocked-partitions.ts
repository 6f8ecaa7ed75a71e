/** The partitions of a group that do not go through: what each keeps, when it is tried again, how it looks in the status. */
import { backoffMs } from '../../backoff';
import { isoTime, type Clock } from '../../clock';
import type { Logger } from '../../logger';
import type { GroupHandler } from './group-handler';
import type { GroupProgress } from './progress';
import { partitionMap, type TopicPartition } from '../../topic-partition';

/** What a held partition has before it. */
export interface Pending {
  /** The next step of it; returns whether that was all. Rejects with the fault. */
  readonly step: (exhaustedAttempts: number | undefined) => Promise<boolean>;
  /** What is done, for people, while no fault stands in the way. */
  readonly doing: string;
}

export interface HoldingOptions {
  readonly handler: Pick<GroupHandler, 'group' | 'retry'>;
  readonly progress: GroupProgress;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** A partition that does not go through, with what it keeps. */
export interface Held extends TopicPartition {
  readonly pending: Pending;
  /** When the fault began. */
  sinceMs: number;
  /** The same, for people. */
  since: string;
  /** 0 while there is no fault. */
  attempts: number;
  nextAttemptAtMs: number;
  reason: string;
}

/** A retry beyond its bound: seldom, for an operator has to look, and yet it may pass by itself. */
const HALTED_RETRY_MS = 5_000;

/** The partitions that are held, and how they look in the status. */
export interface BlockedPartitions {
  readonly all: () => ReadonlyArray<Held>;
  readonly has: (place: TopicPartition) => boolean;
  readonly hold: (place: TopicPartition, pending: Pending, fault: unknown) => void;
  readonly isExhausted: (partition: Held) => boolean;
  readonly noteFault: (partition: Held, error: unknown) => void;
  /** A step went through, and there are more. */
  readonly noteStep: (partition: Held) => void;
  /** Says in the status how it stands by now. */
  readonly mark: (partition: Held) => void;
  readonly release: (partition: Held) => void;
}

/** None is held yet. */
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
    logger.warn({ group: handler.group, topic, partition: partition.partition, reason, delayMs }, 'tries again');
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
