/** When each of several independent pieces of work may be tried again: one that fails holds up none of the others. */
import { backoffMs } from '../backoff';
import type { Clock } from '../clock';

export interface RetrySchedule<Key> {
  /** Whether it may be tried now: it has met no fault, or its wait is over. */
  readonly isDue: (key: Key) => boolean;
  /** Faults in a row that it has met; 0 for none. */
  readonly attempts: (key: Key) => number;
  /** It met a fault: returns the wait before it is due again. */
  readonly failed: (key: Key) => number;
  /** It went through, or is given up: nothing of it is kept. */
  readonly forget: (key: Key) => void;
}

/** Nothing has failed yet. */
export const retrySchedule = <Key>(clock: Clock): RetrySchedule<Key> => {
  const faults = new Map<Key, { readonly attempts: number; readonly untilMs: number }>();
  const attempts = (key: Key): number => faults.get(key)?.attempts ?? 0;
  return {
    isDue: (key) => clock.monotonicMs() >= (faults.get(key)?.untilMs ?? -Infinity),
    attempts,
    failed: (key) => {
      const failed = attempts(key) + 1;
      const delayMs = backoffMs(clock, failed);
      faults.set(key, { attempts: failed, untilMs: clock.monotonicMs() + delayMs });
      return delayMs;
    },
    forget: (key) => void faults.delete(key),
  };
};
