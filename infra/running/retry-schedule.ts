/** When each of several independent pieces of work may be retried, so that one that fails does not delay the others. */
import { backoffMs } from '../backoff';
import type { Clock } from '../clock';

export interface RetrySchedule<Key> {
  /** Whether it may run now: it has no fault, or its wait is over. */
  readonly isDue: (key: Key) => boolean;
  /** The number of its consecutive faults. */
  readonly attempts: (key: Key) => number;
  /** Records a fault; returns the wait until it is due again, in milliseconds. */
  readonly failed: (key: Key) => number;
  /** Forgets its faults, as it has succeeded or is abandoned. */
  readonly forget: (key: Key) => void;
}

/** Makes a schedule without faults. */
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
