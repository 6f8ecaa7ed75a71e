/** What a group does about a fault that ended its session: whether it goes on, when, and what its status says meanwhile. */
import { TakenOver } from '../../engine-fault';
import { TopicMissing } from '../../kafka/event-log';
import { TopicsUnsafe } from '../../kafka/topic-watch';
import type { Directive, Retry } from '../../running/supervise';
import { CircuitOpen, NotThisLog } from '../intake/intake';
import { GroupHalted } from './make-plan';
import { missingReason, RecordsMissing } from './missing-records';
import { become, type RunningGroup } from './running-group';

/** Waits where the fault asks for a wait of its own. */
export const directiveForGroup = async (running: RunningGroup, error: unknown): Promise<Directive> => {
  if (error instanceof TakenOver) {
    await become(running, 'stopped', error.message);
    return 'escalate';
  }
  if (error instanceof GroupHalted || error instanceof CircuitOpen || error instanceof NotThisLog) {
    await halt(running, error.message);
    return 'stop';
  }
  if (error instanceof TopicsUnsafe) {
    await haltUntilSafe(running, error);
    return 'restart';
  }
  if (error instanceof RecordsMissing) {
    if (running.acceptNewLog) {
      running.accepted.gaps = error.gaps;
      return 'restart';
    }
    await halt(running, missingReason(error));
    return 'stop';
  }
  if (error instanceof TopicMissing) {
    await waitForTopics(running, error);
    return 'restart';
  }
  return 'back-off';
};

/** Says that the group tries again. */
export const tellRetry = async (running: RunningGroup, { error, reason, attempts, delayMs }: Retry): Promise<void> => {
  const { logger, handler, progress } = running;
  logger.warn({ group: handler.group, reason, attempts, delayMs }, 'the group tries again');
  progress.countRetry(error);
  await become(running, 'retrying', reason);
};

const HALTED_REPORT_MS = 5_000;

/** Until the group is stopped: an operator has to look. */
const halt = async (running: RunningGroup, reason: string): Promise<void> => {
  const { logger, handler, clock, stopping } = running;
  logger.error({ group: handler.group, reason }, 'the group is halted');
  while (!stopping.aborted) {
    await become(running, 'halted', reason);
    await clock.sleep(HALTED_REPORT_MS, stopping);
  }
};

/** Until an operator has set the topics right: the next session looks again. */
const haltUntilSafe = async (running: RunningGroup, { message }: TopicsUnsafe): Promise<void> => {
  const { logger, handler, progress, watch, stopping } = running;
  if (progress.status().state !== 'halted')
    logger.error({ group: handler.group, reason: message }, 'the group is halted');
  await become(running, 'halted', message);
  await watch.pause(stopping);
};

const TOPIC_POLL_MS = 100;

/** Nothing has failed: the relay makes the topics when it starts. */
const waitForTopics = async (running: RunningGroup, missing: TopicMissing): Promise<void> => {
  const { progress, clock, stopping } = running;
  const reason = `${missing.message}: waits for the relay to make it`;
  if (progress.status().reason !== reason) await become(running, 'starting', reason);
  // A sign of life; a status that can't be written now is written by the next report.
  await running.reporter.refreshWhenDue(undefined).catch(() => undefined);
  await clock.sleep(TOPIC_POLL_MS, stopping);
};
