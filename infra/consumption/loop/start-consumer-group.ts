/** The loop of a consumer group: plan, catch up, consume, and begin again after every fault that may pass. */
import { backoffMs } from '../../backoff';
import { exclusive } from '../../exclusive';
import { deadLetterTopic } from './dead-letter-topic-name';
import { TopicMissing, type LogConsumer, type LogRecord } from '../../kafka/event-log';
import { beforeGaps, type OffsetGap } from '../../kafka/offset-gaps';
import { checkpointAt } from '../checkpoints/checkpoints';
import { CircuitOpen, NotThisLog } from '../intake/intake';
import type { ConsumerGroupOptions, StartConsumerGroup } from './consumer-group';
import { topicWatch, TopicsUnsafe, type TopicWatch } from '../../kafka/topic-watch';
import { groupProgress, type GroupProgress } from './progress';
import { groupReporter, type GroupReporter } from './status-reporter';
import { gapsReached, missingReason, RecordsMissing } from './missing-records';
import { isTakenOver, applyWithRetry, type RetryingApplication } from './apply-with-retry';
import { GroupHalted, makePlan } from './make-plan';
import type { PartitionBounds, StartingPlan } from './start-plan';
import { catchUpFromStore, pendingCatchUp } from './catch-up-from-store';
import { offsetsForTools } from './offsets-for-tools';

/** Measured: larger batches win little, hold the views' writer for longer, and cost each group some 30 MB for 4,000 more. */
const MAX_BATCH_RECORDS = 1_000;

/** Upper limit on the values of a batch, from the sizes of the last one: large records come in smaller batches. */
const MAX_BATCH_BYTES = 8_388_608;

/** Everything that a running group holds. */
interface Running extends ConsumerGroupOptions {
  readonly progress: GroupProgress;
  readonly reporter: GroupReporter;
  readonly stopping: AbortSignal;
  readonly oneAtATime: ReturnType<typeof exclusive>;
  /** What the log lacks, where the store is to stand in for it. */
  readonly watch: TopicWatch;
  readonly accepted: { gaps: ReadonlyArray<OffsetGap> };
}

/** Starts the group; it waits by itself for a broker and for its topics. */
export const startConsumerGroup: StartConsumerGroup = (options) => {
  const stopping = new AbortController();
  const progress = groupProgress(options.handler.group, options.clock, options.observer);
  const running: Running = {
    ...options,
    progress,
    reporter: groupReporter(options, progress),
    stopping: stopping.signal,
    oneAtATime: exclusive(),
    accepted: { gaps: [] },
    watch: topicWatch({
      ...options,
      deadLetters: deadLetterTopic(options.topicPrefix ?? '', options.handler.group),
      intervals: options.topicChecks,
      onWarning: (reason) => {
        if (reason !== null)
          options.logger.warn({ group: options.handler.group, reason }, 'the topics of the group need a look');
      },
    }),
  };
  const done = run(running);
  // Whoever awaits `done` learns of it; without anybody it must not end the process.
  done.catch(() => undefined);
  return {
    status: progress.status,
    pausedWhile: running.oneAtATime,
    stop: async () => {
      stopping.abort();
      await done.catch(() => undefined);
    },
    done,
  };
};

const run = async (running: Running): Promise<void> => {
  const { stopping, progress, reporter } = running;
  let attempts = 0;
  while (!stopping.aborted) {
    try {
      await session(running, attempts, () => (attempts = 0));
    } catch (error) {
      if (isTakenOver(error)) {
        await become(running, 'stopped', messageOf(error));
        throw error;
      }
      if (error instanceof GroupHalted || error instanceof CircuitOpen || error instanceof NotThisLog) {
        await halt(running, error.message);
        break;
      }
      if (error instanceof TopicsUnsafe) {
        await haltUntilSafe(running, error);
        continue;
      }
      if (error instanceof RecordsMissing) {
        if (!running.acceptNewLog) {
          await halt(running, missingReason(error));
          break;
        }
        running.accepted.gaps = error.gaps;
        continue;
      }
      if (error instanceof TopicMissing) {
        await waitForTopics(running, error);
        continue;
      }
      attempts += 1;
      await retryLater(running, attempts, error);
    }
  }
  progress.become('stopped', progress.status().reason);
  await reporter.refresh(undefined).catch((error: unknown) => {
    running.logger.warn({ group: running.handler.group, error }, 'the last status of the group was not kept');
  });
};

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

const become = async (
  { progress, reporter }: Running,
  ...[state, reason]: Parameters<GroupProgress['become']>
): Promise<void> => {
  progress.become(state, reason);
  // A status that can't be written now is written by the next report.
  await reporter.refresh(undefined).catch(() => undefined);
};

const halt = async (running: Running, reason: string): Promise<void> => {
  const { logger, handler, clock, stopping } = running;
  logger.error({ group: handler.group, reason }, 'the group is halted');
  while (!stopping.aborted) {
    await become(running, 'halted', reason);
    await clock.sleep(HALTED_REPORT_MS, stopping);
  }
};

/** Until an operator has set the topics right: the next session looks again. */
const haltUntilSafe = async (running: Running, { message }: TopicsUnsafe): Promise<void> => {
  const { logger, handler, progress, watch, stopping } = running;
  if (progress.status().state !== 'halted')
    logger.error({ group: handler.group, reason: message }, 'the group is halted');
  await become(running, 'halted', message);
  await watch.pause(stopping);
};

const HALTED_REPORT_MS = 5_000;

const TOPIC_POLL_MS = 100;

/** Nothing has failed: the relay makes the topics when it starts. */
const waitForTopics = async (running: Running, missing: TopicMissing): Promise<void> => {
  const { progress, clock, stopping } = running;
  const reason = `${missing.message}: waits for the relay to make it`;
  if (progress.status().reason !== reason) await become(running, 'starting', reason);
  // A sign of life; a status that can't be written now is written by the next report.
  await running.reporter.refreshWhenDue(undefined).catch(() => undefined);
  await clock.sleep(TOPIC_POLL_MS, stopping);
};

const retryLater = async (running: Running, attempts: number, error: unknown): Promise<void> => {
  const { logger, handler, clock, progress, stopping } = running;
  const delayMs = backoffMs(clock, attempts);
  logger.warn({ group: handler.group, reason: messageOf(error), attempts, delayMs }, 'the group tries again');
  progress.countRetry(error);
  await become(running, 'retrying', messageOf(error));
  await clock.sleep(delayMs, stopping);
};

// -------------------------------------------------------------------------------------
// One session: from planning to the first fault
// -------------------------------------------------------------------------------------

/**
 * After a fault the group stays `retrying`, with the reason, until a batch has been applied, or Kafka has said that there is
 * none: to have opened a session is not to have got anywhere.
 */
const session = async (running: Running, attempts: number, onProgress: () => void): Promise<void> => {
  const { log, handler, progress } = running;
  if (progress.status().reason === null) await become(running, 'starting', null);
  await assertStoreFits(running);
  const consumer = await log.openConsumer(handler.group);
  try {
    const plan = await makePlan(running, consumer, running.accepted.gaps);
    await running.watch.check();
    await handler.begin(plan.begin);
    const behind = plan.catchUp === undefined ? [] : await catchUp(running, plan.catchUp);
    if (behind === undefined) return;
    // After the catch-up: until then a restart plans the same again.
    await switchToLog(
      running,
      plan.moves.filter((move) => checkpointAt(behind, move) === undefined),
    );
    const application = applyWithRetry(running, consumer);
    for (const each of behind) {
      const moves = plan.moves.filter((move) => checkpointAt([each], move) !== undefined);
      application.hold(
        each,
        pendingCatchUp(running, each, () => switchToLog(running, moves)),
        each.fault,
      );
    }
    application.assign();
    noteLogEnds(progress, plan.bounds);
    const hasRecovered = attempts === 0 || progress.status().lag === 0;
    if (hasRecovered) await become(running, 'running', null);
    await consume(running, consumer, application, hasRecovered, onProgress);
  } finally {
    await consumer.close();
  }
};

/** Before anything is read, and from time to time: the store's file can be exchanged under a running program. */
const assertStoreFits = async ({ handler, storeFits }: Running): Promise<void> => {
  const misfit = await storeFits?.(await handler.checkpoints());
  if (misfit !== undefined) throw new GroupHalted(misfit);
};

const noteLogEnds = (progress: GroupProgress, bounds: ReadonlyArray<PartitionBounds>): void => {
  for (const { topic, partition, high } of bounds) {
    const at = progress.partition(topic, partition);
    if (at !== undefined) at.logEndOffset = high;
  }
};

/** Goes over to the log as it is now. The catch-up has raised the high-water positions since the plan was made. */
const switchToLog = async ({ handler, progress }: Running, moves: StartingPlan['moves']): Promise<void> => {
  if (moves.length > 0) {
    const checkpoints = await handler.checkpoints();
    await handler.move(
      moves.map((move) => {
        const now = checkpointAt(checkpoints, move);
        return { ...move, highWaterPosition: now?.highWaterPosition ?? move.highWaterPosition };
      }),
    );
  }
  // A group that no longer reads a topic has its checkpoints still.
  progress.restore((await handler.checkpoints()).filter(({ topic }) => handler.topics.includes(topic)));
};

const catchUp = (running: Running, why: string): ReturnType<typeof catchUpFromStore> => {
  const { handler, reporter, logger } = running;
  return catchUpFromStore({
    ...running,
    onBegin: async (range) => {
      logger.info({ group: handler.group, ...range, why }, 'the store stands in for the log');
      const reason = `${why}: events up to position ${range.untilPosition} are read from the store`;
      await become(running, 'catching-up', reason);
    },
    onPage: () => reporter.refreshWhenDue(undefined),
  });
};

/** While one batch is applied, the next one is fetched; never more than one ahead. */
const consume = async (
  running: Running,
  consumer: LogConsumer,
  application: RetryingApplication,
  hadRecovered: boolean,
  onProgress: () => void,
): Promise<void> => {
  const { stopping, reporter, progress } = running;
  let hasRecovered = hadRecovered;
  const forTools = offsetsForTools(running, progress, consumer);
  let next = consumer.poll(MAX_BATCH_RECORDS);
  try {
    for (;;) {
      const records = await next;
      if (stopping.aborted) return;
      const gaps = [...consumer.gaps()];
      running.watch.checkWhenDue();
      next = consumer.poll(recordsWithinBytes(records));
      // Its failure is met when it is awaited.
      next.catch(() => undefined);
      const isApplied = await application.take(beforeGaps(records, gaps));
      const reached = gapsReached(gaps, (gap) => progress.partition(gap.topic, gap.partition)?.nextOffset);
      if (reached.length > 0) throw new RecordsMissing(reached);
      if (isApplied) onProgress();
      hasRecovered ||= isApplied;
      await application.retryWhenDue();
      forTools.commitWhenDue();
      const { state, reason } = application.standing();
      const isNews = progress.status().state !== state || progress.status().reason !== reason;
      if (isNews && (hasRecovered || state !== 'running')) {
        progress.become(state, reason);
        // A status that can't be written now is written by the next report.
        await reporter.refresh(consumer).catch(() => undefined);
      }
      if (await reporter.refreshWhenDue(consumer)) await assertStoreFits(running);
    }
  } finally {
    // Where the log does not hold the next offset, the next session finds out what that means, and refuses or catches up.
    await next.catch(() => []);
    await forTools.settle();
  }
};

/** How many records of that size are to be read at once. */
const recordsWithinBytes = (records: ReadonlyArray<LogRecord>): number => {
  const bytes = records.reduce((sum, { value }) => sum + (value?.length ?? 0), 0);
  if (bytes === 0) return MAX_BATCH_RECORDS;
  return Math.max(1, Math.min(MAX_BATCH_RECORDS, Math.floor((MAX_BATCH_BYTES * records.length) / bytes)));
};
