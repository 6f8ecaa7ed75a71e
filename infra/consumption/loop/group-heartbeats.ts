/**
 * Reads the relay's heartbeats with the client that reads the group's events, so that they take the same way: from the broker through
 * this consumer, by the group's next status into the group's file. Whatever goes wrong with them, the group reads its events.
 */
import type { Clock } from '../../clock';
import type { EventLog, LogConsumer, LogRecord } from '../../kafka/event-log';
import { HEARTBEAT_INTERVAL_MS, readHeartbeat, type Heartbeat } from '../../kafka/heartbeats';
import type { Logger } from '../../logger';

/** After a session that failed before the first heartbeat came, none are read for so long: reading them may be what fails. */
const SUSPENDED_MS = 600_000;
/** While the topic is not there. */
const MISSING_TOPIC_MS = 30_000;
const FIRST_LOOK_MS = 1_000;

export interface GroupHeartbeats {
  /** The consumer of a new session: with `assign` it also gets the heartbeats, once they are joined, and keeps them to itself. */
  readonly around: (consumer: LogConsumer) => LogConsumer;
  /** Joins where it is time; resolves to true where the partitions have to be assigned again. Never rejects. */
  readonly joinWhenDue: (consumer: LogConsumer) => Promise<boolean>;
  /** The session has ended, with a fault or without one. */
  readonly leave: (isFault: boolean) => void;
}

export interface GroupHeartbeatsOptions {
  readonly heartbeatTopic?: string | undefined;
  readonly log: Pick<EventLog, 'describe'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly group: string;
  readonly onHeartbeat: (heartbeat: Heartbeat) => void;
  /** None is read any more: an old one must not be taken for a silence. */
  readonly onNone: () => void;
}

/** Reads none yet. */
export const groupHeartbeats = (options: GroupHeartbeatsOptions): GroupHeartbeats => {
  const { heartbeatTopic: topic, log, clock, logger, group } = options;
  let next: number | undefined;
  let hasCome = false;
  let dueAtMs = Infinity;

  const note = (record: LogRecord): void => {
    next = Math.max(next ?? 0, record.offset + 1);
    const heartbeat = readHeartbeat(record);
    if (heartbeat === undefined) return;
    hasCome = true;
    options.onHeartbeat(heartbeat);
  };

  return {
    around: (consumer) => {
      dueAtMs = Math.max(clock.monotonicMs() + FIRST_LOOK_MS, dueAtMs === Infinity ? 0 : dueAtMs);
      if (topic === undefined) return consumer;
      return {
        ...consumer,
        assign: (from) => consumer.assign(next === undefined ? from : [...from, { topic, partition: 0, offset: next }]),
        poll: async (maxRecords) => {
          const records = await consumer.poll(maxRecords);
          if (next === undefined || !records.some((record) => record.topic === topic)) return records;
          records.filter((record) => record.topic === topic).forEach(note);
          return records.filter((record) => record.topic !== topic);
        },
        gaps: () => consumer.gaps().filter((gap) => gap.topic !== topic),
      };
    },
    joinWhenDue: async (consumer) => {
      if (topic === undefined || next !== undefined || clock.monotonicMs() < dueAtMs) return false;
      dueAtMs = clock.monotonicMs() + MISSING_TOPIC_MS;
      try {
        await log.describe([topic]);
        next = (await consumer.watermarks(topic, 0)).high;
      } catch {
        // The relay creates it, sooner or later.
        return false;
      }
      hasCome = false;
      return true;
    },
    leave: (isFault) => {
      dueAtMs = -Infinity;
      if (next === undefined) return;
      next = undefined;
      options.onNone();
      if (!isFault || hasCome) return;
      dueAtMs = clock.monotonicMs() + SUSPENDED_MS;
      logger.warn({ group, topic }, 'the group failed before it had read a heartbeat: it reads none for ten minutes');
    },
  };
};

/** A heartbeat is late after so many intervals. */
export const HEARTBEAT_LATE_MS = 4 * HEARTBEAT_INTERVAL_MS;
