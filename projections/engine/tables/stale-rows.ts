/** Which rows lack something while events wait, and how a reader finds that out. */
import type { Database } from '../../../infra/sqlite/database';
import type { ViewDescription, ViewRow } from '../../view-reader';
import type { Counted } from './fold';
import { keyCells, type Cell } from './layout';
import type { Generation } from './sqlite-tables';

/** A row of a view as it is written beside the stream that it waits for. */
export const viewRow = (key: ReadonlyArray<unknown>): string => JSON.stringify(key);

/** The same for a row that a projection keeps for itself. */
export const detailRow = (key: ReadonlyArray<unknown>): string => `${MEMORY}${JSON.stringify(key)}`;

const MEMORY = 'memory ';

// -------------------------------------------------------------------------------------
// Writing
// -------------------------------------------------------------------------------------

/** What to tell a fold at its end; undefined where nothing of the kind waits. */
export type StaleSums = (consumer: string, generation: Pick<Generation, 'view' | 'memory'>) => Counted | undefined;

/**
 * While events behind a row of the memory wait, each row of the view that it comes to count for lacks them too: what to tell
 * a fold at its end, inside the transaction. Undefined where nothing of the kind waits, as it mostly is.
 */
export const staleSums = (database: Database): StaleSums => {
  const any = database
    .prepare<[string], number>(`SELECT 1 FROM stale_rows WHERE consumer = ? AND row_key GLOB '${MEMORY}*' LIMIT 1`)
    .pluck();
  const pass = database.prepare<[string, string, string]>(
    `INSERT INTO stale_rows SELECT consumer, ?, stream FROM stale_rows WHERE consumer = ? AND row_key = ?
       ON CONFLICT DO NOTHING`,
  );
  return (consumer, { view, memory }) => {
    if (memory === undefined || any.get(consumer) === undefined) return undefined;
    return (row, key) =>
      void pass.run(viewRow(keyCells(view.shape, key)), consumer, detailRow(row.slice(0, memory.shape.keyLength)));
  };
};

// -------------------------------------------------------------------------------------
// Reading
// -------------------------------------------------------------------------------------

/** Marks rows that lack events of a quarantined key. */
export interface StaleRows {
  readonly marked: (view: ViewDescription, rows: ReadonlyArray<ViewRow>) => ReadonlyArray<ViewRow>;
  /** Whether an event at this position of a stream waits, or will wait, behind a dead letter. */
  readonly isQuarantined: (view: string, event: { readonly stream: string; readonly position: number }) => boolean;
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
  return {
    marked: ({ name, key }, rows) => {
      if (rows.length === 0 || any.get(name) === undefined) return rows;
      return rows.map((row) => {
        // A key's columns hold texts and integers.
        const cells = key.map((column) => row[column] as Cell);
        return one.get(name, viewRow(cells)) === undefined ? row : { ...row, stale: true };
      });
    },
    isQuarantined: (view, { stream, position }) => quarantined.get(view, stream, position) !== undefined,
  };
};
