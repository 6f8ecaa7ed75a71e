/**
 * Remembered answers to requests that carried an idempotency key, written in the transaction of their events. A key belongs
 * to a scope; answers expire after a stated time, but for those of the reactors, who may ask again after years (a process of
 * a new version learns everything again, and asks under the same keys).
 */
import { REACTORS_SCOPE, type RequestOutcome, type ScopedKey } from '../../domain/kernel/event-store';
import type { Clock } from '../clock';
import type { Database, Migration } from './database';

/**
 * A step of the store's schema. Before it all callers shared one space. What has the form of a command id of a process
 * (`<process>/<event id>/...`, or its hash) goes to the reactors, unless its own events say that a plain request caused
 * them; of the rest, the actor of its first event is the caller. Answers without events (a rejection, nothing to change)
 * don't say whose they were: they are dropped, and a repeat is decided afresh.
 */
export const scopedAnswersMigration: Migration = {
  name: 'scoped answers',
  sql: `CREATE TABLE remembered_answers (
          scope TEXT NOT NULL,
          key TEXT NOT NULL,
          request_hash TEXT NOT NULL,
          response TEXT NOT NULL,
          recorded_at_ms INTEGER NOT NULL,
          PRIMARY KEY (scope, key)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO remembered_answers
          SELECT scope, key, request_hash, response, recorded_at_ms FROM (
            SELECT o.*, CASE
                WHEN (o.key GLOB '?*/?*@[1-9]*/*' OR o.key GLOB 'sha256:*')
                     AND coalesce(e.causation_id, '') NOT GLOB 'request:*' THEN '${REACTORS_SCOPE}'
                WHEN e.actor = 'anonymous' THEN 'anonymous'
                WHEN e.actor IS NOT NULL THEN 'caller/' || e.actor
              END AS scope
            FROM outcomes o LEFT JOIN events e
              ON e.position = json_extract(o.response, '$.result.events[0].position'))
          WHERE scope IS NOT NULL;
        DROP TABLE outcomes;
        -- Where answers expire, by age.
        CREATE INDEX remembered_answers_by_age ON remembered_answers (recorded_at_ms) WHERE scope <> '${REACTORS_SCOPE}';`,
};

/** All calls that write belong inside the caller's transaction. */
export interface RememberedAnswers {
  /** False where the key has an answer that has not expired. */
  readonly remember: (outcome: RequestOutcome, recordedAtMs: number) => boolean;
  readonly find: (key: ScopedKey) => RequestOutcome | undefined;
  /** Removes the oldest of those that have expired, a bounded number of them; returns how many. */
  readonly removeExpired: () => number;
}

/** So many are removed in one transaction, which holds up appends for some milliseconds at most. */
const ANSWERS_PER_STEP = 200;

/** Prepares the statements. An answer that has expired and is not removed yet counts as none. */
export const rememberedAnswers = (database: Database, clock: Clock, ttlMs: number = Infinity): RememberedAnswers => {
  const insert = database.prepare<[string, string, string, string, number, number]>(
    `INSERT INTO remembered_answers VALUES (?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET request_hash = excluded.request_hash, response = excluded.response,
         recorded_at_ms = excluded.recorded_at_ms
       WHERE scope <> '${REACTORS_SCOPE}' AND recorded_at_ms <= ?`,
  );
  const find = database.prepare<[string, string, number], RequestOutcome>(
    `SELECT scope, key, request_hash AS requestHash, response FROM remembered_answers
      WHERE scope = ? AND key = ? AND (scope = '${REACTORS_SCOPE}' OR recorded_at_ms > ?)`,
  );
  const remove = database.prepare<[number, number]>(
    `DELETE FROM remembered_answers WHERE (scope, key) IN (
       SELECT scope, key FROM remembered_answers WHERE scope <> '${REACTORS_SCOPE}' AND recorded_at_ms <= ?
        ORDER BY recorded_at_ms LIMIT ?)`,
  );
  /** What was recorded then or before has expired; integers only, for an infinite bound would be a REAL. */
  const expiredUntilMs = (): number =>
    Math.max(-1, Math.floor(clock.nowMs() - Math.min(ttlMs, Number.MAX_SAFE_INTEGER)));
  return {
    remember: ({ scope, key, requestHash, response }, recordedAtMs) =>
      insert.run(scope, key, requestHash, response, recordedAtMs, expiredUntilMs()).changes > 0,
    find: ({ scope, key }) => find.get(scope, key, expiredUntilMs()),
    removeExpired: () => remove.run(expiredUntilMs(), ANSWERS_PER_STEP).changes,
  };
};
