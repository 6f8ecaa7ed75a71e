/** The loop beside a role's groups: takes operators' requests over, redrives at the pace asked for, and copies to Kafka. */
import { backoffMs } from '../backoff';
import type { Clock } from '../clock';
import type { EventLog } from '../kafka/event-log';
import type { Logger } from '../logger';
import { LeaseLost } from '../sqlite/lease';
import { copyToTopics } from './dead-letter-topic';
import type { DeadLetterCopy } from './dead-letter-copies';
import { logDefects, type DefectCalls } from './defect-log';
import type { RedriveStep } from './failure-desk';

/** What the loop asks of whoever writes the file; each call is one transaction. */
export interface FailureCalls extends DefectCalls {
  readonly takeRequests: () => Promise<number>;
  /** While the group stands at a batch boundary. */
  readonly redriveStep: (group: string) => Promise<RedriveStep>;
  readonly copiesWaiting: (group: string, limit: number) => Promise<ReadonlyArray<DeadLetterCopy>>;
  readonly copiesDone: (seqs: ReadonlyArray<number>) => Promise<void>;
}

export interface FailureRunnerOptions {
  readonly calls: FailureCalls;
  readonly groups: ReadonlyArray<string>;
  /** Changes when anybody may have asked for something. */
  readonly dataVersion: () => number;
  readonly log: EventLog;
  readonly topicPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const POLL_MS = 200;
/** Copies, and steps that nobody asked for just now, are looked for so often. */
const LOOK_MS = 1_000;

/** Resolves when the signal aborts; rejects when this process may no longer write. */
export const runFailureDesk = async (options: FailureRunnerOptions): Promise<void> => {
  const { clock, logger, stopping } = options;
  let faults = 0;
  while (!stopping.aborted) {
    try {
      await session(options, () => (faults = 0));
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      // The signal may have come while the call was under way.
      if (isAborted(stopping)) return;
      faults += 1;
      logger.warn({ error }, 'dead letters are attended to again in a moment');
      await clock.sleep(backoffMs(clock, faults), stopping);
    }
  }
};

const isAborted = (signal: AbortSignal): boolean => signal.aborted;

const session = async (options: FailureRunnerOptions, onProgress: () => void): Promise<void> => {
  const { calls, groups, dataVersion, clock, logger, stopping } = options;
  let lookedAt: number | undefined;
  let lookedAtMs = -Infinity;
  while (!stopping.aborted) {
    const version = dataVersion();
    const isDue = clock.monotonicMs() - lookedAtMs >= LOOK_MS;
    if (version !== lookedAt) while ((await calls.takeRequests()) > 0);
    let isBusy = false;
    if (version !== lookedAt || isDue) for (const group of groups) isBusy = (await redrive(options, group)) || isBusy;
    if (isDue) {
      // First: where Kafka is away, the log of the process says what happened all the same.
      await logDefects(calls, logger);
      await copyToTopics(options);
      lookedAtMs = clock.monotonicMs();
    }
    onProgress();
    // While a redrive goes on the next step follows at once; its pace was kept above.
    lookedAt = isBusy ? undefined : version;
    if (!isBusy) await clock.sleep(POLL_MS, stopping);
  }
};

/** Takes one step and the time that its events may take. Answers whether there was anything to do. */
const redrive = async ({ calls, clock, stopping }: FailureRunnerOptions, group: string): Promise<boolean> => {
  const beganAtMs = clock.monotonicMs();
  const { events, ratePerSecond } = await calls.redriveStep(group);
  if (events === undefined) return false;
  const dueMs = (events * 1_000) / ratePerSecond;
  await clock.sleep(Math.max(0, dueMs - (clock.monotonicMs() - beganAtMs)), stopping);
  return true;
};
