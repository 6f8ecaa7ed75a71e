/** Point-in-time copies: a projection as of a point in time, stored under a name until it is dropped. */
import { isoTime, type Clock } from '../../../infra/clock';
import type { Database } from '../../../infra/sqlite/database';
import type { ViewCopy } from '../../view-reader';
import type { OpenRebuild } from './rebuild-ledger';

/** Call everything that writes inside a transaction. */
export interface CopyRows {
  readonly add: (rebuild: OpenRebuild, version: number, generation: number) => void;
  /** Removes the copy and returns its generation, whose tables the caller drops; undefined where there is no such copy. */
  readonly remove: (projection: string, copy: string) => number | undefined;
  readonly generations: (projection: string) => ReadonlyArray<number>;
}

/** Prepares the statements on the views' file. */
export const copyRows = (database: Database, clock: Clock): CopyRows => {
  const insert = database.prepare<[string, string, number, number, string, number, number]>(
    'INSERT INTO copies VALUES (?, ?, ?, ?, ?, ?, ?)',
  );
  const remove = database
    .prepare<[string, string], number>('DELETE FROM copies WHERE projection = ? AND name = ? RETURNING generation')
    .pluck();
  const generations = database.prepare<[string], number>('SELECT generation FROM copies WHERE projection = ?').pluck();
  return {
    add: ({ projection, copy, until, untilPosition }, version, generation) =>
      void insert.run(projection, copy ?? '', version, generation, until ?? '', untilPosition ?? 0, clock.nowMs()),
    remove: (projection, copy) => remove.get(projection, copy),
    generations: (projection) => generations.all(projection),
  };
};

interface StoredCopy extends Omit<ViewCopy, 'madeAt'> {
  readonly generation: number;
  readonly madeAtMs: number;
}

/** Prepares the reads; works on a read-only connection too. */
export const copyReader = (
  database: Database,
): {
  readonly of: (projection: string) => ReadonlyArray<ViewCopy>;
  readonly generation: (projection: string, copy: string) => number | undefined;
} => {
  const of = database.prepare<[string], StoredCopy>(
    `SELECT name, version, generation, until, until_position AS untilPosition, made_at_ms AS madeAtMs
       FROM copies WHERE projection = ? ORDER BY name`,
  );
  const generation = database
    .prepare<[string, string], number>('SELECT generation FROM copies WHERE projection = ? AND name = ?')
    .pluck();
  return {
    of: (projection) =>
      of.all(projection).map(({ name, version, until, untilPosition, madeAtMs }) => ({
        name,
        version,
        until,
        untilPosition,
        madeAt: isoTime(madeAtMs),
      })),
    generation: (projection, copy) => generation.get(projection, copy),
  };
};
