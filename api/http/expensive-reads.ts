/** Limits reads of thousands of events: a few run, some more wait, all others are rejected. */
import type { FastifyRequest } from 'fastify';
import { failWith, ProblemError, retryAfter } from './problem';
import { shuttingDown } from './shedding';

/** Runs a read once a slot is free; rejects with 503 if too many are waiting. */
export type RunExpensiveRead = <Result>(
  request: Pick<FastifyRequest, 'signal'>,
  read: (signal: AbortSignal) => Promise<Result>,
) => Promise<Result>;

export interface ExpensiveReads {
  readonly run: RunExpensiveRead;
  /** Ends the waiting reads because the server is about to close. */
  readonly stop: () => void;
}

/** All reads share one thread: more at a time would only use more memory. */
const MAX_RUNNING = 2;
const MAX_WAITING = 100;

interface Waiter {
  readonly begin: () => void;
  readonly fail: (error: Error) => void;
}

/** Returns the limiter, with no reads running. */
export const expensiveReads = (
  limits: { readonly running: number; readonly waiting: number } = {
    running: MAX_RUNNING,
    waiting: MAX_WAITING,
  },
): ExpensiveReads => {
  const waiters = new Set<Waiter>();
  let running = 0;

  const turn = async (signal: AbortSignal): Promise<void> => {
    if (running < limits.running) {
      running += 1;
      return;
    }
    if (waiters.size >= limits.waiting) {
      failWith('overloaded', 'Too many reads of whole histories are already waiting.', { headers: retryAfter(2) });
    }
    await new Promise<void>((begin, fail) => {
      const waiter = { begin, fail };
      waiters.add(waiter);
      // A client that has disconnected, or has waited longer than a response may take, leaves the queue.
      signal.addEventListener('abort', () => waiters.delete(waiter) && fail(new Abandoned()), { once: true });
    });
  };
  const passOn = (): void => {
    const [next] = waiters;
    if (next === undefined) {
      running -= 1;
      return;
    }
    waiters.delete(next);
    next.begin();
  };

  return {
    run: async ({ signal }, read) => {
      await turn(signal);
      try {
        return await read(signal);
      } finally {
        passOn();
      }
    },
    stop: () => {
      for (const { fail } of waiters) fail(new ProblemError(shuttingDown()));
      waiters.clear();
    },
  };
};

/** The response is no longer wanted. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
  constructor() {
    super('the client has disconnected, or the response took too long');
  }
}

/** Throws {@link Abandoned}: called between two pages of a long read. */
export const throwIfAbandoned = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw new Abandoned();
};
