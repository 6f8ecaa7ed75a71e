/**
 * Applies records and retries while a transient fault lasts. A fault blocks partitions, not the group: a partition whose records
 * cannot be applied keeps them, is not read further, and is retried with growing pauses; the others continue. Nothing is skipped,
 * order is kept, and a partition recovers by itself as soon as the fault has passed, however long that took.
 */
import { TakenOver } from '../../engine-fault';
import type { Exclusive } from '../../exclusive';
import type { LogConsumer, LogRecord } from '../../kafka/event-log';
import { CircuitOpen, NotThisLog, type RecordBatch } from '../intake/intake';
import type { GroupHandler } from './group-handler';
import type { GroupObserver } from '../status/status';
import type { GroupProgress } from './progress';
import { blockedPartitions, type BlockedPartitions, type BlockingOptions, type Pending } from './blocked-partitions';
import { byPartition, partitionMap, partitionName } from '../../topic-partition';

export interface RetryingApplicationOptions extends BlockingOptions {
  readonly handler: GroupHandler;
  readonly oneAtATime: Exclusive;
  readonly stopping: AbortSignal;
  readonly observer?: GroupObserver;
}

export interface RetryingApplication {
  /** Blocks a partition from the start. */
  readonly block: BlockedPartitions['block'];
  /** Assigns the partitions that are not blocked. What was already fetched of a blocked one is fetched again after its release. */
  readonly assign: () => void;
  /** Applies records, or blocks their partitions. Returns whether any were applied. Rejects where this process must stop. */
  readonly take: (records: ReadonlyArray<LogRecord>) => Promise<boolean>;
  readonly retryWhenDue: () => Promise<void>;
  /** The group's state, derived from its partitions. */
  readonly groupState: () => {
    readonly state: 'running' | 'catching-up' | 'retrying' | 'halted';
    readonly reason: string | null;
  };
}

/** Records to be applied by the handler, in one step. */
const pendingRecords = (
  { handler, progress, oneAtATime, clock, observer }: RetryingApplicationOptions,
  records: ReadonlyArray<LogRecord>,
): Pending => ({
  doing: '',
  step: async (exhaustedAttempts) => {
    const batch = batchOf(progress, records);
    const withAttempts = exhaustedAttempts === undefined ? batch : { ...batch, exhaustedAttempts };
    const outcome = await oneAtATime(async () => {
      const startedAtMs = clock.monotonicMs();
      const applied = await handler.apply(withAttempts);
      const { durationMs = clock.monotonicMs() - startedAtMs } = applied;
      observer?.applied(handler.group, durationMs / 1_000);
      progress.tookMs(durationMs, records);
      return applied;
    });
    progress.count(outcome);
    for (const move of batch.moves) {
      const at = progress.partition(move);
      if (at !== undefined) at.nextOffset = move.nextOffset;
    }
    return true;
  },
});

/** The result of a step. */
type Attempted =
  { readonly _tag: 'Through' } | { readonly _tag: 'More' } | { readonly _tag: 'Fault'; readonly fault: unknown };

/** Rejects where this process must stop. */
const attempt = async (pending: Pending, exhaustedAttempts?: number): Promise<Attempted> => {
  try {
    return { _tag: (await pending.step(exhaustedAttempts)) ? 'Through' : 'More' };
  } catch (fault) {
    if (fault instanceof TakenOver || fault instanceof CircuitOpen || fault instanceof NotThisLog) throw fault;
    return { _tag: 'Fault', fault };
  }
};

/** No partition is blocked yet. */
export const applyWithRetry = (options: RetryingApplicationOptions, consumer: LogConsumer): RetryingApplication => {
  const { handler, progress, clock } = options;
  const blocked = blockedPartitions(options);

  const assign = (): void => {
    const open = progress.partitions().filter((each) => handler.topics.includes(each.topic) && !blocked.has(each));
    consumer.assign(open.map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset })));
  };

  const applyEachPartition = async (records: ReadonlyArray<LogRecord>, fault: unknown): Promise<boolean> => {
    const partitions = apartByPartition(records);
    if (partitions.length > 1) progress.countRetry(fault);
    let isAnyApplied = false;
    for (const own of partitions) {
      const pending = pendingRecords(options, own);
      // The only partition of the batch: the fault is known to be its own.
      const attempted: Attempted = partitions.length === 1 ? { _tag: 'Fault', fault } : await attempt(pending);
      const [first] = own;
      if (attempted._tag !== 'Fault') isAnyApplied = true;
      else if (first !== undefined) blocked.block(first, pending, attempted.fault);
    }
    assign();
    return isAnyApplied;
  };

  return {
    block: blocked.block,
    assign,
    take: async (all) => {
      // Drops what was fetched before its partition was blocked, or fetched twice because of a new assignment.
      const records = all.filter((record) => {
        const at = progress.partition(record);
        return !blocked.has(record) && at !== undefined && record.offset >= at.nextOffset;
      });
      if (records.length === 0) return false;
      const attempted = await attempt(pendingRecords(options, records));
      return attempted._tag !== 'Fault' || applyEachPartition(records, attempted.fault);
    },
    retryWhenDue: async () => {
      let isReleased = false;
      for (const partition of blocked.all()) {
        if (options.stopping.aborted) return;
        blocked.mark(partition);
        if (clock.monotonicMs() < partition.nextAttemptAtMs) continue;
        const attempts = blocked.isExhausted(partition) ? partition.attempts + 1 : undefined;
        const attempted = await attempt(partition.pending, attempts);
        if (attempted._tag === 'Fault') blocked.noteFault(partition, attempted.fault);
        else if (attempted._tag === 'More') blocked.noteStep(partition);
        else {
          blocked.release(partition);
          isReleased = true;
        }
      }
      if (isReleased) assign();
    },
    groupState: () => {
      const partitions = blocked.all();
      const worst =
        partitions.find(blocked.isExhausted) ?? partitions.find(({ attempts }) => attempts > 0) ?? partitions[0];
      if (worst === undefined) return { state: 'running', reason: null };
      const { reason, since, attempts } = worst;
      if (attempts === 0) return { state: 'catching-up', reason: `${partitionName(worst)}: ${reason}` };
      if (!blocked.isExhausted(worst)) return { state: 'retrying', reason: `${partitionName(worst)}: ${reason}` };
      return {
        state: 'halted',
        reason: `${partitionName(worst)} has been blocked since ${since}, and is still being retried: ${reason}`,
      };
    },
  };
};

const apartByPartition = (records: ReadonlyArray<LogRecord>): ReadonlyArray<ReadonlyArray<LogRecord>> => {
  const partitions = partitionMap<LogRecord[]>();
  for (const record of records) {
    const own = partitions.get(record);
    if (own === undefined) partitions.set(record, [record]);
    else own.push(record);
  }
  return partitions.values();
};

const batchOf = (progress: GroupProgress, records: ReadonlyArray<LogRecord>): RecordBatch => {
  const moves = byPartition(records)
    .values()
    .map((last) => {
      const at = progress.partition(last);
      if (at === undefined) throw new Error(`received a record of ${partitionName(last)}, which was never assigned`);
      const { topic, partition, offset } = last;
      const { logId, nextOffset: fromOffset } = at;
      return { topic, partition, logId, nextOffset: offset + 1, fromLogId: logId, fromOffset };
    });
  return { records, moves };
};
