/** Which rows are stale because events are dead-lettered or parked, and how a reader finds that out. */
import type { Database } from '../../../infra/sqlite/database';
import type { ViewDescription, ViewRow } from '../../view-reader';
import { keyCells, type Cell } from './layout';
import { viewRow, type ContributionListener } from './row-id';
import type { Generation } from './sqlite-tables';

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** What to tell a fold at its end; undefined where nothing of the kind waits. */
export type StaleSums = (consumer: string, generation: Pick<Generation, 'view'>) => ContributionListener | undefined;

/**
 * While a detail row or a row of a reference is stale, each row of the view that it begins to contribute to is stale too: returns
 * the function that a fold calls at its end, inside the transaction. Undefined where none is stale, the usual case.
 */
export const staleSums = (database: Database): StaleSums => {
  // A row of the view begins with a bracket.
  const any = database
    .prepare<[string], number>(`SELECT 1 FROM stale_rows WHERE consumer = ? AND row_key NOT GLOB '[[]*' LIMIT 1`)
    .pluck();
  const pass = database.prepare<[string, string, string]>(
    `INSERT INTO stale_rows SELECT consumer, ?, stream FROM stale_rows WHERE consumer = ? AND row_key = ?
       ON CONFLICT DO NOTHING`,
  );
  return (consumer, { view }) => {
    if (any.get(consumer) === undefined) return undefined;
    return (source, key) => void pass.run(viewRow(keyCells(view.shape, key)), consumer, source);
  };
};

// -------------------------------------------------------------------------------------
// Reading
// -------------------------------------------------------------------------------------

/** Finds rows that lack events of a quarantined stream. */
export interface StaleRows {
  /** The rows, with `stale: true` added to the stale ones. */
  readonly markStale: (view: ViewDescription, rows: ReadonlyArray<ViewRow>) => ReadonlyArray<ViewRow>;
  /** Whether an event at this position of a stream is parked, or will be, behind a dead letter. */
  readonly isQuarantined: (view: string, event: { readonly stream: string; readonly position: number }) => boolean;
  /** The rows that lack events of a stream, by their keys as in a URL, at most `limit` of them. */
  readonly keysBehind: (view: string, stream: string, limit: number) => ReadonlyArray<string>;
}

/** Prepares the queries on the views' file. */
export const staleRowsOf = (database: Database): StaleRows => {
  const any = database.prepare<[string], number>('SELECT 1 FROM stale_rows WHERE consumer = ? LIMIT 1').pluck();
  const one = database
    .prepare<[string, string], number>('SELECT 1 FROM stale_rows WHERE consumer = ? AND row_key = ? LIMIT 1')
    .pluck();
  const quarantined = database
    .prepare<[string, string, number], number>(
      'SELECT 1 FROM quarantined_keys WHERE consumer = ? AND stream = ? AND from_position <= ?',
    )
    .pluck();
  // Rows of the view are JSON lists; those of other tables begin with a word.
  const behind = database
    .prepare<[string, string, number], string>(
      `SELECT row_key FROM stale_rows WHERE consumer = ? AND stream = ? AND substr(row_key, 1, 1) = '[' ORDER BY row_key LIMIT ?`,
    )
    .pluck();
  return {
    keysBehind: (view, stream, limit) =>
      behind.all(view, stream, limit).map((key) => (JSON.parse(key) as ReadonlyArray<Cell>).join(':')),
    markStale: ({ name, key }, rows) => {
      if (rows.length === 0 || any.get(name) === undefined) return rows;
      return rows.map((row) => {
        // Key columns hold texts and integers only.
        const cells = key.map((column) => row[column] as Cell);
        return one.get(name, viewRow(cells)) === undefined ? row : { ...row, stale: true };
      });
    },
    isQuarantined: (view, { stream, position }) => quarantined.get(view, stream, position) !== undefined,
  };
};
