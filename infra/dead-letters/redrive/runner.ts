/** The loop alongside a role's groups: picks up operators' requests, redrives at the requested rate, and copies to Kafka. */
import type { Clock } from '../../clock';
import { TakenOver } from '../../engine-fault';
import { countChanges, type ChangeCounter } from '../../event-store/change-counter';
import type { EventFeed } from '../../event-store/event-feed';
import type { EventLog } from '../../kafka/event-log';
import type { Logger } from '../../logger';
import { retrySchedule } from '../../running/retry-schedule';
import { supervise } from '../../supervise';
import { runCopying, type CopyingCalls } from '../topic/topic';
import { logDefects, type DefectCalls } from '../store/store';
import type { RedriveStep } from './process-requests';

/** The calls of the loop to the writer of the file; each is one transaction. */
export interface DeadLetterCalls extends CopyingCalls, DefectCalls {
  readonly takeRequests: () => Promise<number>;
  /** Runs while the group pauses at a batch boundary. */
  readonly redriveStep: (group: string) => Promise<RedriveStep>;
}

export interface OperatorRequestRunnerOptions {
  readonly calls: DeadLetterCalls;
  readonly groups: ReadonlyArray<string>;
  /** The store: a change can be a new request. */
  readonly store: Pick<EventFeed, 'changes'>;
  readonly log: EventLog;
  readonly topicPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const POLL_MS = 200;
/** How often work that follows from no new request is looked for, such as a redrive from before a restart. */
const CHECK_INTERVAL_MS = 1_000;

/** Resolves when the signal aborts; rejects when this process may no longer write. A fault of Kafka delays no request. */
export const processOperatorRequests = async (options: OperatorRequestRunnerOptions): Promise<void> => {
  await Promise.all([runRequests(options), runCopying(options)]);
};

const runRequests = async (options: OperatorRequestRunnerOptions): Promise<void> => {
  const { clock, logger, stopping } = options;
  await supervise({
    clock,
    stopping,
    session: ({ onProgress }) => session(options, onProgress),
    onRetry: ({ error }) => logger.warn({ error }, 'processing of dead letters is retried'),
  });
};

const session = async (options: OperatorRequestRunnerOptions, onProgress: () => void): Promise<void> => {
  const { store, clock, stopping } = options;
  const changes = countChanges({ feed: store, clock, signal: stopping, withinMs: POLL_MS });
  try {
    await processUntilStopped(options, changes, onProgress);
  } finally {
    changes.stop();
  }
};

const processUntilStopped = async (
  options: OperatorRequestRunnerOptions,
  changes: ChangeCounter,
  onProgress: () => void,
): Promise<void> => {
  const { calls, groups, clock, logger, stopping } = options;
  const isolated = isolatedWork(options);
  let checkedChange: number | undefined;
  let checkedAtMs = -Infinity;
  while (!stopping.aborted) {
    const change = changes.count();
    const isDue = clock.monotonicMs() - checkedAtMs >= CHECK_INTERVAL_MS;
    if (change !== checkedChange) while ((await calls.takeRequests()) > 0);
    let isBusy = false;
    if (change !== checkedChange || isDue) {
      for (const group of groups) isBusy = (await isolated.run(group, () => redrive(options, group))) || isBusy;
    }
    if (isDue) {
      await isolated.run('defects', () => logDefects(calls, logger));
      checkedAtMs = clock.monotonicMs();
    }
    onProgress();
    // The next step of a running redrive follows without a pause, as `redrive` has waited for its rate.
    checkedChange = isBusy ? undefined : change;
    if (!isBusy) await changes.next(POLL_MS);
  }
};

/**
 * Runs pieces of work whose faults do not affect each other, such as the redrives of two groups. A piece that failed is not run
 * again before a growing pause has passed.
 */
const isolatedWork = ({ clock, logger }: OperatorRequestRunnerOptions) => {
  const retries = retrySchedule<string>(clock);
  return {
    run: async <Result>(name: string, work: () => Promise<Result>): Promise<Result | false> => {
      if (!retries.isDue(name)) return false;
      try {
        const result = await work();
        retries.forget(name);
        return result;
      } catch (error) {
        if (error instanceof TakenOver) throw error;
        const delayMs = retries.failed(name);
        logger.warn({ work: name, error, delayMs }, 'a part of the processing of dead letters is retried');
        return false;
      }
    },
  };
};

/** Runs one step, and waits as long as its events may take at the requested rate. Returns whether there was anything to do. */
const redrive = async ({ calls, clock, stopping }: OperatorRequestRunnerOptions, group: string): Promise<boolean> => {
  const beganAtMs = clock.monotonicMs();
  const { events, ratePerSecond } = await calls.redriveStep(group);
  if (events === undefined) return false;
  const dueMs = (events * 1_000) / ratePerSecond;
  await clock.sleep(Math.max(0, dueMs - (clock.monotonicMs() - beganAtMs)), stopping);
  return true;
};
