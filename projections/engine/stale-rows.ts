/** Which rows lack something while events wait, and how a reader finds that out. */
import { aggregateIdOf, type EventEnvelope } from '../../domain/kernel/recorded-event';
import type { Database } from '../../infra/sqlite/database';
import type { Projection } from '../projection';
import type { ViewDescription, ViewRow } from '../view-reader';
import type { Cell } from './table-shape';

/** A row's key as it is written beside the stream that it waits for. */
const rowKey = (cells: ReadonlyArray<unknown>): string => JSON.stringify(cells);

/**
 * The row that an event is about, by the names of the key's columns in its payload; one that is keyed by a single column and
 * has no such field is taken to be the aggregate's own. Rows that sum up many keys belong to none of them.
 */
export const rowsConcerned = ({ view }: Pick<Projection, 'view'>) => {
  const names = Object.keys(view.key);
  return ({ stream }: Pick<EventEnvelope, 'stream'>, data: unknown): ReadonlyArray<string> => {
    const fields = typeof data === 'object' && data !== null ? (data as Readonly<Record<string, unknown>>) : {};
    const cells = names.map((name) => fields[name]);
    if (cells.every((cell) => typeof cell === 'string' || typeof cell === 'number')) return [rowKey(cells)];
    return names.length === 1 ? [rowKey([aggregateIdOf(stream)])] : [];
  };
};

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
        return one.get(name, rowKey(cells)) === undefined ? row : { ...row, stale: true };
      });
    },
    isQuarantined: (view, { stream, position }) => quarantined.get(view, stream, position) !== undefined,
  };
};
