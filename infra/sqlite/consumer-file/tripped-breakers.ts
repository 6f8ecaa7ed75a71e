/** Which circuit breakers have tripped, as rows. */
import type { Clock } from '../../clock';
import type { TrippedBreakers } from '../../consumption/intake/intake';
import type { Database } from '../database';

/** Prepares the statements on a file that has the dead letters' migration. */
export const trippedBreakers = (database: Database, clock: Clock): TrippedBreakers => {
  const find = database.prepare<[string], string>('SELECT reason FROM circuit_breakers WHERE consumer = ?').pluck();
  const trip = database.prepare<[string, string, number]>(
    `INSERT INTO circuit_breakers VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET reason = excluded.reason, tripped_at_ms = excluded.tripped_at_ms`,
  );
  const reset = database.prepare<[string]>('DELETE FROM circuit_breakers WHERE consumer = ?');
  return {
    isTripped: (consumer) => find.get(consumer) !== undefined,
    trip: (consumer, reason) => void trip.run(consumer, reason, clock.nowMs()),
    reset: (consumer) => void reset.run(consumer),
  };
};
