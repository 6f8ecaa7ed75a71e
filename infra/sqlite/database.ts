/** Opening SQLite files and running transactions: the one door to better-sqlite3. */
import { dirname } from 'node:path';
import BetterSqlite3 from 'better-sqlite3';
import * as E from 'fp-ts/Either';
import { makePrivateFile, makePrivateFolder, tightenFile } from '../files/private-files';
import { NativePartMissing, withNativePart } from '../native-part';
import { NamedStorageFault, storageFaultKind } from '../storage-fault';
import { adoptSqliteErrors } from './sqlite-fault';
import { MAX_WAL_PAGES } from './wal-size';

adoptSqliteErrors();

/** An open SQLite file. */
export type Database = BetterSqlite3.Database;

/** A prepared statement. */
export type Statement<Parameters extends unknown[], Row = unknown> = BetterSqlite3.Statement<Parameters, Row>;

/** One step of a file's schema. Once released, a step never changes; a change is a new step. */
export interface Migration {
  readonly name: string;
  readonly sql: string;
}

export interface OpenOptions {
  readonly file: string;
  /** FULL where a commit must survive a power cut; NORMAL where the data can be made again. */
  readonly synchronous: 'FULL' | 'NORMAL';
  /** All steps since the file was created, oldest first; their count is the schema's version. */
  readonly migrations: ReadonlyArray<Migration>;
  /** How long a write blocks its thread while another connection writes; 0 where the thread is the event loop's. */
  readonly busyTimeoutMs?: number;
}

/** The file was written by a newer program: reading it with older code could misread it. */
export class SchemaTooNew extends Error {
  override readonly name = 'SchemaTooNew';
}

const BUSY_TIMEOUT_MS = 5_000;
/** In WAL mode a reader waits only for a recovery, or for the last writer to close: a moment. */
const READER_BUSY_TIMEOUT_MS = 200;

/** Opens a file for its one writing process and brings its schema up to date. Throws {@link SchemaTooNew}. */
export const openDatabase = (options: OpenOptions): Database => {
  const database = openForWriting(options);
  try {
    migrate(database, options.migrations);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

/** Opens a file for writing and leaves its schema as it is. Throws {@link SchemaTooNew} before it touches anything. */
export const openForWriting = ({ file, synchronous, migrations, busyTimeoutMs }: OpenOptions): Database => {
  makePrivateFolder(dirname(file));
  makePrivate(file);
  return opened(file, { timeout: busyTimeoutMs ?? BUSY_TIMEOUT_MS }, (database) => {
    refuseNewerSchema(database, migrations);
    database.pragma('journal_mode = WAL');
    database.pragma(`synchronous = ${synchronous}`);
    database.pragma(`wal_autocheckpoint = ${MAX_WAL_PAGES}`);
    database.pragma('foreign_keys = ON');
  });
};

/** Throws NativePartMissing if SQLite cannot be loaded: to be known before a role begins to wait for a file. */
export const assertSqliteLoads = (): void => {
  opened(':memory:', {}, () => undefined).close();
};

/** Opens a file that another process (or thread) writes; fails where the file does not exist. */
export const openForReading = (file: string): Database =>
  opened(file, { readonly: true, fileMustExist: true, timeout: READER_BUSY_TIMEOUT_MS }, (database) => {
    database.pragma('query_only = ON');
    // The first read: what is no database fails here, by name.
    schemaVersion(database);
  });

/** SQLite gives the files beside it the rights of the file itself; those that an earlier release made are tightened. */
const makePrivate = (file: string): void => {
  // A database without a file.
  if (file === ':memory:') return;
  withFileName(file, () => {
    makePrivateFile(file);
  });
  for (const suffix of ['-wal', '-shm']) tightenFile(`${file}${suffix}`);
};

const opened = (file: string, options: BetterSqlite3.Options, prepare: (database: Database) => void): Database => {
  const database = withFileName(file, () => withNativePart('better-sqlite3', () => new BetterSqlite3(file, options)));
  try {
    withFileName(file, () => {
      prepare(database);
    });
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
};

/** SQLite's errors do not say which file they are about. */
const withFileName = <Result>(file: string, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    const isExplained = error instanceof SchemaTooNew || error instanceof NativePartMissing;
    if (isExplained || !(error instanceof Error)) throw error;
    const message = `${file}: ${error.message}`;
    const kind = storageFaultKind(error);
    if (kind === undefined) throw new Error(message, { cause: error });
    // The code is for people who read the log.
    const code = 'code' in error ? { code: error.code } : {};
    throw Object.assign(new NamedStorageFault(kind, message, { cause: error }), code);
  }
};

/** How many migrations a file has seen; 0 for a new one. */
export const schemaVersion = (database: Database): number =>
  database.pragma('user_version', { simple: true }) as number;

/** Runs the steps that the file has not seen, all of them or none. Throws {@link SchemaTooNew}. */
export const migrate = (database: Database, migrations: ReadonlyArray<Migration>): void => {
  const migrateNow = database.transaction(() => {
    // Again, inside the transaction: a newer program may have come in between.
    refuseNewerSchema(database, migrations);
    for (const migration of migrations.slice(schemaVersion(database))) database.exec(migration.sql);
    database.pragma(`user_version = ${migrations.length}`);
  });
  if (schemaVersion(database) !== migrations.length) migrateNow.immediate();
};

/** Throws {@link SchemaTooNew} where the file has seen more steps than `migrations` has. */
export const refuseNewerSchema = (database: Database, migrations: ReadonlyArray<Migration>): void => {
  const version = schemaVersion(database);
  if (version <= migrations.length) return;
  throw new SchemaTooNew(
    `${database.name} has schema version ${version}, but this program knows versions up to ${migrations.length}: ` +
      'run the newer program, or restore a copy from before it ran',
  );
};

/** Carries a Left out of a transaction: only a throw rolls better-sqlite3 back, a returned Left would commit. */
class RolledBack<Failure> extends Error {
  override readonly name = 'RolledBack';
  constructor(readonly failure: Failure) {
    super('transaction rolled back');
  }
}

/**
 * Runs `work` in one immediate transaction: a Right commits, a Left or a throw rolls back. Immediate, because a
 * deferred read-then-write fails at once when another connection has written in between, whatever the busy time-out.
 */
export const transact = <Failure, Result>(
  database: Database,
  work: () => E.Either<Failure, Result>,
): E.Either<Failure, Result> => {
  const run = database.transaction((): Result => {
    const result = work();
    if (E.isLeft(result)) throw new RolledBack(result.left);
    return result.right;
  });
  try {
    return E.right(run.immediate());
  } catch (error) {
    // The failure was put in by the lines above, so it is of this call's type.
    if (error instanceof RolledBack) return E.left(error.failure as Failure);
    throw error;
  }
};

/** A counter that changes whenever another connection commits to the file: a wake-up that costs two microseconds. */
export const dataVersion = (database: Database): number => database.pragma('data_version', { simple: true }) as number;

/** Folds the write-ahead log into the file and closes it; the last act of a writer. */
export const checkpointAndClose = (database: Database): void => {
  if (!database.open) return;
  try {
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    // A full disk, or a reader in the middle of a page: the log stays, and whoever opens the file next reads it.
  }
  database.close();
};
