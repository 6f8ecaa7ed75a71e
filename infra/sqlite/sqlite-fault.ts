/** Errors of SQLite as storage faults: the one place that reads SQLite's codes. */
import BetterSqlite3 from 'better-sqlite3';
import { StorageFault, type StorageFaultKind } from '../storage-fault';

const KINDS: ReadonlyArray<readonly [RegExp, StorageFaultKind]> = [
  [/^SQLITE_(BUSY|LOCKED)/, 'busy'],
  [/^SQLITE_FULL/, 'full'],
  [/^SQLITE_IOERR/, 'io'],
  [/^SQLITE_(CONSTRAINT|MISMATCH|TOOBIG|RANGE)/, 'refused'],
];

/** The base of every error that better-sqlite3 throws, in place of Error itself. */
abstract class SqliteFault extends StorageFault {
  /** SQLite's word for what went wrong, such as SQLITE_BUSY. */
  abstract readonly code: string;
  get kind(): StorageFaultKind {
    return KINDS.find(([codes]) => codes.test(this.code))?.[1] ?? 'failed';
  }
}

/**
 * Statements, transactions, pragmas and openings all throw better-sqlite3's one error class. Giving that class our base makes
 * each of its errors a storage fault where it is thrown: nothing has to be wrapped, and none can be missed. Call it before
 * any file is opened.
 */
export const adoptSqliteErrors = (): void => {
  Object.setPrototypeOf(BetterSqlite3.SqliteError.prototype, SqliteFault.prototype);
};
