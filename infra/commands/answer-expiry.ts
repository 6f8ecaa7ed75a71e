/** Removes answers to clients that have expired: a few at a time, with pauses, so that no append waits for it. */
import type { Clock } from '../clock';
import type { Logger } from '../logger';

export interface AnswerExpiryOptions {
  /** Removes a few in one transaction; returns how many, 0 where none is left. */
  readonly store: { readonly removeExpiredAnswers: () => number };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly ttlMs: number;
}

/** Between two steps, and between two looks: an answer that has expired counts as none also before it is removed. */
const STEP_PAUSE_MS = 50;
const MAX_LOOK_MS = 60_000;

/** Looks again and again until the signal aborts. Never rejects: what can't be removed now is removed later. */
export const expireAnswers = async (options: AnswerExpiryOptions): Promise<void> => {
  const { store, clock, logger, stopping, ttlMs } = options;
  const lookMs = Math.min(MAX_LOOK_MS, Math.max(STEP_PAUSE_MS, Math.floor(ttlMs / 10)));
  let hasFailed = false;
  while (!stopping.aborted) {
    let isMore = false;
    try {
      isMore = store.removeExpiredAnswers() > 0;
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) logger.warn({ error }, 'expired answers cannot be removed now; it is tried again');
      hasFailed = true;
    }
    await clock.sleep(isMore ? STEP_PAUSE_MS : lookMs, stopping);
  }
};
