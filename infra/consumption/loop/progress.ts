/** The progress of a running group in memory, and the status made from it. */
import { isoTime, type Clock } from '../../clock';
import { EngineFault } from '../../engine-fault';
import {
  countNames,
  noCounts,
  type GroupHeartbeat,
  type GroupObserver,
  type GroupStatus,
  type OutcomeCounts,
  type PartitionStatus,
  type RetryClass,
} from '../status/status';
import type { Checkpoint } from '../checkpoints/checkpoints';
import type { LogRecord } from '../../kafka/event-log';
import { groupLoadMeter } from './group-load';
import { byPartition, partitionMap, type TopicPartition } from '../../topic-partition';

type State = GroupStatus['state'];

interface PartitionProgress extends TopicPartition {
  readonly logId: string;
  nextOffset: number;
  highWaterPosition: number;
  logEndOffset: number | null;
  state: PartitionStatus['state'];
  reason: string | null;
}

export interface GroupProgress {
  readonly setState: (state: State, reason: string | null) => void;
  readonly count: (outcome: OutcomeCounts) => void;
  /** Notes that the handler took so long for these records. */
  readonly tookMs: (durationMs: number, records: ReadonlyArray<LogRecord>) => void;
  /** How long the handler took for each record of the last batch; 0 before the first. */
  readonly msPerRecord: () => number;
  /** Counts the retry of an attempt that has failed with this error. */
  readonly countRetry: (error: unknown) => void;
  /** Notes the last heartbeat that came; undefined where none are read. */
  readonly noteHeartbeat: (sentAt: string | undefined) => void;
  /** Sets the partitions to the checkpoints in the handler's file. */
  readonly restore: (checkpoints: ReadonlyArray<Checkpoint>) => void;
  readonly partition: (at: TopicPartition) => PartitionProgress | undefined;
  readonly partitions: () => ReadonlyArray<PartitionProgress>;
  readonly status: () => GroupStatus;
}

/** The progress of a group that has not read anything yet. */
export const groupProgress = (group: string, clock: Clock, observer?: GroupObserver): GroupProgress => {
  const outcomes = { ...noCounts(), retries: 0 };
  let partitions = partitionMap<PartitionProgress>();
  let state: State = 'starting';
  let reason: string | null = null;
  let since = isoTime(clock.nowMs());
  let msPerRecord = 0;
  let heartbeat: GroupHeartbeat | undefined;
  const meter = groupLoadMeter(clock);
  return {
    setState: (next, why) => {
      if (next !== state) since = isoTime(clock.nowMs());
      state = next;
      reason = why;
    },
    count: (outcome) => {
      for (const name of countNames) outcomes[name] += outcome[name];
    },
    tookMs: (durationMs, records) => {
      if (records.length > 0) msPerRecord = durationMs / records.length;
      meter.noteBatch(records, durationMs);
    },
    msPerRecord: () => msPerRecord,
    countRetry: (error) => {
      outcomes.retries += 1;
      observer?.retried(group, retryClassOf(error));
    },
    noteHeartbeat: (sentAt) => {
      heartbeat = sentAt === undefined ? undefined : { sentAt, readAt: isoTime(clock.nowMs()) };
    },
    restore: (checkpoints) => {
      partitions = byPartition(
        checkpoints.map((each): PartitionProgress => {
          const logEndOffset = partitions.get(each)?.logEndOffset ?? null;
          return { ...each, logEndOffset, state: 'running', reason: null };
        }),
      );
    },
    partition: (at) => partitions.get(at),
    partitions: () => partitions.values(),
    status: () => {
      // A halted group no longer reads the log's end: no lag is better than an outdated one.
      const shown = partitions
        .values()
        .map((each) => partitionStatus(state === 'halted' ? { ...each, logEndOffset: null } : each));
      return {
        group,
        state,
        reason,
        since,
        lag: shown.some(({ lag }) => lag === null) ? null : shown.reduce((sum, { lag }) => sum + (lag ?? 0), 0),
        outcomes: { ...outcomes },
        partitions: shown,
        ...meter.load(),
        ...(heartbeat === undefined ? {} : { heartbeat }),
        updatedAt: isoTime(clock.nowMs()),
      };
    },
  };
};

const partitionStatus = (progress: PartitionProgress): PartitionStatus => {
  const { topic, partition, nextOffset, highWaterPosition, logEndOffset, state, reason } = progress;
  const lag = logEndOffset === null ? null : Math.max(0, logEndOffset - nextOffset);
  return { topic, partition, nextOffset, highWaterPosition, logEndOffset, lag, state, reason };
};

const BROKER_ERRORS: ReadonlySet<string> = new Set(['KafkaError', 'LogStalled', 'OffsetOutOfRange', 'TopicMissing']);

/** Classifies by name, as errors from the views' thread arrive without their class. */
const retryClassOf = (error: unknown): RetryClass => {
  if (!(error instanceof Error)) return 'other';
  if (error.name === 'TransientEventError') return 'event';
  if (BROKER_ERRORS.has(error.name)) return 'broker';
  const code = 'code' in error ? String(error.code) : '';
  return error instanceof EngineFault || /^(SQLITE_|E[A-Z]+$)/.test(code) ? 'store' : 'other';
};
