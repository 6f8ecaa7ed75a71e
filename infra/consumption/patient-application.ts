/**
 * Applies what comes in, and keeps trying where a fault should pass. Faults hold partitions, not the group: a partition whose
 * records do not go through keeps them, is read no further, and is tried again with growing pauses; the others go on. Nothing
 * is skipped, order is kept, and a partition heals by itself as soon as the fault has passed, however long that took.
 */
import { backoffMs } from '../backoff';
import { isoTime, type Clock } from '../clock';
import type { Exclusive } from '../exclusive';
import type { LogConsumer, LogRecord } from '../kafka/event-log';
import type { Logger } from '../logger';
import { LeaseLost } from '../sqlite/lease';
import { CheckpointMoved } from './checkpoints';
import { CircuitOpen } from './circuit-breaker';
import type { GroupHandler, RecordBatch } from './group-handler';
import type { GroupProgress } from './group-progress';

export interface PatientApplicationOptions {
  readonly handler: GroupHandler;
  readonly progress: GroupProgress;
  readonly oneAtATime: Exclusive;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

export interface PatientApplication {
  /** Applies records, or holds their partitions. Answers whether any went through. Rejects where this process may not go on. */
  readonly take: (records: ReadonlyArray<LogRecord>) => Promise<boolean>;
  readonly retryWhenDue: () => Promise<void>;
  /** How the group stands, by its partitions. */
  readonly standing: () => { readonly state: 'running' | 'retrying' | 'halted'; readonly reason: string | null };
}

/** The checkpoints are another process's to move now. */
export const isTakenOver = (error: unknown): boolean => error instanceof CheckpointMoved || error instanceof LeaseLost;

/** A partition that does not go through, with the records that it keeps. */
interface Held {
  readonly topic: string;
  readonly partition: number;
  readonly records: ReadonlyArray<LogRecord>;
  readonly sinceMs: number;
  /** The same, for people. */
  readonly since: string;
  attempts: number;
  nextAttemptAtMs: number;
  reason: string;
}

/** A retry beyond its bound: seldom, for a person has to look, and yet it may pass by itself. */
const HALTED_RETRY_MS = 5_000;

/** The partitions that are held, and how they look in the status. */
interface HeldPartitions {
  readonly all: () => ReadonlyArray<Held>;
  readonly has: (place: Place) => boolean;
  readonly hold: (records: ReadonlyArray<LogRecord>, error: unknown) => void;
  readonly isExhausted: (partition: Held) => boolean;
  readonly noteFault: (partition: Held, error: unknown) => void;
  /** Says in the status how it stands by now. */
  readonly mark: (partition: Held) => void;
  readonly release: (partition: Held) => void;
}

const heldPartitions = ({ handler, progress, clock, logger }: PatientApplicationOptions): HeldPartitions => {
  const held = new Map<string, Held>();
  const isExhausted = ({ sinceMs }: Held): boolean => clock.monotonicMs() - sinceMs > handler.retry.boundMs;

  const mark = (partition: Held): void => {
    const at = progress.partition(partition.topic, partition.partition);
    if (at === undefined) return;
    at.state = isExhausted(partition) ? 'halted' : 'retrying';
    at.reason = partition.reason;
  };

  const noteFault = (partition: Held, error: unknown): void => {
    partition.attempts += 1;
    partition.reason = error instanceof Error ? error.message : String(error);
    const waitMs = backoffMs(clock, partition.attempts);
    const delayMs = isExhausted(partition) ? Math.max(HALTED_RETRY_MS, waitMs) : waitMs;
    partition.nextAttemptAtMs = clock.monotonicMs() + delayMs;
    progress.countRetry();
    const { topic, reason } = partition;
    logger.warn({ group: handler.group, topic, partition: partition.partition, reason, delayMs }, 'tries again');
    mark(partition);
  };

  return {
    all: () => [...held.values()],
    has: (place) => held.has(placeOf(place)),
    isExhausted,
    noteFault,
    mark,
    hold: (records, error) => {
      const [first] = records;
      if (first === undefined) return;
      const { topic, partition } = first;
      const times = { sinceMs: clock.monotonicMs(), since: isoTime(clock.nowMs()), nextAttemptAtMs: 0 };
      const entry: Held = { topic, partition, records, ...times, attempts: 0, reason: '' };
      held.set(placeOf(first), entry);
      noteFault(entry, error);
    },
    release: (partition) => {
      held.delete(placeOf(partition));
      const at = progress.partition(partition.topic, partition.partition);
      if (at === undefined) return;
      at.state = 'running';
      at.reason = null;
    },
  };
};

/** Undefined where the records went through; otherwise the fault. Rejects where this process may not go on. */
const attempt = async (
  { handler, progress, oneAtATime }: PatientApplicationOptions,
  records: ReadonlyArray<LogRecord>,
  exhaustedAttempts?: number,
): Promise<unknown> => {
  const batch = batchOf(progress, records);
  try {
    const withAttempts = exhaustedAttempts === undefined ? batch : { ...batch, exhaustedAttempts };
    progress.count(await oneAtATime(() => handler.apply(withAttempts)));
    for (const { topic, partition, nextOffset } of batch.moves) {
      const at = progress.partition(topic, partition);
      if (at !== undefined) at.nextOffset = nextOffset;
    }
    return undefined;
  } catch (error) {
    if (isTakenOver(error) || error instanceof CircuitOpen) throw error;
    return error ?? new Error('the handler failed without a reason');
  }
};

/** Holds nothing yet; the consumer is assigned. */
export const patientApplication = (options: PatientApplicationOptions, consumer: LogConsumer): PatientApplication => {
  const { progress, clock } = options;
  const held = heldPartitions(options);

  /** Reads those on that are not held. What was fetched of a held one meanwhile comes again when it is read on. */
  const assign = (): void => {
    const open = progress.partitions().filter((each) => !held.has(each));
    consumer.assign(open.map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset })));
  };

  const takeApart = async (records: ReadonlyArray<LogRecord>, error: unknown): Promise<boolean> => {
    const partitions = byPartition(records);
    if (partitions.length > 1) progress.countRetry();
    let isAnyApplied = false;
    for (const own of partitions) {
      // Alone in its batch: the fault is its own already.
      const fault = partitions.length === 1 ? error : await attempt(options, own);
      if (fault === undefined) isAnyApplied = true;
      else held.hold(own, fault);
    }
    assign();
    return isAnyApplied;
  };

  return {
    take: async (all) => {
      // Fetched before its partition was held, or for a second time after a new assignment.
      const records = all.filter((record) => {
        const at = progress.partition(record.topic, record.partition);
        return !held.has(record) && at !== undefined && record.offset >= at.nextOffset;
      });
      if (records.length === 0) return false;
      const error = await attempt(options, records);
      return error === undefined || takeApart(records, error);
    },
    retryWhenDue: async () => {
      let isReleased = false;
      for (const partition of held.all()) {
        if (options.stopping.aborted) return;
        held.mark(partition);
        if (clock.monotonicMs() < partition.nextAttemptAtMs) continue;
        const attempts = held.isExhausted(partition) ? partition.attempts + 1 : undefined;
        const error = await attempt(options, partition.records, attempts);
        if (error !== undefined) held.noteFault(partition, error);
        else {
          held.release(partition);
          isReleased = true;
        }
      }
      if (isReleased) assign();
    },
    standing: () => {
      const partitions = held.all();
      const worst = partitions.find(held.isExhausted) ?? partitions[0];
      if (worst === undefined) return { state: 'running', reason: null };
      const { reason, since } = worst;
      if (!held.isExhausted(worst)) return { state: 'retrying', reason: `${placeOf(worst)}: ${reason}` };
      return {
        state: 'halted',
        reason: `${placeOf(worst)} has not gone through since ${since}, and is tried on: ${reason}`,
      };
    },
  };
};

interface Place {
  readonly topic: string;
  readonly partition: number;
}

const placeOf = ({ topic, partition }: Place): string => `${topic}/${partition}`;

const byPartition = (records: ReadonlyArray<LogRecord>): ReadonlyArray<ReadonlyArray<LogRecord>> => {
  const partitions = new Map<string, LogRecord[]>();
  for (const record of records) {
    const place = placeOf(record);
    const own = partitions.get(place);
    if (own === undefined) partitions.set(place, [record]);
    else own.push(record);
  }
  return [...partitions.values()];
};

const batchOf = (progress: GroupProgress, records: ReadonlyArray<LogRecord>): RecordBatch => {
  const ends = new Map<string, LogRecord>();
  for (const record of records) ends.set(placeOf(record), record);
  const moves = [...ends.values()].map(({ topic, partition, offset }) => {
    const at = progress.partition(topic, partition);
    if (at === undefined) throw new Error(`a record came of ${topic}/${partition}, which was never assigned`);
    const { logId, nextOffset: fromOffset } = at;
    return { topic, partition, logId, nextOffset: offset + 1, fromLogId: logId, fromOffset };
  });
  return { records, moves };
};
