/** What a group does about a fault that ended its session: whether and when it continues, and what its status says meanwhile. */
import { TakenOver } from '../../engine-fault';
import { TopicMissing } from '../../kafka/event-log';
import { TopicsUnsafe } from '../../kafka/topic-watch';
import type { Directive, Retry } from '../../supervise';
import { CircuitOpen, NotThisLog } from '../intake/intake';
import { GroupHalted } from './make-plan';
import { missingReason, RecordsMissing } from './missing-records';
import { enterState, type RunningGroup } from './running-group';

/** Waits here where the fault needs a specific wait, for example until an operator has changed the topics. */
export const directiveForGroup = async (running: RunningGroup, error: unknown): Promise<Directive> => {
  if (error instanceof TakenOver) {
    await enterState(running, 'stopped', error.message);
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

/** Reports that the group retries. */
export const tellRetry = async (running: RunningGroup, { error, reason, attempts, delayMs }: Retry): Promise<void> => {
  const { logger, handler, progress } = running;
  logger.warn({ group: handler.group, reason, attempts, delayMs }, 'the group retries');
  progress.countRetry(error);
  await enterState(running, 'retrying', reason);
};

const HALTED_REPORT_MS = 5_000;

/** Lasts until the group is stopped: an operator has to intervene. */
const halt = async (running: RunningGroup, reason: string): Promise<void> => {
  const { logger, handler, clock, stopping } = running;
  logger.error({ group: handler.group, reason }, 'the group is halted');
  while (!stopping.aborted) {
    await enterState(running, 'halted', reason);
    await clock.sleep(HALTED_REPORT_MS, stopping);
  }
};

/** Lasts until the next check of the topics, which an operator has to correct; the next session checks them again. */
const haltUntilSafe = async (running: RunningGroup, { message }: TopicsUnsafe): Promise<void> => {
  const { logger, handler, progress, watch, stopping } = running;
  if (progress.status().state !== 'halted')
    logger.error({ group: handler.group, reason: message }, 'the group is halted');
  await enterState(running, 'halted', message);
  await watch.pause(stopping);
};

const TOPIC_POLL_MS = 100;

/** No fault: the relay creates the topics when it starts. */
const waitForTopics = async (running: RunningGroup, missing: TopicMissing): Promise<void> => {
  const { progress, clock, stopping } = running;
  const reason = `${missing.message}: waiting for the relay to create it`;
  if (progress.status().reason !== reason) await enterState(running, 'starting', reason);
  // Keeps the status recent; one that can't be written now is written by the next report.
  await running.reporter.refreshWhenDue(undefined).catch(() => undefined);
  await clock.sleep(TOPIC_POLL_MS, stopping);
};
