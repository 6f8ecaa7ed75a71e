/** Copies dead letters to their topics, separately for each group, as long as a role runs. */
import { supervise } from '../../supervise';
import { copyGroup, type CopyingOptions } from './publish';

export interface CopyRunnerOptions extends CopyingOptions {
  readonly stopping: AbortSignal;
}

const CHECK_INTERVAL_MS = 1_000;

/** Resolves when the signal aborts; rejects when this process may no longer write. */
export const runCopying = async (options: CopyRunnerOptions): Promise<void> => {
  await Promise.all(options.groups.map((group) => runGroup(options, group)));
};

const runGroup = async (options: CopyRunnerOptions, group: string): Promise<void> => {
  const { calls, clock, logger, stopping } = options;
  await supervise({
    clock,
    stopping,
    minDelayMs: CHECK_INTERVAL_MS,
    session: async ({ attempts, onProgress }) => {
      let isFaulty = attempts > 0;
      while (!stopping.aborted) {
        await copyGroup(options, group);
        if (isFaulty) await calls.noteCopying(group, { refused: [], fault: null });
        isFaulty = false;
        onProgress();
        await clock.sleep(CHECK_INTERVAL_MS, stopping);
      }
    },
    onRetry: async ({ reason, attempts }) => {
      logger.warn({ group, reason, attempts }, 'copying dead letters is retried');
      // Where the fault cannot be written either, the next attempt writes it.
      await calls.noteCopying(group, { refused: [], fault: reason }).catch(() => undefined);
    },
  });
};
