/**
 * The token by which the API knows this installation's own reactors, whatever key they show: whoever has it can read the
 * store's file. Drawn by SQLite (ChaCha20, seeded by the operating system) when the file gets its table.
 */
import type { Database, Migration } from './database';

/** A step of the store's schema. */
export const reactorTokenMigration: Migration = {
  name: 'reactor token',
  sql: `CREATE TABLE reactor_token (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          token TEXT NOT NULL CHECK (length(token) = 64)
        ) STRICT;
        INSERT INTO reactor_token VALUES (1, lower(hex(randomblob(32))));`,
};

/** Prepares the read; it always finds one, for the migration has made it. */
export const reactorTokenReader = (database: Database): (() => string) => {
  const find = database.prepare<[], string>('SELECT token FROM reactor_token').pluck();
  return () => {
    const token = find.get();
    if (token === undefined) throw new Error(`${database.name} has lost its reactor token: restore the file`);
    return token;
  };
};
