/** What a sender waits for: room, a time, and the gate. */
import type { Clock } from '../clock';

/** Lets callers wait for a condition. */
export interface ConditionWait {
  readonly wait: () => Promise<void>;
  /** Wakes the waiting callers if the condition is met now. */
  readonly notify: () => void;
}

/** Makes a wait for a condition. */
export const conditionWait = (isMet: () => boolean): ConditionWait => {
  let waiting: (() => void)[] = [];
  return {
    wait: async () => {
      if (!isMet()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    notify: () => {
      if (!isMet()) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
};

/** Upper limit on one sleep, so that a change of the wall clock is noticed in time. */
const MAX_SLEEP_MS = 10_000;

/** Sleeps until the wall clock has reached a time. */
export const sleepUntil = async (clock: Clock, timeMs: number, signal: AbortSignal): Promise<void> => {
  for (let leftMs = timeMs - clock.nowMs(); leftMs > 0 && !signal.aborted; leftMs = timeMs - clock.nowMs()) {
    await clock.sleep(Math.min(leftMs, MAX_SLEEP_MS), signal);
  }
};

/** Calls back after a wait; further calls during the wait change nothing. */
export const waitOnce = (clock: Clock, signal: AbortSignal, then: () => void): ((durationMs: number) => void) => {
  let isWaiting = false;
  return (durationMs) => {
    if (isWaiting || durationMs === Infinity) return;
    isWaiting = true;
    void clock.sleep(durationMs, signal).then(() => {
      isWaiting = false;
      then();
    });
  };
};
