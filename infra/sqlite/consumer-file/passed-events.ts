/** Events that a group is past in the log without having applied them; works on a read-only connection too. */
import type { PassedEvents } from '../../dead-letters/query/query';
import type { Database } from '../database';

/** Reads the current state. */
export const passedEvents = (database: Database, group: string): PassedEvents => ({
  waiting: new Map(
    database
      .prepare<[string], { readonly stream: string; readonly position: number }>(
        'SELECT stream, from_position AS position FROM quarantined_keys WHERE consumer = ?',
      )
      .all(group)
      .map(({ stream, position }) => [stream, position]),
  ),
  discarded: new Set(
    database
      .prepare<[string], string>(
        `SELECT event_id FROM dead_letters WHERE consumer = ? AND event_id IS NOT NULL AND status = 'discarded'`,
      )
      .pluck()
      .all(group),
  ),
});
