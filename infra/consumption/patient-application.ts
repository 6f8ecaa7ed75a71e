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

/** A partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

/** What a held partition has before it. */
export interface Pending {
  /** The next step of it; answers whether that was all. Rejects with the fault. */
  readonly step: (exhaustedAttempts: number | undefined) => Promise<boolean>;
  /** What is done, for people, while no fault stands in the way. */
  readonly doing: string;
}

export interface PatientApplication {
  /** Holds a partition from the start. */
  readonly hold: (place: Place, pending: Pending, fault: unknown) => void;
  /** Reads on those that are not held. What was fetched of a held one meanwhile comes again when it is read on. */
  readonly assign: () => void;
  /** Applies records, or holds their partitions. Answers whether any went through. Rejects where this process may not go on. */
  readonly take: (records: ReadonlyArray<LogRecord>) => Promise<boolean>;
  readonly retryWhenDue: () => Promise<void>;
  /** How the group stands, by its partitions. */
  readonly standing: () => {
    readonly state: 'running' | 'catching-up' | 'retrying' | 'halted';
    readonly reason: string | null;
  };
}

/** The checkpoints are another process's to move now. */
export const isTakenOver = (error: unknown): boolean => error instanceof CheckpointMoved || error instanceof LeaseLost;

/** A partition that does not go through, with what it keeps. */
interface Held extends Place {
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

/** A retry beyond its bound: seldom, for a person has to look, and yet it may pass by itself. */
const HALTED_RETRY_MS = 5_000;

/** The partitions that are held, and how they look in the status. */
interface HeldPartitions {
  readonly all: () => ReadonlyArray<Held>;
  readonly has: (place: Place) => boolean;
  readonly hold: PatientApplication['hold'];
  readonly isExhausted: (partition: Held) => boolean;
  readonly noteFault: (partition: Held, error: unknown) => void;
  /** A step went through, and there are more. */
  readonly noteStep: (partition: Held) => void;
  /** Says in the status how it stands by now. */
  readonly mark: (partition: Held) => void;
  readonly release: (partition: Held) => void;
}

const heldPartitions = ({ handler, progress, clock, logger }: PatientApplicationOptions): HeldPartitions => {
  const held = new Map<string, Held>();
  const isExhausted = ({ sinceMs, attempts }: Held): boolean =>
    attempts > 0 && clock.monotonicMs() - sinceMs > handler.retry.boundMs;

  const mark = (partition: Held): void => {
    const at = progress.partition(partition.topic, partition.partition);
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
      held.set(placeOf(entry), entry);
      noteFault(entry, fault);
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

/** Records on their way through the handler, in one step. */
const pendingRecords = (
  { handler, progress, oneAtATime }: PatientApplicationOptions,
  records: ReadonlyArray<LogRecord>,
): Pending => ({
  doing: '',
  step: async (exhaustedAttempts) => {
    const batch = batchOf(progress, records);
    const withAttempts = exhaustedAttempts === undefined ? batch : { ...batch, exhaustedAttempts };
    progress.count(await oneAtATime(() => handler.apply(withAttempts)));
    for (const { topic, partition, nextOffset } of batch.moves) {
      const at = progress.partition(topic, partition);
      if (at !== undefined) at.nextOffset = nextOffset;
    }
    return true;
  },
});

/** How a step went. */
type Attempted =
  { readonly _tag: 'Through' } | { readonly _tag: 'More' } | { readonly _tag: 'Fault'; readonly fault: unknown };

/** Rejects where this process may not go on. */
const attempt = async (pending: Pending, exhaustedAttempts?: number): Promise<Attempted> => {
  try {
    return { _tag: (await pending.step(exhaustedAttempts)) ? 'Through' : 'More' };
  } catch (fault) {
    if (isTakenOver(fault) || fault instanceof CircuitOpen) throw fault;
    return { _tag: 'Fault', fault };
  }
};

/** Holds nothing yet; the consumer is assigned. */
export const patientApplication = (options: PatientApplicationOptions, consumer: LogConsumer): PatientApplication => {
  const { handler, progress, clock } = options;
  const held = heldPartitions(options);

  const assign = (): void => {
    const open = progress.partitions().filter((each) => handler.topics.includes(each.topic) && !held.has(each));
    consumer.assign(open.map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset })));
  };

  const takeApart = async (records: ReadonlyArray<LogRecord>, fault: unknown): Promise<boolean> => {
    const partitions = byPartition(records);
    if (partitions.length > 1) progress.countRetry();
    let isAnyApplied = false;
    for (const own of partitions) {
      const pending = pendingRecords(options, own);
      // Alone in its batch: the fault is its own already.
      const attempted: Attempted = partitions.length === 1 ? { _tag: 'Fault', fault } : await attempt(pending);
      const [first] = own;
      if (attempted._tag !== 'Fault') isAnyApplied = true;
      else if (first !== undefined) held.hold(first, pending, attempted.fault);
    }
    assign();
    return isAnyApplied;
  };

  return {
    hold: held.hold,
    assign,
    take: async (all) => {
      // Fetched before its partition was held, or for a second time after a new assignment.
      const records = all.filter((record) => {
        const at = progress.partition(record.topic, record.partition);
        return !held.has(record) && at !== undefined && record.offset >= at.nextOffset;
      });
      if (records.length === 0) return false;
      const attempted = await attempt(pendingRecords(options, records));
      return attempted._tag !== 'Fault' || takeApart(records, attempted.fault);
    },
    retryWhenDue: async () => {
      let isReleased = false;
      for (const partition of held.all()) {
        if (options.stopping.aborted) return;
        held.mark(partition);
        if (clock.monotonicMs() < partition.nextAttemptAtMs) continue;
        const attempts = held.isExhausted(partition) ? partition.attempts + 1 : undefined;
        const attempted = await attempt(partition.pending, attempts);
        if (attempted._tag === 'Fault') held.noteFault(partition, attempted.fault);
        else if (attempted._tag === 'More') held.noteStep(partition);
        else {
          held.release(partition);
          isReleased = true;
        }
      }
      if (isReleased) assign();
    },
    standing: () => {
      const partitions = held.all();
      const worst =
        partitions.find(held.isExhausted) ?? partitions.find(({ attempts }) => attempts > 0) ?? partitions[0];
      if (worst === undefined) return { state: 'running', reason: null };
      const { reason, since, attempts } = worst;
      if (attempts === 0) return { state: 'catching-up', reason: `${placeOf(worst)}: ${reason}` };
      if (!held.isExhausted(worst)) return { state: 'retrying', reason: `${placeOf(worst)}: ${reason}` };
      return {
        state: 'halted',
        reason: `${placeOf(worst)} has not gone through since ${since}, and is tried on: ${reason}`,
      };
    },
  };
};

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
