/** How long to wait before the next attempt: twice as long each time, never all at once. */
import type { Clock } from './clock';

const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 10_000;

/**
 * The wait after `attempts` failed attempts: exponential, with a random half so that those who failed together do not
 * come back together; never shorter than what the server asked for.
 */
export const backoffMs = (clock: Clock, attempts: number, retryAfterMs = 0): number => {
  const exponentialMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(attempts - 1, 20));
  const jitteredMs = exponentialMs * (0.5 + clock.random() / 2);
  return Math.round(Math.max(jitteredMs, retryAfterMs));
};
