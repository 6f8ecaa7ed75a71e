/**
 * How the store stands to all that was made from it: the relay's cursor, the marks of every consumer, and whose files they
 * are. Read from the files themselves, so that any process can tell, whichever roles run.
 */
import { existsSync } from 'node:fs';
import { openForReading, type Database } from '../sqlite/database';
import { otherStoreReason } from '../sqlite/store-identity';
import { storeBehindWays } from '../relay/published-history';

/** A file that was made from a store. */
export interface Stage {
  readonly name: 'relay' | 'views' | 'reactors';
  readonly file: string;
  /** The store that it belongs to; undefined where none was noted, or there is no file. */
  readonly storeId: string | undefined;
  /** The highest position that it has dealt with, and who has; undefined where there is no file. */
  readonly mark: { readonly who: string; readonly position: number } | undefined;
}

export interface StoreStanding {
  readonly storeId: string;
  readonly lastPosition: number;
  readonly stages: ReadonlyArray<Stage>;
  readonly verdict: 'fits' | 'store-behind' | 'other-store';
  /** What does not fit, and the ways out; null where all does. */
  readonly reason: string | null;
}

export interface StandingFiles {
  readonly relay: string;
  readonly views: string;
  readonly reactors: string;
}

const CURSOR = "SELECT 'the relay' AS who, position FROM relay_cursor";
const MARKS = `SELECT consumer AS who, max(high_water_position) AS position FROM checkpoints
  WHERE consumer NOT GLOB 'former-*' GROUP BY consumer ORDER BY position DESC LIMIT 1`;

/** Reads the marks first and the store's last position after them: a program that runs never looks behind by that. */
export const storeStanding = async (
  files: StandingFiles,
  storeId: string,
  lastPosition: () => Promise<number>,
): Promise<StoreStanding> => {
  const stages = [
    stageOf('relay', files.relay, 'relay_cursor', CURSOR),
    stageOf('views', files.views, 'checkpoints', MARKS),
    stageOf('reactors', files.reactors, 'checkpoints', MARKS),
  ];
  const last = await lastPosition();
  const found = { storeId, lastPosition: last, stages };
  const other = stages.find((stage) => stage.storeId !== undefined && stage.storeId !== storeId);
  if (other?.storeId !== undefined) {
    return { ...found, verdict: 'other-store', reason: otherStoreReason(other.file, other.storeId, storeId) };
  }
  const [ahead] = stages
    .flatMap(({ mark }) => (mark === undefined ? [] : [mark]))
    .sort((left, right) => right.position - left.position);
  if (ahead === undefined || ahead.position <= last) return { ...found, verdict: 'fits', reason: null };
  const reason =
    `${ahead.who} has come to position ${ahead.position}, but the store (${storeId}) ends at ${last}: it is older than what ` +
    `was made from it (a restored backup?), and its next positions are taken. ${storeBehindWays}`;
  return { ...found, verdict: 'store-behind', reason };
};

const stageOf = (name: Stage['name'], file: string, table: string, sql: string): Stage => {
  if (!existsSync(file)) return { name, file, storeId: undefined, mark: undefined };
  const database = openForReading(file);
  try {
    const storeId = hasTable(database, 'store_binding')
      ? database.prepare<[], string>('SELECT store_id FROM store_binding').pluck().get()
      : undefined;
    const mark = hasTable(database, table)
      ? database.prepare<[], { readonly who: string; readonly position: number }>(sql).get()
      : undefined;
    return { name, file, storeId, mark };
  } finally {
    database.close();
  }
};

/** The file of an older program, or of one that is only starting, has not every table. */
const hasTable = (database: Database, name: string): boolean =>
  database.prepare<[string], number>("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !==
  undefined;
