/** Removes expired responses to clients: a few at a time, with pauses, so that appends do not wait. */
import type { Clock } from '../clock';
import type { Logger } from '../logger';

export interface ResponseExpiryOptions {
  /** Removes a few in one transaction; returns how many, 0 if none is left. */
  readonly store: { readonly removeExpiredResponses: () => number };
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
  readonly ttlMs: number;
}

/** Pause between two batches; an expired response is ignored even before it is removed. */
const STEP_PAUSE_MS = 50;
const MAX_CHECK_MS = 60_000;

/** Runs until the signal aborts. Never rejects: a failed removal is retried. */
export const expireResponses = async (options: ResponseExpiryOptions): Promise<void> => {
  const { store, clock, logger, stopping, ttlMs } = options;
  const checkMs = Math.min(MAX_CHECK_MS, Math.max(STEP_PAUSE_MS, Math.floor(ttlMs / 10)));
  let hasFailed = false;
  while (!stopping.aborted) {
    let isMore = false;
    try {
      isMore = store.removeExpiredResponses() > 0;
      hasFailed = false;
    } catch (error) {
      if (!hasFailed) logger.warn({ error }, 'expired responses cannot be removed at present; retrying');
      hasFailed = true;
    }
    await clock.sleep(isMore ? STEP_PAUSE_MS : checkMs, stopping);
  }
};
