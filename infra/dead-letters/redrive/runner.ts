/** The loop beside a role's groups: takes operators' requests over, redrives at the pace asked for, and copies to Kafka. */
import type { Clock } from '../../clock';
import { TakenOver } from '../../engine-fault';
import { countChanges, type ChangeCounter } from '../../event-store/change-counter';
import type { EventFeed } from '../../event-store/event-feed';
import type { EventLog } from '../../kafka/event-log';
import type { Logger } from '../../logger';
import { retrySchedule } from '../../running/retry-schedule';
import { supervise } from '../../running/supervise';
import { runCopying, type CopyingCalls } from '../topic/topic';
import { logDefects, type DefectCalls } from '../store/store';
import type { RedriveStep } from './process-requests';

/** What the loop asks of whoever writes the file; each call is one transaction. */
export interface DeadLetterCalls extends CopyingCalls, DefectCalls {
  readonly takeRequests: () => Promise<number>;
  /** While the group stands at a batch boundary. */
  readonly redriveStep: (group: string) => Promise<RedriveStep>;
}

export interface OperatorRequestRunnerOptions {
  readonly calls: DeadLetterCalls;
  readonly groups: ReadonlyArray<string>;
  /** The store: it changes when anybody may have asked for something. */
  readonly store: Pick<EventFeed, 'changes'>;
  readonly log: EventLog;
  readonly topicPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const POLL_MS = 200;
/** Steps that nobody asked for just now are looked for so often. */
const LOOK_MS = 1_000;

/** Resolves when the signal aborts; rejects when this process may no longer write. A topic that takes nothing holds up no request. */
export const processOperatorRequests = async (options: OperatorRequestRunnerOptions): Promise<void> => {
  await Promise.all([runDesk(options), runCopying(options)]);
};

const runDesk = async (options: OperatorRequestRunnerOptions): Promise<void> => {
  const { clock, logger, stopping } = options;
  await supervise({
    clock,
    stopping,
    session: ({ onProgress }) => session(options, onProgress),
    onRetry: ({ error }) => logger.warn({ error }, 'dead letters are attended to again in a moment'),
  });
};

const session = async (options: OperatorRequestRunnerOptions, onProgress: () => void): Promise<void> => {
  const { store, clock, stopping } = options;
  const changes = countChanges({ feed: store, clock, signal: stopping, withinMs: POLL_MS });
  try {
    await attend(options, changes, onProgress);
  } finally {
    changes.stop();
  }
};

const attend = async (
  options: OperatorRequestRunnerOptions,
  changes: ChangeCounter,
  onProgress: () => void,
): Promise<void> => {
  const { calls, groups, clock, logger, stopping } = options;
  const apart = piecesApart(options);
  let lookedAt: number | undefined;
  let lookedAtMs = -Infinity;
  while (!stopping.aborted) {
    const version = changes.count();
    const isDue = clock.monotonicMs() - lookedAtMs >= LOOK_MS;
    if (version !== lookedAt) while ((await calls.takeRequests()) > 0);
    let isBusy = false;
    if (version !== lookedAt || isDue) {
      for (const group of groups) isBusy = (await apart.run(group, () => redrive(options, group))) || isBusy;
    }
    if (isDue) {
      await apart.run('defects', () => logDefects(calls, logger));
      lookedAtMs = clock.monotonicMs();
    }
    onProgress();
    // While a redrive goes on the next step follows at once; its pace was kept above.
    lookedAt = isBusy ? undefined : version;
    if (!isBusy) await changes.next(POLL_MS);
  }
};

/**
 * Pieces of work that fail each for itself: the redrive of one group, or Kafka away, holds up nothing else. What failed is left
 * alone for a growing pause.
 */
const piecesApart = ({ clock, logger }: OperatorRequestRunnerOptions) => {
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
        logger.warn({ work: name, error, delayMs }, 'dead letters: this is tried again in a moment, the rest goes on');
        return false;
      }
    },
  };
};

/** Takes one step and the time that its events may take. Returns whether there was anything to do. */
const redrive = async ({ calls, clock, stopping }: OperatorRequestRunnerOptions, group: string): Promise<boolean> => {
  const beganAtMs = clock.monotonicMs();
  const { events, ratePerSecond } = await calls.redriveStep(group);
  if (events === undefined) return false;
  const dueMs = (events * 1_000) / ratePerSecond;
  await clock.sleep(Math.max(0, dueMs - (clock.monotonicMs() - beganAtMs)), stopping);
  return true;
};
