/** The circuit breakers of one file's consumers; that one has tripped outlasts the process. */
import type { Clock } from '../../clock';
import { circuitBreaker, CircuitOpen, type BreakerPolicy, type CircuitBreaker } from '../../consumption/intake/intake';
import type { Database } from '../../sqlite/database';

export interface CircuitBreakers {
  readonly of: (consumer: string) => CircuitBreaker;
  /**
   * Runs work that may trip the consumer's breaker; `write` runs a transaction. That it tripped is written down in a
   * transaction of its own, for the one in which it happened is rolled back.
   */
  readonly guard: <Result>(consumer: string, write: <Any>(work: () => Any) => Any, work: () => Result) => Result;
}

/** Prepares the statements on a file that has the dead letters' migration. */
export const circuitBreakersOf = (database: Database, clock: Clock, policy: BreakerPolicy): CircuitBreakers => {
  const breakers = new Map<string, CircuitBreaker>();
  const find = database.prepare<[string], string>('SELECT reason FROM circuit_breakers WHERE consumer = ?').pluck();
  const trip = database.prepare<[string, string, number]>(
    'INSERT INTO circuit_breakers VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET reason = excluded.reason, tripped_at_ms = excluded.tripped_at_ms',
  );
  const reset = database.prepare<[string]>('DELETE FROM circuit_breakers WHERE consumer = ?');
  const make = (consumer: string): CircuitBreaker => {
    const breaker = circuitBreaker(policy, find.get(consumer) !== undefined);
    return {
      check: breaker.check,
      note: (keys) => {
        const isOver = breaker.note(keys);
        if (isOver) reset.run(consumer);
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
        if (error instanceof CircuitOpen) write(() => trip.run(consumer, error.message, clock.nowMs()));
        throw error;
      }
    },
  };
};
