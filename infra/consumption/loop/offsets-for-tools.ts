/**
 * Commits the group's offsets to Kafka, so that Kafka's own tools show its progress. Only the checkpoints in the group's file decide
 * where it reads: a commit that fails is counted, logged now and then, and has no other effect.
 */
import { errorTextOf } from '../../error-text';
import type { LogConsumer, PartitionOffset } from '../../kafka/event-log';
import type { ConsumerGroupOptions } from './consumer-group';
import type { GroupProgress } from './progress';

export interface OffsetsForTools {
  /** Commits changed offsets, at most once a second and one commit at a time. Never throws. */
  readonly commitWhenDue: () => void;
  /** Commits the last offsets and waits for a bounded time, so that the tools show them while the group is stopped. */
  readonly settle: () => Promise<void>;
}

const COMMIT_INTERVAL_MS = 1_000;
const REMIND_MS = 60_000;
/** The client reports commits during polls; records of these polls are not applied. */
const MAX_SETTLING_POLLS = 10;

/** Makes the committer of a session. */
export const offsetsForTools = (
  { handler, clock, logger, observer }: Pick<ConsumerGroupOptions, 'handler' | 'clock' | 'logger' | 'observer'>,
  progress: Pick<GroupProgress, 'partitions'>,
  consumer: LogConsumer,
): OffsetsForTools => {
  let committed = '';
  let committedAtMs = -Infinity;
  let loggedAtMs = -Infinity;
  let pending: Promise<void> | undefined;

  const noteFailure = (error: unknown): void => {
    observer?.commitFailed(handler.group);
    committed = '';
    const nowMs = clock.monotonicMs();
    if (nowMs - loggedAtMs < REMIND_MS) return;
    loggedAtMs = nowMs;
    const reason = errorTextOf(error);
    logger.warn(
      { group: handler.group, reason },
      "offsets could not be committed to Kafka; this only affects what Kafka's own tools show",
    );
  };

  const commit = (): void => {
    const offsets: ReadonlyArray<PartitionOffset> = progress
      .partitions()
      .filter(({ topic }) => handler.topics.includes(topic))
      .map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset }));
    const text = JSON.stringify(offsets);
    if (consumer.commit === undefined || pending !== undefined || text === committed || offsets.length === 0) return;
    committed = text;
    committedAtMs = clock.monotonicMs();
    pending = consumer
      .commit(offsets)
      .catch(noteFailure)
      .finally(() => (pending = undefined));
  };

  return {
    commitWhenDue: () => {
      if (clock.monotonicMs() - committedAtMs >= COMMIT_INTERVAL_MS) commit();
    },
    settle: async () => {
      for (let polls = 0; polls < MAX_SETTLING_POLLS; polls += 1) {
        commit();
        if (pending === undefined) return;
        // Where polling fails, the commit is not acknowledged either.
        if ((await consumer.poll(1).catch(() => undefined)) === undefined) return;
      }
    },
  };
};
