/** Time in tests: it stands still until a test lets it pass, so that every run has the same times and ids. */
import type { Clock } from '../../infra/clock';

/** A clock that moves only when it is told to. */
export interface ManualClock extends Clock {
  /** Lets time pass, in milliseconds. */
  readonly advance: (durationMs: number) => void;
}

/** When tests begin unless they say otherwise: 2026-01-05T08:00:00.000Z. */
export const START_MS = Date.UTC(2026, 0, 5, 8);

/**
 * A clock that stands at a time (milliseconds since 1970), gives ids in sequence, and whose sleeps take no time.
 *
 * @example
 * ```ts
 * const clock = manualClock();
 * clock.advance(60_000);
 * ```
 */
export const manualClock = (startMs: number = START_MS): ManualClock => {
  let passedMs = 0;
  let ids = 0;
  return {
    nowMs: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    newId: () => `00000000-0000-4000-8000-${(ids += 1).toString(16).padStart(12, '0')}`,
    random: () => 0.5,
    sleep: (durationMs) => {
      passedMs += durationMs;
      return Promise.resolve();
    },
    advance: (durationMs) => {
      if (!Number.isFinite(durationMs) || durationMs < 0)
        throw new RangeError(`time passes forward, in milliseconds: ${durationMs} is not a duration`);
      passedMs += durationMs;
    },
  };
};
