/** The loop of a consumer group: plan, catch up, consume, and begin again after every fault that may pass. */
import { backoffMs } from '../backoff';
import { exclusive } from '../exclusive';
import { OffsetOutOfRange, TopicMissing, type LogConsumer } from '../kafka/event-log';
import { checkpointAt } from './checkpoints';
import { CircuitOpen } from './circuit-breaker';
import type { ConsumerGroupOptions, StartConsumerGroup } from './consumer-group';
import { NotThisLog } from './foreign-share';
import { groupProgress, type GroupProgress } from './group-progress';
import { groupReporter, type GroupReporter } from './group-reporter';
import { isTakenOver, patientApplication, type PatientApplication } from './patient-application';
import { startingPlan, type PartitionBounds, type StartingPlan } from './starting-plan';
import { catchUpFromStore, pendingCatchUp } from './store-catch-up';

/** Measured: larger batches win little, hold the views' writer for longer, and cost each group some 30 MB for 4,000 more. */
const MAX_BATCH_RECORDS = 1_000;

/** The group must not go on before a person has looked. */
class GroupHalted extends Error {
  override readonly name = 'GroupHalted';
}

/** Everything that a running group holds. */
interface Running extends ConsumerGroupOptions {
  readonly progress: GroupProgress;
  readonly reporter: GroupReporter;
  readonly stopping: AbortSignal;
  readonly oneAtATime: ReturnType<typeof exclusive>;
}

/** Starts the group; it waits by itself for a broker and for its topics. */
export const startConsumerGroup: StartConsumerGroup = (options) => {
  const stopping = new AbortController();
  const progress = groupProgress(options.handler.group, options.clock);
  const running: Running = {
    ...options,
    progress,
    reporter: groupReporter(options, progress),
    stopping: stopping.signal,
    oneAtATime: exclusive(),
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
      await session(running, () => (attempts = 0));
    } catch (error) {
      if (isTakenOver(error)) {
        await become(running, 'stopped', messageOf(error));
        throw error;
      }
      if (error instanceof GroupHalted || error instanceof CircuitOpen || error instanceof NotThisLog) {
        await halt(running, error.message);
        break;
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

const HALTED_REPORT_MS = 5_000;

const TOPIC_POLL_MS = 100;

/** Nothing has failed: the relay makes the topics when it starts. */
const waitForTopics = async (running: Running, missing: TopicMissing): Promise<void> => {
  const { progress, clock, stopping } = running;
  const reason = `${missing.message}: waits for the relay to make it`;
  if (progress.status().reason !== reason) await become(running, 'starting', reason);
  await clock.sleep(TOPIC_POLL_MS, stopping);
};

const retryLater = async (running: Running, attempts: number, error: unknown): Promise<void> => {
  const { logger, handler, clock, progress, stopping } = running;
  const delayMs = backoffMs(clock, attempts);
  logger.warn({ group: handler.group, reason: messageOf(error), delayMs }, 'the group tries again');
  progress.countRetry();
  await become(running, 'retrying', messageOf(error));
  await clock.sleep(delayMs, stopping);
};

// -------------------------------------------------------------------------------------
// One session: from planning to the first fault
// -------------------------------------------------------------------------------------

const session = async (running: Running, onProgress: () => void): Promise<void> => {
  const { log, handler, progress } = running;
  if (progress.status().reason === null) await become(running, 'starting', null);
  await assertStoreFits(running);
  const consumer = await log.openConsumer(handler.group);
  try {
    const plan = await makePlan(running, consumer);
    await handler.begin(plan.begin);
    const behind = plan.catchUp === undefined ? [] : await catchUp(running, plan.catchUp);
    if (behind === undefined) return;
    // After the catch-up: until then a restart plans the same again.
    await goOver(
      running,
      plan.moves.filter((move) => checkpointAt(behind, move) === undefined),
    );
    const application = patientApplication(running, consumer);
    for (const each of behind) {
      const moves = plan.moves.filter((move) => checkpointAt([each], move) !== undefined);
      application.hold(
        each,
        pendingCatchUp(running, each, () => goOver(running, moves)),
        each.fault,
      );
    }
    application.assign();
    await become(running, 'running', null);
    onProgress();
    await consume(running, consumer, application, onProgress);
  } finally {
    await consumer.close();
  }
};

const makePlan = async (running: Running, consumer: LogConsumer): Promise<StartingPlan> => {
  const { log, handler, topics, acceptNewLog } = running;
  const found = await log.describe(handler.topics);
  const bounds: PartitionBounds[] = [];
  for (const { topic, partitions, logId } of found) {
    for (let partition = 0; partition < partitions; partition += 1) {
      bounds.push({ topic, partition, logId, ...(await consumer.watermarks(topic, partition)) });
    }
  }
  const checkpoints = await handler.checkpoints();
  const plan = startingPlan({ declared: topics, found, bounds, checkpoints, acceptNewLog });
  if (plan._tag === 'Refuse') throw new GroupHalted(plan.reason);
  const isHealed =
    plan.catchUp === undefined && (await handler.hasSetAsideUpTo?.(running.storeLastPosition())) === true;
  return isHealed ? { ...plan, catchUp: 'the store has come as far as records that were set aside' } : plan;
};

/** Before anything is read, and from time to time: the store's file can be exchanged under a running program. */
const assertStoreFits = async ({ handler, storeFits }: Running): Promise<void> => {
  const misfit = storeFits?.(await handler.checkpoints());
  if (misfit !== undefined) throw new GroupHalted(misfit);
};

/** Goes over to the log as it is now. The catch-up has raised the high-water positions since the plan was made. */
const goOver = async ({ handler, progress }: Running, moves: StartingPlan['moves']): Promise<void> => {
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
  application: PatientApplication,
  onProgress: () => void,
): Promise<void> => {
  const { stopping, reporter, progress } = running;
  let next = consumer.poll(MAX_BATCH_RECORDS);
  try {
    for (;;) {
      const records = await next;
      if (stopping.aborted) return;
      next = consumer.poll(MAX_BATCH_RECORDS);
      // Its failure is met when it is awaited.
      next.catch(() => undefined);
      const isApplied = await application.take(records);
      if (isApplied) onProgress();
      await application.retryWhenDue();
      const { state, reason } = application.standing();
      if (progress.status().state !== state || progress.status().reason !== reason) {
        progress.become(state, reason);
        // A status that can't be written now is written by the next report.
        await reporter.refresh(consumer).catch(() => undefined);
      }
      if (await reporter.refreshWhenDue(consumer)) await assertStoreFits(running);
    }
  } catch (error) {
    if (!(error instanceof OffsetOutOfRange)) throw error;
    // The next session finds out from the log's bounds what that means, and refuses or catches up.
    running.logger.warn(
      { group: running.handler.group, reason: error.message },
      'the log does not hold the next offset',
    );
  } finally {
    await next.catch(() => []);
  }
};
