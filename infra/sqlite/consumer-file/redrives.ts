/** Redrives as rows: the selected dead letters, which do not change after planning, and the progress. */
import type { Clock } from '../../clock';
import {
  batchSizes,
  type RedriveRows,
  type RequestCursor,
  type RunningRedrive,
} from '../../dead-letters/redrive/redrive';
import type { Database } from '../database';

/** Prepares the statements on a file that has the dead letters' migration. */
export const redriveRows = (database: Database, clock: Clock): RedriveRows => {
  const insert = database.prepare<[number, string, number, string, string]>(
    `INSERT INTO redrives (id, consumer, state, rate_per_second, preview, actor, runs, events)
     VALUES (?, ?, 'planned', ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`,
  );
  const insertKey = database.prepare<[number, number, number, number, string]>(
    `INSERT INTO redrive_keys (redrive_id, seq, batch, dead_letter_id, fingerprint, state)
     SELECT ?, ?, ?, id, fingerprint, 'waiting' FROM dead_letters WHERE id = ? AND consumer = ?`,
  );
  const planned = database.prepare<[number, string]>('SELECT 1 FROM redrives WHERE id = ? AND consumer = ?');
  const pause = database.prepare<[number]>(
    `UPDATE redrives SET state = 'paused' WHERE id = ? AND state IN ('planned', 'running')`,
  );
  const start = database.prepare<[number, number]>(
    `UPDATE redrives SET state = 'running', runs = runs + 1, reason = NULL, finished_at_ms = NULL,
            started_at_ms = coalesce(started_at_ms, ?) WHERE id = ?`,
  );
  const retryFailed = database.prepare<[number]>(
    `UPDATE redrive_keys SET state = 'waiting', reason = NULL WHERE redrive_id = ? AND state = 'failed'`,
  );
  const running = database.prepare<[], RunningRedrive>(
    `SELECT id, consumer, actor, rate_per_second AS ratePerSecond FROM redrives WHERE state = 'running' ORDER BY id`,
  );
  const next = database.prepare<[number], { readonly seq: number; readonly letter: number }>(
    `SELECT seq, dead_letter_id AS letter FROM redrive_keys WHERE redrive_id = ? AND state = 'waiting' ORDER BY seq LIMIT 1`,
  );
  const endKey = database.prepare<[string, string | null, number, number]>(
    'UPDATE redrive_keys SET state = ?, reason = ? WHERE redrive_id = ? AND seq = ?',
  );
  const count = database.prepare<[number, number]>('UPDATE redrives SET events = events + ? WHERE id = ?');
  const halt = database.prepare<[string, string, string]>(
    `UPDATE redrives SET state = 'halted', reason = ?
      WHERE state = 'running' AND consumer = ? AND id IN (SELECT redrive_id FROM redrive_keys WHERE fingerprint = ?)`,
  );
  const finish = database.prepare<[number, number]>(
    `UPDATE redrives SET state = 'done', finished_at_ms = ? WHERE id = ? AND state = 'running'`,
  );
  return {
    isPlanned: (id, consumer) => planned.get(id, consumer) !== undefined,
    plan: (id, actor, { group, letters, ratePerSecond, preview }) => {
      insert.run(id, group, ratePerSecond, JSON.stringify(preview), actor);
      let seq = 0;
      batchSizes(letters.length).forEach((size, batch) => {
        for (const letter of letters.slice(seq, seq + size)) {
          seq += 1;
          insertKey.run(id, seq, batch + 1, letter, group);
        }
      });
    },
    run: (id) => {
      retryFailed.run(id);
      start.run(clock.nowMs(), id);
    },
    pause: (id) => void pause.run(id),
    running: () => running.all(),
    nextKey: ({ id, consumer, actor }) => {
      const key = next.get(id);
      return key === undefined ? undefined : { redrive: id, consumer, actor, ...key };
    },
    endKey: ({ redrive, seq }, state, reason) => void endKey.run(state, reason, redrive, seq),
    count: (id, events) => void count.run(events, id),
    haltFor: (consumer, fingerprint, reason) => halt.run(reason, consumer, fingerprint).changes,
    finish: (id) => void finish.run(clock.nowMs(), id),
  };
};

/** Prepares the statements on a file that has the dead letters' migration. */
export const requestCursor = (database: Database): RequestCursor => {
  const position = database.prepare<[], number>('SELECT last_request_id FROM failure_requests').pluck();
  const moveTo = database.prepare<[number]>('UPDATE failure_requests SET last_request_id = ?');
  return { position: () => position.get() ?? 0, moveTo: (requestId) => void moveTo.run(requestId) };
};
