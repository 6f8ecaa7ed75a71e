/**
 * The common retry loop: runs a session, and another one after each transient fault, with a growing backoff. Only progress resets
 * the backoff: that a session could be started does not prove that the fault has passed.
 */
import { backoffMs } from './backoff';
import type { Clock } from './clock';
import { TakenOver } from './engine-fault';
import { errorTextOf } from './error-text';
import { isAborted } from './stop-signal';

/**
 * What follows a fault. `back-off`: another session, after a growing wait. `restart`: another session at once, as `onFault` has
 * waited already. `stop`: the run ends without a fault. `escalate`: the run ends with the fault.
 */
export type Directive = 'back-off' | 'restart' | 'stop' | 'escalate';

export interface SessionRun {
  /** The number of consecutive faults without progress in between. */
  readonly attempts: number;
  /** Reports progress: the next fault counts as the first one again. */
  readonly onProgress: () => void;
}

/** A fault, and the wait that follows it. */
export interface Retry {
  readonly error: unknown;
  /** The message of the error. */
  readonly reason: string;
  /** The number of consecutive faults, including this one. */
  readonly attempts: number;
  readonly delayMs: number;
}

export interface SuperviseOptions<Result = void> {
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Resolves when its work is done, which ends the run. Rejects with the first fault. */
  readonly session: (run: SessionRun) => Promise<Result>;
  /**
   * Decides what follows a fault; what it throws ends the run. `attempts` counts the consecutive faults before this one. By default
   * a fault because another process has taken over escalates, and every other one is backed off from.
   */
  readonly onFault?: (error: unknown, attempts: number) => Directive | Promise<Directive>;
  /** Called before each wait. What it throws ends the run. */
  readonly onRetry: (retry: Retry) => void | Promise<void>;
  /** The shortest wait. */
  readonly minDelayMs?: number;
}

/** The default directive. */
export const directiveFor = (error: unknown): Directive => (error instanceof TakenOver ? 'escalate' : 'back-off');

/**
 * Resolves to the result of the session that has ended without a fault, and to undefined when the signal has aborted; a fault
 * after that is ignored, unless it escalates.
 */
export const supervise = async <Result = void>(options: SuperviseOptions<Result>): Promise<Result | undefined> => {
  const { clock, stopping, session, onFault = directiveFor, onRetry, minDelayMs } = options;
  let attempts = 0;
  const onProgress = (): void => {
    attempts = 0;
  };
  while (!stopping.aborted) {
    try {
      return await session({ attempts, onProgress });
    } catch (error) {
      const directive = await onFault(error, attempts);
      if (directive === 'escalate') throw error;
      if (directive === 'stop' || isAborted(stopping)) return undefined;
      if (directive === 'restart') continue;
      attempts += 1;
      const delayMs = backoffMs(clock, attempts, minDelayMs);
      await onRetry({ error, reason: errorTextOf(error), attempts, delayMs });
      await clock.sleep(delayMs, stopping);
    }
  }
  return undefined;
};
