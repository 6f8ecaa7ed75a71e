/**
 * Tells Kafka how far the group is, so that Kafka's own tools show it. The group's file alone decides where it reads on: a
 * commit that fails is counted, said once in a while, and changes nothing.
 */
import { errorTextOf } from '../../error-text';
import type { LogConsumer, PartitionOffset } from '../../kafka/event-log';
import type { ConsumerGroupOptions } from './consumer-group';
import type { GroupProgress } from './progress';

export interface OffsetsForTools {
  /** Commits what has changed, at most once a second and one commit at a time. Never throws. */
  readonly commitWhenDue: () => void;
  /** Commits what is left, and waits for it a little: while the group is stopped, the tools show where it stands. */
  readonly settle: () => Promise<void>;
}

const COMMIT_INTERVAL_MS = 1_000;
const REMIND_MS = 60_000;
/** Answers come with polls; nothing that is read with these is applied. */
const MAX_SETTLING_POLLS = 10;

/** Nothing is committed yet. */
export const offsetsForTools = (
  { handler, clock, logger, observer }: Pick<ConsumerGroupOptions, 'handler' | 'clock' | 'logger' | 'observer'>,
  progress: Pick<GroupProgress, 'partitions'>,
  consumer: LogConsumer,
): OffsetsForTools => {
  let committed = '';
  let committedAtMs = -Infinity;
  let toldAtMs = -Infinity;
  let underWay: Promise<void> | undefined;

  const failed = (error: unknown): void => {
    observer?.commitFailed(handler.group);
    committed = '';
    const nowMs = clock.monotonicMs();
    if (nowMs - toldAtMs < REMIND_MS) return;
    toldAtMs = nowMs;
    const reason = errorTextOf(error);
    logger.warn(
      { group: handler.group, reason },
      "offsets could not be committed to Kafka: only Kafka's tools miss them",
    );
  };

  const commit = (): void => {
    const offsets: ReadonlyArray<PartitionOffset> = progress
      .partitions()
      .filter(({ topic }) => handler.topics.includes(topic))
      .map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset }));
    const text = JSON.stringify(offsets);
    if (consumer.commit === undefined || underWay !== undefined || text === committed || offsets.length === 0) return;
    committed = text;
    committedAtMs = clock.monotonicMs();
    underWay = consumer
      .commit(offsets)
      .catch(failed)
      .finally(() => (underWay = undefined));
  };

  return {
    commitWhenDue: () => {
      if (clock.monotonicMs() - committedAtMs >= COMMIT_INTERVAL_MS) commit();
    },
    settle: async () => {
      for (let polls = 0; polls < MAX_SETTLING_POLLS; polls += 1) {
        commit();
        if (underWay === undefined) return;
        // A broker that can't be read any more does not answer either.
        if ((await consumer.poll(1).catch(() => undefined)) === undefined) return;
      }
    },
  };
};
