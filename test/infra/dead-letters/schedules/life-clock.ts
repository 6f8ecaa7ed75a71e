/** Time that stands still until somebody waits: the same in every run, and no schedule waits for it. */
import type { Clock } from '../../../../infra/clock';

export interface LifeClock extends Clock {
  readonly leap: (durationMs: number) => void;
}

/** Begins at a fixed moment. */
export const lifeClock = (): LifeClock => {
  let elapsedMs = 0;
  let ids = 0;
  return {
    nowMs: () => Date.UTC(2026, 0, 1) + elapsedMs,
    monotonicMs: () => elapsedMs,
    newId: () => `id-${(ids += 1)}`,
    random: () => 0.5,
    sleep: async (durationMs) => {
      elapsedMs += durationMs;
      // Others have their turn, whoever waits and for however long.
      await new Promise((resolve) => setImmediate(resolve));
    },
    leap: (durationMs) => {
      elapsedMs += durationMs;
    },
  };
};
