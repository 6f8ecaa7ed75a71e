/** Reads that go through thousands of events: so many at once, so many in the queue, and no more. */
import type { FastifyRequest } from 'fastify';
import { failWith, ProblemError, retryAfter } from './problem';
import { shuttingDown } from './shedding';

/** Runs a read when its turn has come; ends it with 503 where too many wait. */
export type RunExpensiveRead = <Result>(
  request: Pick<FastifyRequest, 'signal'>,
  read: (signal: AbortSignal) => Promise<Result>,
) => Promise<Result>;

export interface ExpensiveReads {
  readonly run: RunExpensiveRead;
  /** Ends those that wait, for the server is about to close. */
  readonly stop: () => void;
}

/** They share one thread: more at once would only hold more memory. */
const MAX_RUNNING = 2;
const MAX_WAITING = 100;

interface Waiter {
  readonly begin: () => void;
  readonly fail: (error: Error) => void;
}

/** Starts with nobody. */
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
      failWith('overloaded', 'Too many reads of whole histories wait already.', { headers: retryAfter(2) });
    }
    await new Promise<void>((begin, fail) => {
      const waiter = { begin, fail };
      waiters.add(waiter);
      // Whoever has gone, or waits for longer than an answer may take, leaves the queue.
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

/** Nobody waits for the answer any more. */
export class Abandoned extends Error {
  override readonly name = 'Abandoned';
  constructor() {
    super('the client has gone, or the answer took too long');
  }
}

/** Throws {@link Abandoned}: between two pages of a long read. */
export const throwIfAbandoned = (signal: AbortSignal | undefined): void => {
  if (signal?.aborted === true) throw new Abandoned();
};
