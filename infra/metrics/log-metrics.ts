/** What goes in and out of Kafka, counted round the log: deliveries, and the times that a group takes its partitions on. */
import type { Clock } from '../clock';
import { watchAnswers } from '../kafka/answer-watch';
import type { EventLog } from '../kafka/event-log';
import { sample, type Metrics } from './registry';

/** The log with its traffic counted. Only these groups are: other consumers come and go with their questions. */
export const observedLog = (
  unwatched: EventLog,
  metrics: Metrics,
  groups: ReadonlySet<string>,
  clock: Pick<Clock, 'monotonicMs'>,
): EventLog => {
  const { log, waitingSinceMs } = watchAnswers(unwatched, clock);
  metrics.collect('answers', () => {
    const nowMs = clock.monotonicMs();
    return [sample('tidemark_kafka_unanswered_seconds', {}, (nowMs - (waitingSinceMs() ?? nowMs)) / 1_000)];
  });
  // A plain map: a busy relay must not pay for labels at every record.
  const delivered = new Map<string, number>();
  const failed = new Map<string, number>();
  const samplesOf = (counts: ReadonlyMap<string, number>, outcome: string) =>
    [...counts].map(([topic, count]) => sample('tidemark_producer_records_total', { topic, outcome }, count));
  metrics.collect('deliveries', () => [...samplesOf(delivered, 'delivered'), ...samplesOf(failed, 'failed')]);
  const increase = (counts: Map<string, number>, topic: string): void => {
    counts.set(topic, (counts.get(topic) ?? 0) + 1);
  };
  return {
    ...log,
    openProducer: (listener, options) =>
      log.openProducer(
        {
          onDelivered: (sequence, topic) => {
            increase(delivered, topic);
            listener.onDelivered(sequence, topic);
          },
          onFailed: (failure) => {
            increase(failed, failure.record?.topic ?? NO_TOPIC);
            listener.onFailed(failure);
          },
        },
        options,
      ),
    openConsumer: async (group) => {
      const consumer = await log.openConsumer(group);
      if (!groups.has(group)) return consumer;
      return {
        ...consumer,
        assign: (from) => {
          metrics.add('tidemark_consumer_rebalances_total', { group });
          consumer.assign(from);
        },
      };
    },
  };
};

/** A producer that fails as a whole names none. */
const NO_TOPIC = 'none';
