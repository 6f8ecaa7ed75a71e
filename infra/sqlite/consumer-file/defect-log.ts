/** Dead letters that still have to be logged, as rows. */
import type { DefectLog, LoggedDefect } from '../../dead-letters/store/store';
import type { Database } from '../database';

/** Prepares the statements on a file that has the migration. */
export const defectLog = (database: Database): DefectLog => {
  const waiting = database.prepare<[number], LoggedDefect>(
    `SELECT id, consumer AS "group", event_id AS eventId, correlation_id AS correlationId,
            causation_id AS causationId, topic, "partition", "offset", reason, stack
       FROM dead_letters WHERE logged = 0 ORDER BY id LIMIT ?`,
  );
  const done = database.prepare<[number]>('UPDATE dead_letters SET logged = 1 WHERE id = ?');
  return {
    waiting: (limit) => waiting.all(limit),
    done: (ids) => {
      for (const id of ids) done.run(id);
    },
  };
};
