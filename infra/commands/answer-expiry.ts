/** Removes answers to clients that have expired: a few at a time, with pauses, so that no append waits for it. */
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import { supervise } from '../supervise';

export interface AnswerExpiryOptions {
  /** Removes a few in one transaction; returns how many, 0 where none is left. */
  readonly store: { readonly removeExpiredAnswers: () => number };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly ttlMs: number;
}

/** The pause between two steps, and the longest one where none is left: an expired answer is not used before it is removed either. */
const STEP_PAUSE_MS = 50;
const MAX_LOOK_MS = 60_000;

/** Runs until the signal aborts. Never rejects: what can't be removed now is removed later. */
export const expireAnswers = async (options: AnswerExpiryOptions): Promise<void> => {
  const { store, clock, logger, stopping, ttlMs } = options;
  const lookMs = Math.min(MAX_LOOK_MS, Math.max(STEP_PAUSE_MS, Math.floor(ttlMs / 10)));
  await supervise({
    clock,
    stopping,
    session: async ({ onProgress }) => {
      while (!stopping.aborted) {
        const isMore = store.removeExpiredAnswers() > 0;
        onProgress();
        await clock.sleep(isMore ? STEP_PAUSE_MS : lookMs, stopping);
      }
    },
    onFault: () => 'back-off',
    onRetry: ({ error, attempts }) => {
      if (attempts === 1) logger.warn({ error }, 'expired answers cannot be removed at present; this is retried');
    },
    minDelayMs: lookMs,
  });
};
