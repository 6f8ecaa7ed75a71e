/**
 * Heartbeats: records that the relay sends every few seconds and every consumer group reads, so that a flow without events can be told
 * from a dead one. They have a topic of their own: the topics of events hold events alone, and readers of those see no difference.
 */
import type { LogRecord, OutgoingRecord, TopicSpec } from './event-log';

/** A heartbeat, as its record says. */
export interface Heartbeat {
  /** Every event up to this position of the store was handed to the Kafka client before it. */
  readonly position: number;
  /** ISO 8601, UTC. */
  readonly sentAt: string;
}

/** How often one is sent. */
export const HEARTBEAT_INTERVAL_MS = 5_000;

/** The number that a heartbeat has among the positions of a producer: none of an event. */
export const HEARTBEAT_SEQUENCE = -1;

/** Nobody reads an old one; this is long enough to look at them. */
const RETENTION_MS = 3_600_000;

/** The name of the topic of an application's heartbeats. */
export const heartbeatTopicName = (topicPrefix: string, application: string): string =>
  `${topicPrefix}${application}.heartbeats`;

/** The declaration of the topic. */
export const heartbeatTopicSpec = (name: string): TopicSpec => ({
  name,
  partitions: 1,
  retention: { ms: RETENTION_MS },
  key: {
    is: 'none',
    because: 'there is one partition',
    concurrency: 'None is needed: a heartbeat is a few bytes every few seconds.',
    skew: 'None: there is one partition.',
  },
});

/** The record of a heartbeat. */
export const heartbeatRecord = (topic: string, { position, sentAt }: Heartbeat): OutgoingRecord => ({
  topic,
  partition: 0,
  key: null,
  value: JSON.stringify({ position, sentAt }),
  headers: [{ 'content-type': 'application/json' }],
  timestampMs: Date.parse(sentAt),
  sequence: HEARTBEAT_SEQUENCE,
});

/** Reads a record of the topic; undefined where somebody else has written it. */
export const readHeartbeat = ({ value }: Pick<LogRecord, 'value'>): Heartbeat | undefined => {
  try {
    const { position, sentAt } = JSON.parse(value?.toString() ?? '') as Partial<Record<string, unknown>>;
    if (typeof position !== 'number' || typeof sentAt !== 'string' || Number.isNaN(Date.parse(sentAt)))
      return undefined;
    return { position, sentAt };
  } catch {
    return undefined;
  }
};
