/** Copies dead letters to their topics, each group for itself, for as long as a role runs. */
import { supervise } from '../../running/supervise';
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
  await supervise({
    clock,
    stopping,
    minDelayMs: LOOK_MS,
    session: async ({ attempts, onProgress }) => {
      let isFaulty = attempts > 0;
      while (!stopping.aborted) {
        await copyGroup(options, group);
        if (isFaulty) await calls.noteCopying(group, { refused: [], fault: null });
        isFaulty = false;
        onProgress();
        await clock.sleep(LOOK_MS, stopping);
      }
    },
    onRetry: async ({ reason, attempts }) => {
      logger.warn({ group, reason, attempts }, 'dead letters are copied again in a moment');
      // Where not even that can be written, the next attempt says so.
      await calls.noteCopying(group, { refused: [], fault: reason }).catch(() => undefined);
    },
  });
};
