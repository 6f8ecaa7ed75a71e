/** Effects as rows: where each began, what operators have set, and the results of calls. */
import { isoTime, type Clock } from '../../clock';
import type {
  EffectMode,
  EffectResultOutcome,
  EffectRows,
  EffectStart,
  RecordedEffectResult,
  StoredEffect,
} from '../../reactors/processes/processes';
import type { Database, Migration } from '../database';

/** A step of the reactors' schema. */
export const effectsMigration: Migration = {
  name: 'effects',
  sql: `CREATE TABLE effects (
          effect TEXT PRIMARY KEY,
          -- Events up to this position, and those recorded before this time, are never performed.
          after_position INTEGER NOT NULL,
          not_before TEXT,
          mode TEXT NOT NULL CHECK (mode IN ('running', 'draining', 'paused')),
          -- Who has set the mode, and when; null as long as nobody has.
          mode_actor TEXT,
          mode_at_ms INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE effect_results (
          seq INTEGER PRIMARY KEY,
          effect TEXT NOT NULL,
          key TEXT NOT NULL UNIQUE,
          outcome TEXT NOT NULL CHECK (outcome IN ('done', 'rejected', 'dry-run')),
          result TEXT NOT NULL,
          attempts INTEGER NOT NULL,
          finished_at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX effect_results_by_effect ON effect_results (effect, outcome, seq);
        ALTER TABLE pending_commands ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
        -- Another table in its place, as a check can't be changed.
        ALTER TABLE set_aside RENAME TO former_set_aside;
        CREATE TABLE set_aside (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          process TEXT NOT NULL,
          kind TEXT NOT NULL CHECK (kind IN ('command', 'deadline', 'effect')),
          -- The id of the command, the deadline or the call.
          subject TEXT NOT NULL,
          instance TEXT NOT NULL,
          reason TEXT NOT NULL,
          status TEXT NOT NULL CHECK (status IN ('open', 'released', 'discarded')),
          set_aside_at_ms INTEGER NOT NULL,
          UNIQUE (process, kind, subject)
        ) STRICT;
        INSERT INTO set_aside SELECT * FROM former_set_aside;
        DROP TABLE former_set_aside;`,
};

/** Prepares the statements on the reactors' file. */
export const effectRows = (database: Database, clock: Clock): EffectRows => {
  const start = database.prepare<[string], EffectStart>(
    'SELECT after_position AS afterPosition, not_before AS notBefore FROM effects WHERE effect = ?',
  );
  const begin = database.prepare<[string, number, string | null]>(
    `INSERT INTO effects (effect, after_position, not_before, mode) VALUES (?, ?, ?, 'running') ON CONFLICT DO NOTHING`,
  );
  const mode = database.prepare<[string], EffectMode>('SELECT mode FROM effects WHERE effect = ?').pluck();
  const setMode = database.prepare<[EffectMode, string, number, string]>(
    'UPDATE effects SET mode = ?, mode_actor = ?, mode_at_ms = ? WHERE effect = ?',
  );
  const add = database.prepare<[string, string, EffectResultOutcome, string, number, number]>(
    `INSERT INTO effect_results (effect, key, outcome, result, attempts, finished_at_ms) VALUES (?, ?, ?, ?, ?, ?)`,
  );
  return {
    start: (effect) => start.get(effect),
    begin: (effect, { afterPosition, notBefore }) => void begin.run(effect, afterPosition, notBefore),
    mode: (effect) => mode.get(effect) ?? 'running',
    setMode: (effect, next, actor) => void setMode.run(next, actor, clock.nowMs(), effect),
    results: {
      add: ({ effect, key, outcome, result, attempts }) =>
        void add.run(effect, key, outcome, JSON.stringify(result ?? null), attempts, clock.nowMs()),
    },
  };
};

/** Reads one effect; works on a read-only connection too. Undefined where it has never run. */
export const readEffect = (database: Database, effect: string): StoredEffect | undefined => {
  const row = database
    .prepare<[string], Omit<StoredEffect, 'outcomes'>>(
      `SELECT after_position AS afterPosition, not_before AS notBefore, mode, mode_actor AS modeActor,
              mode_at_ms AS modeAtMs FROM effects WHERE effect = ?`,
    )
    .get(effect);
  if (row === undefined) return undefined;
  const counts = database
    .prepare<[string], { readonly outcome: EffectResultOutcome; readonly calls: number }>(
      'SELECT outcome, count(*) AS calls FROM effect_results WHERE effect = ? GROUP BY outcome',
    )
    .all(effect);
  const callsOf = (outcome: EffectResultOutcome): number => counts.find((each) => each.outcome === outcome)?.calls ?? 0;
  return { ...row, outcomes: { done: callsOf('done'), rejected: callsOf('rejected'), 'dry-run': callsOf('dry-run') } };
};

/** Reads the results of an effect, newest first; works on a read-only connection too. */
export const readEffectResults = (
  database: Database,
  { effect, key = null }: { readonly effect: string; readonly key?: string | null },
  limit: number,
): ReadonlyArray<RecordedEffectResult> =>
  database
    .prepare<[object], Omit<RecordedEffectResult, 'result' | 'finishedAt'> & { result: string; finishedAtMs: number }>(
      `SELECT effect, key, outcome, result, attempts, finished_at_ms AS finishedAtMs FROM effect_results
        WHERE effect = :effect AND key = coalesce(:key, key) ORDER BY seq DESC LIMIT :limit`,
    )
    .all({ effect, key, limit })
    .map(({ result, finishedAtMs, ...row }) => ({
      ...row,
      // Written by `effectRows`, from a value that its codec has encoded.
      result: JSON.parse(result) as unknown,
      finishedAt: isoTime(finishedAtMs),
    }));
