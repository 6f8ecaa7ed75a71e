/** Rebuilds as rows: what was asked for, how far it has come, and what came of it. */
import { isoTime, type Clock } from '../../infra/clock';
import type { Database } from '../../infra/sqlite/database';
import type { RebuildStatus } from '../view-reader';

/** Where a rebuild reads its events from. */
export type RebuildSource = RebuildStatus['from'];

/** A rebuild that is not over. */
export interface OpenRebuild {
  readonly id: number;
  readonly projection: string;
  readonly from: RebuildSource;
  readonly reason: string | null;
  /** The version and the generation that its tables are made by; null before the first step. */
  readonly version: number | null;
  readonly generation: number | null;
}

/** How far a rebuild has come. */
export type RebuildProgress = Pick<RebuildStatus, 'done' | 'total' | 'rate' | 'etaSeconds'>;

/**
 * Rebuilds that nobody asked for, because a projection's version changed, count from here: the ids of requests are those
 * of the store's rows, and never come so far.
 */
export const FIRST_AUTOMATIC_ID = 1_000_000_000_000;

/** All calls belong inside the caller's transaction. */
export interface RebuildRows {
  readonly lastRequestId: () => number;
  readonly add: (rebuild: Pick<OpenRebuild, 'id' | 'projection' | 'from'>) => void;
  /** Adds one that nobody asked for. */
  readonly addAutomatic: (projection: string, from: RebuildSource, reason: string) => void;
  /** Everything that is not over: first what runs, then what nobody asked for, then in the order of asking. */
  readonly open: () => ReadonlyArray<OpenRebuild>;
  readonly find: (id: number) => OpenRebuild | undefined;
  /** It runs, on tables of this version and generation. */
  readonly begin: (rebuild: OpenRebuild, version: number, generation: number) => void;
  readonly note: (id: number, progress: RebuildProgress) => void;
  /** Notes the fault that it waits to be over; until it goes on, that is its reason. */
  readonly noteFault: (id: number, fault: string) => void;
  readonly end: (id: number, state: 'done' | 'failed', reason: string | null, proof: RebuildStatus['proof']) => void;
}

const OPEN_COLUMNS = 'id, projection, source AS "from", reason, version, generation';

/** Prepares the statements on the views' file. */
export const rebuildRows = (database: Database, clock: Clock): RebuildRows => {
  const lastId = database.prepare<[number], number | null>('SELECT max(id) FROM rebuilds WHERE id < ?').pluck();
  const lastAutomaticId = database
    .prepare<[number], number | null>('SELECT max(id) FROM rebuilds WHERE id >= ?')
    .pluck();
  const insert = database.prepare<[number, string, string, string | null]>(
    `INSERT INTO rebuilds (id, projection, source, state, reason, done) VALUES (?, ?, ?, 'requested', ?, 0)
       ON CONFLICT DO NOTHING`,
  );
  const open = database.prepare<[number], OpenRebuild>(
    `SELECT ${OPEN_COLUMNS} FROM rebuilds WHERE state IN ('requested', 'running')
      ORDER BY state = 'running' DESC, id >= ? DESC, id`,
  );
  const find = database.prepare<[number], OpenRebuild>(`SELECT ${OPEN_COLUMNS} FROM rebuilds WHERE id = ?`);
  const begin = database.prepare<[string, string | null, number, number, number, number]>(
    `UPDATE rebuilds SET state = 'running', source = ?, reason = ?, fault = NULL, version = ?, generation = ?,
            started_at_ms = coalesce(started_at_ms, ?)
      WHERE id = ?`,
  );
  const note = database.prepare<[number, number | null, number | null, number | null, number]>(
    'UPDATE rebuilds SET done = ?, total = ?, rate = ?, eta_seconds = ? WHERE id = ?',
  );
  const noteFault = database.prepare<[string, number]>('UPDATE rebuilds SET fault = ? WHERE id = ?');
  const end = database.prepare<[string, string | null, string | null, number, number]>(
    `UPDATE rebuilds SET state = ?, reason = ?, fault = NULL, proof = ?, finished_at_ms = ?, eta_seconds = NULL
      WHERE id = ?`,
  );
  return {
    lastRequestId: () => lastId.get(FIRST_AUTOMATIC_ID) ?? 0,
    add: ({ id, projection, from }) => void insert.run(id, projection, from, null),
    addAutomatic: (projection, from, reason) =>
      void insert.run((lastAutomaticId.get(FIRST_AUTOMATIC_ID) ?? FIRST_AUTOMATIC_ID) + 1, projection, from, reason),
    open: () => open.all(FIRST_AUTOMATIC_ID),
    find: (id) => find.get(id),
    begin: ({ id, from, reason }, version, generation) =>
      void begin.run(from, reason, version, generation, clock.nowMs(), id),
    note: (id, { done, total, rate, etaSeconds }) => void note.run(done, total, rate, etaSeconds, id),
    noteFault: (id, fault) => void noteFault.run(fault, id),
    end: (id, state, reason, proof) =>
      void end.run(state, reason, proof === null ? null : JSON.stringify(proof), clock.nowMs(), id),
  };
};

// -------------------------------------------------------------------------------------
// Reading
// -------------------------------------------------------------------------------------

interface StatusRow extends Omit<RebuildStatus, 'proof' | 'startedAt' | 'finishedAt'> {
  readonly proof: string | null;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

/** How rebuilds stand; works on a read-only connection too. */
export const rebuildReader = (
  database: Database,
): {
  readonly find: (id: number) => RebuildStatus | undefined;
  readonly latestOf: (projection: string) => RebuildStatus | undefined;
} => {
  const columns = `id, projection, source AS "from", state, coalesce(fault, reason) AS reason, done, total, rate, eta_seconds AS etaSeconds,
    proof, started_at_ms AS startedAtMs, finished_at_ms AS finishedAtMs`;
  const find = database.prepare<[number], StatusRow>(`SELECT ${columns} FROM rebuilds WHERE id = ?`);
  // What runs first; else what was over last; else what has waited longest.
  const latest = database.prepare<[string], StatusRow>(
    `SELECT ${columns} FROM rebuilds WHERE projection = ?
      ORDER BY state = 'running' DESC, finished_at_ms DESC NULLS LAST, id LIMIT 1`,
  );
  const statusOf = (row: StatusRow | undefined): RebuildStatus | undefined => {
    if (row === undefined) return undefined;
    const { proof, startedAtMs, finishedAtMs, ...rest } = row;
    return {
      ...rest,
      // Written by `end` above.
      proof: proof === null ? null : (JSON.parse(proof) as RebuildStatus['proof']),
      startedAt: startedAtMs === null ? null : isoTime(startedAtMs),
      finishedAt: finishedAtMs === null ? null : isoTime(finishedAtMs),
    };
  };
  return { find: (id) => statusOf(find.get(id)), latestOf: (projection) => statusOf(latest.get(projection)) };
};
