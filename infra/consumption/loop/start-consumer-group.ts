/** The life of a consumer group, from its start to its last report: session after session, after every fault that may pass. */
import { exclusive } from '../../exclusive';
import { startRunning } from '../../running/role';
import { supervise } from '../../running/supervise';
import type { ConsumerGroup, StartConsumerGroup } from './consumer-group';
import { directiveForGroup, tellRetry } from './group-faults';
import { groupSession } from './group-session';
import { reportSilence, watchAnswers } from './kafka-answers';
import { groupProgress } from './progress';
import { runningGroup, type RunningGroup } from './running-group';

/** Starts the group; it waits by itself for a broker and for its topics. */
export const startConsumerGroup: StartConsumerGroup = (options): ConsumerGroup => {
  const progress = groupProgress(options.handler.group, options.clock, options.observer);
  const oneAtATime = exclusive();
  const watched = watchAnswers(options.log, options.clock);
  const running = startRunning(async (stopping) => {
    const group = runningGroup({ ...options, log: watched.log, progress, oneAtATime, stopping });
    const ended = new AbortController();
    const silence = reportSilence({ ...group, watched, stopping: ended.signal });
    await run(group).finally(() => ended.abort());
    await silence;
  });
  return { ...running, status: progress.status, pausedWhile: oneAtATime };
};

const run = async (running: RunningGroup): Promise<void> => {
  const { clock, logger, stopping, handler, progress, reporter } = running;
  await supervise({
    clock,
    stopping,
    session: (attempt) => groupSession(running, attempt),
    onFault: (error) => directiveForGroup(running, error),
    onRetry: (retry) => tellRetry(running, retry),
  });
  progress.become('stopped', progress.status().reason);
  await reporter.refresh(undefined).catch((error: unknown) => {
    logger.warn({ group: handler.group, error }, 'the last status of the group was not kept');
  });
};
