/**
 * The one retry loop: runs a session, and another one after each fault that may pass, with a growing backoff. The backoff is
 * reset by progress only: to have begun a session is not to have got anywhere.
 */
import { backoffMs } from '../backoff';
import type { Clock } from '../clock';
import { TakenOver } from '../engine-fault';
import { errorTextOf } from '../error-text';
import { isAborted } from './stop-signal';

/**
 * What follows a fault. `back-off`: another session, after a wait that grows. `restart`: another one at once, for whoever was
 * asked has waited already. `stop`: none, and the run ends well. `escalate`: the run ends with the fault.
 */
export type Directive = 'back-off' | 'restart' | 'stop' | 'escalate';

export interface SessionRun {
  /** Faults in a row, without progress between them; 0 in a session that follows none. */
  readonly attempts: number;
  /** Something has gone through: the next fault is the first one again. */
  readonly onProgress: () => void;
}

/** A fault, and the wait that follows it. */
export interface Retry {
  readonly error: unknown;
  /** What the error says. */
  readonly reason: string;
  /** Faults in a row, this one among them. */
  readonly attempts: number;
  readonly delayMs: number;
}

export interface SuperviseOptions {
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  /** Resolves when its work is over; then no other one begins. Rejects with the first fault. */
  readonly session: (run: SessionRun) => Promise<void>;
  /**
   * Decides about a fault; what it throws ends the run. `attempts` counts the faults in a row before this one. Left out: a
   * fault that says that another process has taken over escalates, and every other one is backed off from.
   */
  readonly onFault?: (error: unknown, attempts: number) => Directive | Promise<Directive>;
  /** Called before each wait. What it throws ends the run. */
  readonly onRetry: (retry: Retry) => void | Promise<void>;
  /** The shortest wait. */
  readonly minDelayMs?: number;
}

/** What every role does about a fault, unless it says otherwise. */
export const directiveFor = (error: unknown): Directive => (error instanceof TakenOver ? 'escalate' : 'back-off');

/**
 * Resolves when a session has ended without a fault, or when the signal has aborted: a fault that is met then is part of the
 * ending, unless it escalates.
 */
export const supervise = async (options: SuperviseOptions): Promise<void> => {
  const { clock, stopping, session, onFault = directiveFor, onRetry, minDelayMs } = options;
  let attempts = 0;
  const onProgress = (): void => {
    attempts = 0;
  };
  while (!stopping.aborted) {
    try {
      await session({ attempts, onProgress });
      return;
    } catch (error) {
      const directive = await onFault(error, attempts);
      if (directive === 'escalate') throw error;
      if (directive === 'stop' || isAborted(stopping)) return;
      if (directive === 'restart') continue;
      attempts += 1;
      const delayMs = backoffMs(clock, attempts, minDelayMs);
      await onRetry({ error, reason: errorTextOf(error), attempts, delayMs });
      await clock.sleep(delayMs, stopping);
    }
  }
};
