/** Sends heartbeats with the producer of the events. Whatever goes wrong with them, events are published. */
import { isoTime, type Clock } from '../clock';
import { errorTextOf } from '../error-text';
import { isNotReached } from '../kafka/answer-watch';
import type { EventLog, OutgoingRecord } from '../kafka/event-log';
import { HEARTBEAT_INTERVAL_MS, heartbeatRecord, heartbeatTopicSpec } from '../kafka/heartbeats';
import type { Logger } from '../logger';
import type { RelayHeartbeat } from './state/state';

/** After a heartbeat was refused, or its topic could not be created, none is sent for so long. */
const SUSPENDED_MS = 600_000;

export interface RelayHeartbeats {
  /** The topic; undefined where none is sent. */
  readonly topic: string | undefined;
  /** Sends one where it is time, and none is on its way. Every event up to the position has to be sent already. */
  readonly beatWhenDue: (position: number, send: (record: OutgoingRecord) => boolean) => void;
  readonly acknowledged: () => void;
  /** Nothing that was sent is on its way any more. */
  readonly producerClosed: () => void;
  /** Sends none for a while. */
  readonly suspend: (reason: string) => void;
  /** The last ones; undefined before the first. */
  readonly status: () => RelayHeartbeat | undefined;
}

export interface RelayHeartbeatsOptions {
  readonly heartbeatTopic?: string | undefined;
  readonly log: Pick<EventLog, 'ensureTopics'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Nothing is sent yet. */
export const relayHeartbeats = ({
  heartbeatTopic: topic,
  log,
  clock,
  logger,
}: RelayHeartbeatsOptions): RelayHeartbeats => {
  let isTopicThere = false;
  let dueAtMs = -Infinity;
  let isOnItsWay = false;
  let sentAt: string | undefined;
  let acknowledgedSentAt: string | null = null;

  const suspend = (reason: string): void => {
    dueAtMs = clock.monotonicMs() + SUSPENDED_MS;
    isTopicThere = false;
    logger.warn(
      { topic, reason },
      'heartbeats are refused and not sent for ten minutes; events are published all the same',
    );
  };

  const makeTopic = (name: string): void => {
    log.ensureTopics([heartbeatTopicSpec(name)]).then(
      () => {
        isTopicThere = true;
        dueAtMs = -Infinity;
      },
      (error: unknown) => {
        // Without a broker it is tried again like everything else.
        if (!isNotReached(error)) suspend(errorTextOf(error));
      },
    );
  };

  return {
    topic,
    beatWhenDue: (position, send) => {
      if (topic === undefined || isOnItsWay || clock.monotonicMs() < dueAtMs) return;
      dueAtMs = clock.monotonicMs() + HEARTBEAT_INTERVAL_MS;
      // Not awaited: creating a topic takes its time, and the events must not wait for it.
      if (!isTopicThere) {
        makeTopic(topic);
        return;
      }
      const now = isoTime(clock.nowMs());
      if (!send(heartbeatRecord(topic, { position, sentAt: now }))) return;
      isOnItsWay = true;
      sentAt = now;
    },
    acknowledged: () => {
      isOnItsWay = false;
      acknowledgedSentAt = sentAt ?? null;
    },
    producerClosed: () => {
      isOnItsWay = false;
      isTopicThere = false;
    },
    suspend,
    status: () => (sentAt === undefined ? undefined : { sentAt, acknowledgedSentAt }),
  };
};
