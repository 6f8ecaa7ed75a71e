/** The circuit breakers of one file's consumers; that one has tripped outlasts the process. */
import { circuitBreaker, CircuitOpen, type BreakerPolicy, type CircuitBreaker } from '../../consumption/intake/intake';

export interface CircuitBreakers {
  readonly of: (consumer: string) => CircuitBreaker;
  /**
   * Runs work that may trip the consumer's breaker; `write` runs a transaction. That it tripped is written down in a
   * transaction of its own, for the one in which it happened is rolled back.
   */
  readonly guard: <Result>(consumer: string, write: <Any>(work: () => Any) => Any, work: () => Result) => Result;
}

/** Which breakers have tripped. Calls that write belong inside the caller's transaction. */
export interface TrippedBreakers {
  readonly isTripped: (consumer: string) => boolean;
  readonly trip: (consumer: string, reason: string) => void;
  readonly reset: (consumer: string) => void;
}

/** The breakers of a file, none of which has counted anything yet. */
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
