/** One session of a consumer group, from planning to the first fault: plan, catch up from the store, consume. */
import type { SessionRun } from '../../supervise';
import { checkpointAt } from '../checkpoints/checkpoints';
import { applyWithRetry, type RetryingApplication } from './apply-with-retry';
import { type Behind, catchUpFromStore, pendingCatchUp } from './catch-up-from-store';
import { assertStoreFits, consume } from './consume';
import { makePlan } from './make-plan';
import type { GroupProgress } from './progress';
import { enterState, type RunningGroup } from './running-group';
import type { CurrentWatermarks, StartingPlan } from './start-plan';

/**
 * After a fault the group stays `retrying`, with the reason, until a batch has been applied or Kafka has confirmed that there is
 * none: an open session alone does not prove that the fault has passed.
 */
export const groupSession = async (running: RunningGroup, { attempts, onProgress }: SessionRun): Promise<void> => {
  const { log, handler, progress, heartbeats } = running;
  if (progress.status().reason === null) await enterState(running, 'starting', null);
  await assertStoreFits(running);
  const consumer = heartbeats.around(await log.openConsumer(handler.group));
  let isFault = true;
  try {
    const plan = await makePlan(running, consumer, running.accepted.gaps);
    await running.watch.check();
    await handler.begin(plan.begin);
    const behind = plan.catchUp === undefined ? [] : await standIn(running, plan.catchUp);
    if (behind === undefined) {
      isFault = false;
      return;
    }
    // Only after the catch-up, so that a restart before its end makes the same plan.
    await switchToLog(
      running,
      plan.moves.filter((move) => checkpointAt(behind, move) === undefined),
    );
    const application = applyWithRetry(running, consumer);
    for (const each of behind) hold(running, application, each, plan);
    application.assign();
    noteLogEnds(progress, plan.bounds);
    const hasRecovered = attempts === 0 || progress.status().lag === 0;
    if (hasRecovered) await enterState(running, 'running', null);
    await consume(running, consumer, application, hasRecovered, onProgress);
    isFault = false;
  } finally {
    heartbeats.leave(isFault);
    await consumer.close();
  }
};

/** Blocks a partition that was left behind by the catch-up; it catches up separately, and switches to the log at the end. */
const hold = (running: RunningGroup, application: RetryingApplication, behind: Behind, plan: StartingPlan): void => {
  const moves = plan.moves.filter((move) => checkpointAt([behind], move) !== undefined);
  const pending = pendingCatchUp(running, behind, () => switchToLog(running, moves));
  application.block(behind, pending, behind.fault);
};

const noteLogEnds = (progress: GroupProgress, bounds: ReadonlyArray<CurrentWatermarks>): void => {
  for (const each of bounds) {
    const at = progress.partition(each);
    if (at !== undefined) at.logEndOffset = each.high;
  }
};

/** Moves the checkpoints to the log as it is now. The catch-up has advanced the high-water positions since the plan was made. */
const switchToLog = async ({ handler, progress }: RunningGroup, moves: StartingPlan['moves']): Promise<void> => {
  if (moves.length > 0) {
    const checkpoints = await handler.checkpoints();
    await handler.move(
      moves.map((move) => {
        const now = checkpointAt(checkpoints, move);
        return { ...move, highWaterPosition: now?.highWaterPosition ?? move.highWaterPosition };
      }),
    );
  }
  // The checkpoints of topics that the group no longer reads are kept.
  progress.restore((await handler.checkpoints()).filter(({ topic }) => handler.topics.includes(topic)));
};

/** Reads from the store what the log does not have. */
const standIn = (running: RunningGroup, why: string): ReturnType<typeof catchUpFromStore> => {
  const { handler, reporter, logger } = running;
  return catchUpFromStore({
    ...running,
    onBegin: async (range) => {
      logger.info({ group: handler.group, ...range, why }, 'catching up from the store');
      const reason = `${why}: events up to position ${range.untilPosition} are read from the store`;
      await enterState(running, 'catching-up', reason);
    },
    onPage: () => reporter.refreshWhenDue(undefined),
  });
};
