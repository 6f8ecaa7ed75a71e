/** A consumer group from its start to its last report: one session after another, with retries after transient faults. */
import { systemClock } from '../../clock';
import { exclusive } from '../../exclusive';
import { watchAnswers } from '../../kafka/answer-watch';
import { startRunning } from '../../running/role';
import { supervise } from '../../supervise';
import type { ConsumerGroup, StartConsumerGroup } from './consumer-group';
import { directiveForGroup, tellRetry } from './group-faults';
import { groupSession } from './group-session';
import { reportGroupSilence } from './kafka-answers';
import { groupProgress } from './progress';
import { runningGroup, type RunningGroup } from './running-group';

/** Starts the group. It need not be started after the broker: it waits for it and for its topics. */
export const startConsumerGroup: StartConsumerGroup = (options): ConsumerGroup => {
  const progress = groupProgress(options.handler.group, options.clock, options.observer);
  const oneAtATime = exclusive();
  // How long a broker is silent is a matter of real time, whatever clock the group goes by.
  const watched = watchAnswers(options.log, systemClock);
  const running = startRunning(async (stopping) => {
    const group = runningGroup({ ...options, log: watched.log, progress, oneAtATime, stopping });
    const ended = new AbortController();
    const over = AbortSignal.any([stopping, ended.signal]);
    const silence = reportGroupSilence({ ...group, watched, clock: systemClock, stopping: over });
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
  progress.setState('stopped', progress.status().reason);
  await reporter.refresh(undefined).catch((error: unknown) => {
    logger.warn({ group: handler.group, error }, 'the last status of the group could not be written');
  });
};
