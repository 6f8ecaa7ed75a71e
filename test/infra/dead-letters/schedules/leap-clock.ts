/** A clock whose time only advances when somebody sleeps, and without waiting, so that every run of a schedule is the same. */
import type { Clock } from '../../../../infra/clock';

export interface LeapClock extends Clock {
  readonly leap: (durationMs: number) => void;
}

/** Makes a clock that starts at a fixed time. */
export const leapClock = (): LeapClock => {
  let elapsedMs = 0;
  let ids = 0;
  return {
    nowMs: () => Date.UTC(2026, 0, 1) + elapsedMs,
    monotonicMs: () => elapsedMs,
    newId: () => `id-${(ids += 1)}`,
    random: () => 0.5,
    sleep: async (durationMs) => {
      elapsedMs += durationMs;
      // Yields to the event loop, however long the sleep.
      await new Promise((resolve) => setImmediate(resolve));
    },
    leap: (durationMs) => {
      elapsedMs += durationMs;
    },
  };
};
