/** Rebuilds as rows: the request, the progress, and the result. rebuild-status.ts reads what operators see of them. */
import type { Clock } from '../../../infra/clock';
import type { Database } from '../../../infra/sqlite/database';
import type { Differences, RebuildStatus } from '../../view-reader';
import { differencesIn } from './rebuild-status';

/** Where a rebuild reads its events from. */
export type RebuildSource = RebuildStatus['from'];

/** What to rebuild, and how. */
export interface RebuildSpec {
  readonly projection: string;
  readonly kind: RebuildStatus['kind'];
  readonly from: RebuildSource;
  /** Rebuilds with the same text share one pass over the log; null for one that runs alone. */
  readonly pass: string | null;
  readonly acceptDifferences: boolean;
  /** Of a copy: its name, its point in time as requested, and the last position up to it. */
  readonly copy: string | null;
  readonly until: string | null;
  readonly untilPosition: number | null;
  /** Of one row: its key as in a URL. */
  readonly key: string | null;
}

/** A rebuild that has not ended. */
export interface OpenRebuild extends RebuildSpec {
  readonly id: number;
  readonly reason: string | null;
  /** The projection's version and the generation that it fills; null until it begins. */
  readonly version: number | null;
  readonly generation: number | null;
}

/** A rebuild of the whole projection with default options. */
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

/** The progress of a rebuild. */
export type RebuildProgress = Pick<RebuildStatus, 'done' | 'total' | 'rate' | 'etaSeconds'>;

/**
 * The first id of automatic rebuilds, which follow a change of a projection's version. Requested rebuilds have the ids of
 * rows in the store, which never become so large.
 */
export const FIRST_AUTOMATIC_ID = 1_000_000_000_000;

type EndState = 'done' | 'failed' | 'cancelled';

/** Call everything inside a transaction. */
export interface RebuildRows {
  /** The id of the last operator request that was picked up from the store. */
  readonly lastRequestId: () => number;
  readonly tookRequest: (id: number) => void;
  readonly add: (id: number, spec: RebuildSpec) => void;
  /** Adds one that no operator requested. */
  readonly addAutomatic: (spec: RebuildSpec, reason: string) => void;
  /** Every rebuild that can proceed: running ones first, then automatic ones, then requested ones by id. */
  readonly open: () => ReadonlyArray<OpenRebuild>;
  readonly find: (id: number) => OpenRebuild | undefined;
  readonly stateOf: (id: number) => RebuildStatus['state'] | undefined;
  /** The highest generation that a rebuild of the projection has used; 0 for none. */
  readonly lastGeneration: (projection: string) => number;
  /** Sets the state to running, with the version and generation of its tables. */
  readonly begin: (rebuild: OpenRebuild, version: number, generation: number) => void;
  readonly note: (id: number, progress: RebuildProgress) => void;
  /** Records a fault after which it is retried; until then the fault is shown as its reason. */
  readonly noteFault: (id: number, fault: string) => void;
  /** Sets the state to waiting: an operator has to accept the differences or cancel. */
  readonly wait: (id: number, reason: string, proof: RebuildStatus['proof']) => void;
  readonly accept: (id: number) => void;
  readonly noteDifferences: (id: number, differences: Differences | null) => void;
  readonly differencesOf: (id: number) => Differences | null;
  readonly end: (id: number, state: EndState, reason: string | null, proof: RebuildStatus['proof']) => void;
}

const OPEN_COLUMNS = `id, projection, kind, source AS "from", pass, accept_differences AS acceptDifferences, copy, until,
  until_position AS untilPosition, row_key AS "key", reason, version, generation`;

type OpenRow = Omit<OpenRebuild, 'acceptDifferences'> & { readonly acceptDifferences: number };

const openOf = (row: OpenRow): OpenRebuild => ({ ...row, acceptDifferences: row.acceptDifferences === 1 });

/** Prepares the statements on the views' file. */
export const rebuildRows = (database: Database, clock: Clock): RebuildRows => ({
  ...requestCursor(database),
  ...queries(database),
  ...updates(database, clock),
});

const requestCursor = (database: Database): Pick<RebuildRows, 'lastRequestId' | 'tookRequest'> => {
  const last = database.prepare<[], number>('SELECT last_id FROM taken_requests').pluck();
  const took = database.prepare<[number]>('UPDATE taken_requests SET last_id = ?');
  return { lastRequestId: () => last.get() ?? 0, tookRequest: (id) => void took.run(id) };
};

const queries = (
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
    differencesOf: (id) => differencesIn(id, differences.get(id) ?? null),
  };
};

const updates = (
  database: Database,
  clock: Clock,
): Omit<RebuildRows, 'lastRequestId' | 'tookRequest' | keyof ReturnType<typeof queries>> => {
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
  const add = (id: number, spec: RebuildSpec, reason: string | null): void =>
    void insert.run({ ...spec, id, reason, acceptDifferences: spec.acceptDifferences ? 1 : 0 });
  return {
    add: (id, spec) => add(id, spec, null),
    addAutomatic: (spec, reason) =>
      add((lastAutomaticId.get(FIRST_AUTOMATIC_ID) ?? FIRST_AUTOMATIC_ID) + 1, spec, reason),
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
