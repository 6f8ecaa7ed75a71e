/** Counts the changes of a store, for loops that also do other work: a growing number, and a wait that a change ends. */
import type { Clock } from '../clock';
import type { ChangeQuery, EventFeed } from './event-feed';

export interface ChangeCounter {
  /** Grows with every change. Read it before reading the store, so that later changes are noticed. Throws what the feed threw. */
  readonly count: () => number;
  /** Waits until the next change, the timeout, or the abort of the counter's signal. Throws what the feed threw. */
  readonly next: (timeoutMs: number) => Promise<void>;
  /** Stops counting. */
  readonly stop: () => void;
}

export interface ChangeCounterOptions extends ChangeQuery {
  readonly feed: Pick<EventFeed, 'changes'>;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Starts counting; must be stopped. */
export const countChanges = ({ feed, clock, signal, withinMs }: ChangeCounterOptions): ChangeCounter => {
  const over = new AbortController();
  let changes = 0;
  let fault: { readonly error: unknown } | undefined;
  let waiting: AbortController | undefined;
  // Not AbortSignal.any, which leaks memory until its longest-lived signal is collected.
  const stop = (): void => {
    signal.removeEventListener('abort', stop);
    over.abort();
    waiting?.abort();
  };
  signal.addEventListener('abort', stop);
  if (signal.aborted) stop();
  const follow = async (): Promise<void> => {
    try {
      const iterator = feed.changes({ signal: over.signal, withinMs })[Symbol.asyncIterator]();
      while ((await iterator.next()).done !== true) {
        changes += 1;
        waiting?.abort();
      }
    } catch (error) {
      fault = { error };
      waiting?.abort();
    }
  };
  void follow();
  const throwFault = (): void => {
    if (fault !== undefined) throw fault.error;
  };
  return {
    count: () => {
      throwFault();
      return changes;
    },
    next: async (timeoutMs) => {
      throwFault();
      if (over.signal.aborted) return;
      const woken = new AbortController();
      waiting = woken;
      await clock.sleep(timeoutMs, woken.signal);
      waiting = undefined;
      throwFault();
    },
    stop,
  };
};
