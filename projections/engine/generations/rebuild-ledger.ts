/** Rebuilds as rows: what was asked for, how far it has come, and what came of it. */
import { isoTime, type Clock } from '../../../infra/clock';
import type { Database } from '../../../infra/sqlite/database';
import type { Differences, RebuildStatus } from '../../view-reader';

/** Where a rebuild reads its events from. */
export type RebuildSource = RebuildStatus['from'];

/** What is asked for. */
export interface RebuildSpec {
  readonly projection: string;
  readonly kind: RebuildStatus['kind'];
  readonly from: RebuildSource;
  /** Rebuilds with the same text read the log together; null for one that is alone. */
  readonly pass: string | null;
  readonly acceptDifferences: boolean;
  /** Of a copy: its name, the moment as asked for, and the last position before it. */
  readonly copy: string | null;
  readonly until: string | null;
  readonly untilPosition: number | null;
  /** Of one row: its key as it stands in a URL. */
  readonly key: string | null;
}

/** A rebuild that is not over. */
export interface OpenRebuild extends RebuildSpec {
  readonly id: number;
  readonly reason: string | null;
  /** The version and the generation that its tables are made by; null before the first step. */
  readonly version: number | null;
  readonly generation: number | null;
}

/** An order for the whole projection and nothing special. */
export const defaultRebuildSpec = (projection: string, from: RebuildSource): RebuildSpec => ({
  projection,
  kind: 'rebuild',
  from,
  pass: null,
  acceptDifferences: false,
  copy: null,
  until: null,
  untilPosition: null,
  key: null,
});

/** How far a rebuild has come. */
export type RebuildProgress = Pick<RebuildStatus, 'done' | 'total' | 'rate' | 'etaSeconds'>;

/**
 * Rebuilds that nobody asked for, because a projection's version changed, count from here: the ids of requests are those
 * of the store's rows, and never come so far.
 */
export const FIRST_AUTOMATIC_ID = 1_000_000_000_000;

type Ending = 'done' | 'failed' | 'cancelled';

/** All calls belong inside the caller's transaction. */
export interface RebuildRows {
  /** The last request of the store that was taken over. */
  readonly lastRequestId: () => number;
  readonly tookRequest: (id: number) => void;
  readonly add: (id: number, order: RebuildSpec) => void;
  /** Adds one that nobody asked for. */
  readonly addAutomatic: (order: RebuildSpec, reason: string) => void;
  /** Everything that can go on: first what runs, then what nobody asked for, then in the order of asking. */
  readonly open: () => ReadonlyArray<OpenRebuild>;
  readonly find: (id: number) => OpenRebuild | undefined;
  readonly stateOf: (id: number) => RebuildStatus['state'] | undefined;
  /** The highest generation that a rebuild of the projection has used; 0 for none. */
  readonly lastGeneration: (projection: string) => number;
  /** It runs, on tables of this version and generation. */
  readonly begin: (rebuild: OpenRebuild, version: number, generation: number) => void;
  readonly note: (id: number, progress: RebuildProgress) => void;
  /** Notes the fault that it waits to be over; until it goes on, that is its reason. */
  readonly noteFault: (id: number, fault: string) => void;
  /** It waits until a person accepts the differences, or cancels. */
  readonly wait: (id: number, reason: string, proof: RebuildStatus['proof']) => void;
  readonly accept: (id: number) => void;
  readonly noteDifferences: (id: number, differences: Differences | null) => void;
  readonly differencesOf: (id: number) => Differences | null;
  readonly end: (id: number, state: Ending, reason: string | null, proof: RebuildStatus['proof']) => void;
}

const OPEN_COLUMNS = `id, projection, kind, source AS "from", pass, accept_differences AS acceptDifferences, copy, until,
  until_position AS untilPosition, row_key AS "key", reason, version, generation`;

type OpenRow = Omit<OpenRebuild, 'acceptDifferences'> & { readonly acceptDifferences: number };

const openOf = (row: OpenRow): OpenRebuild => ({ ...row, acceptDifferences: row.acceptDifferences === 1 });

/** Prepares the statements on the views' file. */
export const rebuildRows = (database: Database, clock: Clock): RebuildRows => ({
  ...requestNotes(database),
  ...looks(database),
  ...steps(database, clock),
});

const requestNotes = (database: Database): Pick<RebuildRows, 'lastRequestId' | 'tookRequest'> => {
  const last = database.prepare<[], number>('SELECT last_id FROM taken_requests').pluck();
  const took = database.prepare<[number]>('UPDATE taken_requests SET last_id = ?');
  return { lastRequestId: () => last.get() ?? 0, tookRequest: (id) => void took.run(id) };
};

const looks = (
  database: Database,
): Pick<RebuildRows, 'open' | 'find' | 'stateOf' | 'lastGeneration' | 'differencesOf'> => {
  const open = database.prepare<[number], OpenRow>(
    `SELECT ${OPEN_COLUMNS} FROM rebuilds WHERE state IN ('requested', 'running')
      ORDER BY state = 'running' DESC, id >= ? DESC, id`,
  );
  const find = database.prepare<[number], OpenRow>(`SELECT ${OPEN_COLUMNS} FROM rebuilds WHERE id = ?`);
  const state = database.prepare<[number], RebuildStatus['state']>('SELECT state FROM rebuilds WHERE id = ?').pluck();
  const generation = database
    .prepare<[string], number | null>('SELECT max(generation) FROM rebuilds WHERE projection = ?')
    .pluck();
  const differences = database
    .prepare<[number], string | null>('SELECT differences FROM rebuilds WHERE id = ?')
    .pluck();
  return {
    open: () => open.all(FIRST_AUTOMATIC_ID).map(openOf),
    find: (id) => {
      const row = find.get(id);
      return row === undefined ? undefined : openOf(row);
    },
    stateOf: (id) => state.get(id),
    lastGeneration: (projection) => generation.get(projection) ?? 0,
    differencesOf: (id) => differencesFrom(differences.get(id) ?? null),
  };
};

const steps = (
  database: Database,
  clock: Clock,
): Omit<RebuildRows, 'lastRequestId' | 'tookRequest' | keyof ReturnType<typeof looks>> => {
  const lastAutomaticId = database
    .prepare<[number], number | null>('SELECT max(id) FROM rebuilds WHERE id >= ?')
    .pluck();
  const insert = database.prepare<[object]>(
    `INSERT INTO rebuilds (id, projection, kind, source, state, pass, accept_differences, copy, until, until_position, row_key,
                           reason, done)
       VALUES (:id, :projection, :kind, :from, 'requested', :pass, :acceptDifferences, :copy, :until, :untilPosition, :key,
               :reason, 0)
       ON CONFLICT DO NOTHING`,
  );
  const begin = database.prepare<[string, string | null, number, number, number, number]>(
    `UPDATE rebuilds SET state = 'running', source = ?, reason = ?, fault = NULL, version = ?, generation = ?,
            started_at_ms = coalesce(started_at_ms, ?)
      WHERE id = ? AND state IN ('requested', 'running')`,
  );
  const note = database.prepare<[number, number | null, number | null, number | null, number]>(
    'UPDATE rebuilds SET done = ?, total = ?, rate = ?, eta_seconds = ? WHERE id = ?',
  );
  const noteFault = database.prepare<[string, number]>('UPDATE rebuilds SET fault = ? WHERE id = ?');
  const wait = database.prepare<[string, string, number]>(
    `UPDATE rebuilds SET state = 'waiting', reason = ?, fault = NULL, proof = ?, eta_seconds = NULL WHERE id = ?`,
  );
  const accept = database.prepare<[number]>(
    `UPDATE rebuilds SET state = 'requested', reason = NULL, accept_differences = 1 WHERE id = ? AND state = 'waiting'`,
  );
  const noteDifferences = database.prepare<[string | null, number]>('UPDATE rebuilds SET differences = ? WHERE id = ?');
  const end = database.prepare<[string, string | null, string | null, number, number]>(
    `UPDATE rebuilds SET state = ?, reason = ?, fault = NULL, proof = coalesce(?, proof), finished_at_ms = ?,
            eta_seconds = NULL
      WHERE id = ?`,
  );
  const add = (id: number, order: RebuildSpec, reason: string | null): void =>
    void insert.run({ ...order, id, reason, acceptDifferences: order.acceptDifferences ? 1 : 0 });
  return {
    add: (id, order) => add(id, order, null),
    addAutomatic: (order, reason) =>
      add((lastAutomaticId.get(FIRST_AUTOMATIC_ID) ?? FIRST_AUTOMATIC_ID) + 1, order, reason),
    begin: ({ id, from, reason }, version, generation) =>
      void begin.run(from, reason, version, generation, clock.nowMs(), id),
    note: (id, { done, total, rate, etaSeconds }) => void note.run(done, total, rate, etaSeconds, id),
    noteFault: (id, fault) => void noteFault.run(fault, id),
    wait: (id, reason, proof) => void wait.run(reason, JSON.stringify(proof), id),
    accept: (id) => void accept.run(id),
    noteDifferences: (id, differences) =>
      void noteDifferences.run(differences === null ? null : JSON.stringify(differences), id),
    end: (id, state, reason, proof) =>
      void end.run(state, reason, proof === null ? null : JSON.stringify(proof), clock.nowMs(), id),
  };
};

/** Written by `noteDifferences`. */
const differencesFrom = (text: string | null): Differences | null =>
  text === null ? null : (JSON.parse(text) as Differences);

// -------------------------------------------------------------------------------------
// Reading
// -------------------------------------------------------------------------------------

interface StatusRow extends Omit<
  RebuildStatus,
  'proof' | 'differences' | 'acceptDifferences' | 'startedAt' | 'finishedAt'
> {
  readonly proof: string | null;
  readonly differences: string | null;
  readonly acceptDifferences: number;
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
  const columns = `id, projection, kind, source AS "from", state, accept_differences AS acceptDifferences, copy, until,
    row_key AS "key", coalesce(fault, reason) AS reason, done, total, rate, eta_seconds AS etaSeconds, proof, differences,
    started_at_ms AS startedAtMs, finished_at_ms AS finishedAtMs`;
  const find = database.prepare<[number], StatusRow>(`SELECT ${columns} FROM rebuilds WHERE id = ?`);
  // What runs first, then what waits for an operator; else what was over last; else what has waited longest.
  const latest = database.prepare<[string], StatusRow>(
    `SELECT ${columns} FROM rebuilds WHERE projection = ?
      ORDER BY state = 'running' DESC, state = 'waiting' DESC, finished_at_ms DESC NULLS LAST, id LIMIT 1`,
  );
  const statusOf = (row: StatusRow | undefined): RebuildStatus | undefined => {
    if (row === undefined) return undefined;
    const { proof, differences, acceptDifferences, startedAtMs, finishedAtMs, ...rest } = row;
    return {
      ...rest,
      acceptDifferences: acceptDifferences === 1,
      // Written by `end` and `wait` above.
      proof: proof === null ? null : (JSON.parse(proof) as RebuildStatus['proof']),
      differences: differencesFrom(differences),
      startedAt: startedAtMs === null ? null : isoTime(startedAtMs),
      finishedAt: finishedAtMs === null ? null : isoTime(finishedAtMs),
    };
  };
  return { find: (id) => statusOf(find.get(id)), latestOf: (projection) => statusOf(latest.get(projection)) };
};
