/** The circuit breakers of one file's consumers. That a breaker has tripped is stored, so that a restart knows it. */
import { circuitBreaker, CircuitOpen, type BreakerPolicy, type CircuitBreaker } from '../../consumption/intake/intake';

export interface CircuitBreakers {
  readonly of: (consumer: string) => CircuitBreaker;
  /**
   * Runs work that may trip the consumer's breaker; `write` runs a transaction. The trip is stored in a second transaction, as the
   * one in which it happened is rolled back.
   */
  readonly guard: <Result>(consumer: string, write: <Any>(work: () => Any) => Any, work: () => Result) => Result;
}

/** Which breakers have tripped. Calls that write belong inside the caller's transaction. */
export interface TrippedBreakers {
  readonly isTripped: (consumer: string) => boolean;
  readonly trip: (consumer: string, reason: string) => void;
  readonly reset: (consumer: string) => void;
}

/** Makes the breakers of a file. */
export const circuitBreakersOf = (tripped: TrippedBreakers, policy: BreakerPolicy): CircuitBreakers => {
  const breakers = new Map<string, CircuitBreaker>();
  const make = (consumer: string): CircuitBreaker => {
    const breaker = circuitBreaker(policy, tripped.isTripped(consumer));
    return {
      check: breaker.check,
      note: (keys) => {
        const isOver = breaker.note(keys);
        if (isOver) tripped.reset(consumer);
        return isOver;
      },
    };
  };
  return {
    of: (consumer) => {
      const known = breakers.get(consumer) ?? make(consumer);
      breakers.set(consumer, known);
      return known;
    },
    guard: (consumer, write, work) => {
      try {
        return write(work);
      } catch (error) {
        if (error instanceof CircuitOpen) write(() => tripped.trip(consumer, error.message));
        throw error;
      }
    },
  };
};
