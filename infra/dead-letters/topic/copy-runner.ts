/** Copies dead letters to their topics, each group for itself, for as long as a role runs. */
import { backoffMs } from '../../backoff';
import { errorTextOf } from '../../error-text';
import { LeaseLost } from '../../sqlite/lease';
import { copyGroup, type CopyingOptions } from './publish';

export interface CopyRunnerOptions extends CopyingOptions {
  readonly stopping: AbortSignal;
}

const LOOK_MS = 1_000;

/** Resolves when the signal aborts; rejects when this process may no longer write. */
export const runCopying = async (options: CopyRunnerOptions): Promise<void> => {
  await Promise.all(options.groups.map((group) => runGroup(options, group)));
};

const runGroup = async (options: CopyRunnerOptions, group: string): Promise<void> => {
  const { calls, clock, logger, stopping } = options;
  let faults = 0;
  while (!stopping.aborted) {
    try {
      await copyGroup(options, group);
      if (faults > 0) await calls.noteCopying(group, { refused: [], fault: null });
      faults = 0;
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      // The signal may have come while the call was under way.
      if (isAborted(stopping)) return;
      faults += 1;
      const reason = errorTextOf(error);
      logger.warn({ group, reason, attempts: faults }, 'dead letters are copied again in a moment');
      // Where not even that can be written, the next attempt says so.
      await calls.noteCopying(group, { refused: [], fault: reason }).catch(() => undefined);
    }
    await clock.sleep(faults === 0 ? LOOK_MS : Math.max(LOOK_MS, backoffMs(clock, faults)), stopping);
  }
};

const isAborted = (signal: AbortSignal): boolean => signal.aborted;
