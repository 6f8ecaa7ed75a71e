/** The delay before the next attempt: exponential backoff with jitter. */
import type { Clock } from './clock';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/**
 * The delay after `attempts` failed attempts: exponential, half of it random, so that clients that failed together do not retry
 * together; never shorter than what the server requested.
 */
export const backoffMs = (clock: Clock, attempts: number, retryAfterMs = 0): number => {
  const exponentialMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempts - 1, 20));
  const jitteredMs = exponentialMs * (0.5 + clock.random() / 2);
  return Math.round(Math.max(jitteredMs, retryAfterMs));
};
