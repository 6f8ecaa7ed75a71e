/** The status of rebuilds as operators see it, read from their rows. */
import * as t from 'io-ts';
import { orNull } from '../../../domain/kernel/codec';
import { isoTime } from '../../../infra/clock';
import { readJsonCell } from '../../../infra/json-cell';
import type { Database } from '../../../infra/sqlite/database';
import type { Differences, RebuildStatus } from '../../view-reader';

// -------------------------------------------------------------------------------------
// Cells that hold JSON: stored formats, version with care
// -------------------------------------------------------------------------------------

const RowDifference = t.strict({
  table: t.string,
  key: t.string,
  before: orNull(t.UnknownRecord),
  after: orNull(t.UnknownRecord),
  events: orNull(t.readonlyArray(t.string)),
  eventCount: orNull(t.number),
});
const DifferencesCell = t.strict({ count: t.number, rows: t.readonlyArray(RowDifference) });

/** The differences of a rebuild as its cell holds them. */
export const differencesIn = (id: number, cell: string | null): Differences | null =>
  cell === null ? null : readJsonCell(`differences of rebuild ${id}`, cell, DifferencesCell);

/** Each kind of rebuild has a proof of its own shape. */
const proofIn = (id: number, cell: string | null): RebuildStatus['proof'] =>
  cell === null ? null : readJsonCell(`proof of rebuild ${id}`, cell, t.UnknownRecord);

// -------------------------------------------------------------------------------------
// Rows
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

/** Reads the status of rebuilds; works on a read-only connection too. */
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
  // A running rebuild first, then one that waits for an operator, then the one that ended last, then the oldest requested.
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
      proof: proofIn(row.id, proof),
      differences: differencesIn(row.id, differences),
      startedAt: startedAtMs === null ? null : isoTime(startedAtMs),
      finishedAt: finishedAtMs === null ? null : isoTime(finishedAtMs),
    };
  };
  return { find: (id) => statusOf(find.get(id)), latestOf: (projection) => statusOf(latest.get(projection)) };
};
