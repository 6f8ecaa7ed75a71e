/** Finds out that a consumer gets nothing done: there is something to read and nothing comes, or nobody says what there is. */
import type { Clock } from '../clock';
import { errorTextOf } from '../error-text';
import { LogStalled } from './event-log';
import { partitionName, type TopicPartition } from '../topic-partition';

/** Where a consumer stands in a partition. */
export interface WatchedPosition extends TopicPartition {
  readonly next: number;
  /** The waiting time when it was first seen behind the log's end without moving; undefined while it is not. */
  behindSinceMs: number | undefined;
}

export interface StallWatch {
  /** A poll has ended with so many records of so many that were asked for. */
  readonly polled: (records: number, maxRecords: number) => void;
  /** The broker has said where the log of a partition ends that stands still. Throws {@link LogStalled}. */
  readonly failIfBehind: (position: WatchedPosition, high: number) => void;
  readonly answered: () => void;
  /** A broker that does not answer is no reason to stop reading what was fetched; for too long it is. Throws {@link LogStalled}. */
  readonly failIfUnanswered: (error: unknown) => void;
  /** When to look again: sooner where there is a doubt. */
  readonly pauseMs: (positions: ReadonlyArray<WatchedPosition>) => number;
}

/** How often partitions that stand still are compared with what the broker holds. */
const STANDSTILL_CHECK_MS = 15_000;
/** A partition that may have stalled is looked at so many times within the bound. */
const LOOKS_PER_TIMEOUT = 4;
/** A batch that took long to apply is not the broker's: between two polls no more than this counts. */
const MAX_COUNTED_WAIT_MS = 6_000;

/** Counts the time that was spent waiting for records while none was left in the client's queue. */
export const stallWatch = (clock: Clock, stallTimeoutMs: number): StallWatch => {
  let waitedMs = 0;
  let polledAtMs = clock.monotonicMs();
  let unansweredSinceMs: number | undefined;
  const seconds = (sinceMs: number): number => Math.round((waitedMs - sinceMs) / 1_000);
  return {
    polled: (records, maxRecords) => {
      const nowMs = clock.monotonicMs();
      if (records < maxRecords) waitedMs += Math.min(nowMs - polledAtMs, MAX_COUNTED_WAIT_MS);
      if (records > 0) unansweredSinceMs = undefined;
      polledAtMs = nowMs;
    },
    failIfBehind: (position, high) => {
      const { next } = position;
      const sinceMs = next < high ? (position.behindSinceMs ?? waitedMs) : undefined;
      position.behindSinceMs = sinceMs;
      if (sinceMs === undefined || waitedMs - sinceMs < stallTimeoutMs) return;
      throw new LogStalled(
        `${partitionName(position)}: nothing has come for ${seconds(sinceMs)} s from offset ${next} on, and the log ends at ${high}`,
      );
    },
    answered: () => {
      unansweredSinceMs = undefined;
    },
    failIfUnanswered: (error) => {
      unansweredSinceMs ??= waitedMs;
      if (waitedMs - unansweredSinceMs < stallTimeoutMs) return;
      throw new LogStalled(
        `no records have come for ${seconds(unansweredSinceMs)} s, and nobody says what there is to read: ${errorTextOf(error)}`,
      );
    },
    pauseMs: (positions) => {
      const isBehind = positions.some(({ behindSinceMs }) => behindSinceMs !== undefined);
      const isDoubtful = isBehind || unansweredSinceMs !== undefined;
      return Math.min(STANDSTILL_CHECK_MS, isDoubtful ? stallTimeoutMs / LOOKS_PER_TIMEOUT : stallTimeoutMs);
    },
  };
};
