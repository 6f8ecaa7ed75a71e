/**
 * Time of a test's own: it stands still until somebody reads it or sleeps, and a sleep takes no longer than a turn of the event
 * loop. For tests that are not about time and wait for no broker, process or thread.
 */
import type { Clock } from '../../infra/clock';
import { seededRandom } from './random';

export interface TestClock extends Clock {
  /** What was slept so far, in milliseconds, in the order of asking. */
  readonly sleeps: () => ReadonlyArray<number>;
  /** Lets time pass. */
  readonly advance: (durationMs: number) => void;
}

export interface TestClockOptions {
  /** Milliseconds since 1970. */
  readonly startMs?: number;
  /** In [0, 1), in place of seeded chance. */
  readonly random?: () => number;
}

const START_MS = Date.UTC(2026, 0, 5, 8);

/** Unique in the process: two clocks give no id twice. */
let ids = 0;

interface Sleeper {
  readonly untilMs: number;
  readonly wake: () => void;
}

/** A look at the clock takes a hundredth of a millisecond, so that whoever waits without sleeping gets somewhere. */
const LOOK_MS = 0.01;

/** A clock that nobody else has. */
export const testClock = ({ startMs = START_MS, random = seededRandom(1) }: TestClockOptions = {}): TestClock => {
  const sleeps: number[] = [];
  const sleepers: Sleeper[] = [];
  let passedMs = 0;
  let isTurning = false;

  /** Wakes whoever sleeps least long, once all else has had a turn. */
  const turn = (): void => {
    isTurning = false;
    sleepers.sort((left, right) => left.untilMs - right.untilMs);
    const first = sleepers.shift();
    if (first === undefined) return;
    passedMs = Math.max(passedMs, first.untilMs);
    first.wake();
    turnLater();
  };
  const turnLater = (): void => {
    if (isTurning || sleepers.length === 0) return;
    isTurning = true;
    setImmediate(turn);
  };

  return {
    nowMs: () => Math.floor(startMs + (passedMs += LOOK_MS)),
    monotonicMs: () => (passedMs += LOOK_MS),
    newId: () => `00000000-0000-4000-8000-${(ids += 1).toString(16).padStart(12, '0')}`,
    random,
    sleep: (durationMs, signal) =>
      new Promise((resolve) => {
        sleeps.push(durationMs);
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const sleeper: Sleeper = {
          untilMs: passedMs + durationMs,
          wake: () => {
            signal?.removeEventListener('abort', wakeEarly);
            resolve();
          },
        };
        const wakeEarly = (): void => {
          sleepers.splice(sleepers.indexOf(sleeper), 1);
          resolve();
        };
        signal?.addEventListener('abort', wakeEarly, { once: true });
        sleepers.push(sleeper);
        turnLater();
      }),
    sleeps: () => sleeps,
    advance: (durationMs) => {
      passedMs += durationMs;
    },
  };
};

/** One clock for all of a test file, where its time is nobody's subject. */
export const ownClock: TestClock = testClock();
