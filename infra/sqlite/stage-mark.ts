/** How far a file that was made from a store has come, and whose file it is; of any schema, also an older program's. */
import { existsSync } from 'node:fs';
import { openForReading, type Database } from './database';

export interface StageMark {
  /** The store that it belongs to; undefined where none was noted, or there is no file. */
  readonly storeId: string | undefined;
  /** The highest position that it has dealt with, and who has; undefined where there is no file. */
  readonly mark: { readonly who: string; readonly position: number } | undefined;
}

/** Where a file says how far it has come. */
const SOURCES = {
  cursor: { table: 'relay_cursor', sql: "SELECT 'the relay' AS who, position FROM relay_cursor" },
  checkpoints: {
    table: 'checkpoints',
    sql: `SELECT consumer AS who, max(high_water_position) AS position FROM checkpoints
           WHERE consumer NOT GLOB 'former-*' GROUP BY consumer ORDER BY position DESC LIMIT 1`,
  },
} as const;

/** Reads it as it is now. */
export const readStageMark = (file: string, source: keyof typeof SOURCES): StageMark => {
  if (!existsSync(file)) return { storeId: undefined, mark: undefined };
  const database = openForReading(file);
  try {
    const { table, sql } = SOURCES[source];
    const storeId = hasTable(database, 'store_binding')
      ? database.prepare<[], string>('SELECT store_id FROM store_binding').pluck().get()
      : undefined;
    const mark = hasTable(database, table)
      ? database.prepare<[], { readonly who: string; readonly position: number }>(sql).get()
      : undefined;
    return { storeId, mark };
  } finally {
    database.close();
  }
};

/** The file of an older program, or of one that is only starting, has not every table. */
const hasTable = (database: Database, name: string): boolean =>
  database.prepare<[string], number>("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?").get(name) !==
  undefined;
