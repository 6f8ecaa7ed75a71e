/** The one place where time and chance enter the program. Everything else receives a clock. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';

/** Time and identity as a dependency, so that tests can control them. */
export interface Clock {
  /** Wall-clock time in milliseconds since 1970. */
  readonly nowMs: () => number;
  /** Monotonic time in milliseconds; only differences are meaningful. */
  readonly monotonicMs: () => number;
  /** A random identifier (UUID). */
  readonly newId: () => string;
  /** A number in [0, 1), for jitter. */
  readonly random: () => number;
  /** Waits; resolves early, without an error, when the signal aborts. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
}

/** The real clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  newId: () => randomUUID(),
  random: () => Math.random(),
  sleep: async (durationMs, signal) => {
    try {
      await delay(durationMs, undefined, signal === undefined ? {} : { signal });
    } catch {
      // An aborted sleep just ends early: the caller that aborted it knows why.
    }
  },
};

/** Milliseconds since 1970 as ISO 8601 in UTC. */
export const isoTime = (timeMs: number): string => new Date(timeMs).toISOString();
