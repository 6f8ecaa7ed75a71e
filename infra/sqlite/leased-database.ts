/** A file with one writing process: opened, leased, and only then migrated, so that no running holder loses its schema. */
import type { Clock } from '../clock';
import { isBusy, isPassingStorageFault } from '../storage-fault';
import { supervise } from '../supervise';
import {
  checkpointAndClose,
  migrate,
  openForWriting,
  schemaVersion,
  type Database,
  type OpenOptions,
} from './database';
import { watchFile } from './file-identity';
import { keepWalInRoom } from './wal-room';
import { acquireLease, type Lease, type LeaseOptions } from './lease';

export interface LeasedDatabase {
  readonly database: Database;
  readonly lease: Lease;
}

/** Runs work in one immediate transaction that only the holder of the lease can commit. Throws LeaseLost, and rolls back. */
export type WriteUnderLease = <Result>(work: () => Result) => Result;

/** Prepares it. Inside a transaction it is a savepoint. */
export const writeUnderLease = ({ database, lease }: LeasedDatabase): WriteUnderLease => {
  const write = database.transaction((work: () => unknown): unknown => {
    lease.assertHeld();
    return work();
  });
  // The transaction answers what the work has answered.
  return <Result>(work: () => Result): Result => write.immediate(work) as Result;
};

/** Lets the next one in, with the file folded together. */
export const closeLeased = ({ database, lease }: LeasedDatabase): void => {
  lease.release();
  checkpointAndClose(database);
};

/** `migrations` starts with the lease's own step. */
export interface OpenLeasedOptions extends OpenOptions, Omit<LeaseOptions, 'database' | 'assertInPlace'> {
  /** Gives up waiting for the lease. */
  readonly signal?: AbortSignal;
  /** Called once when another process holds the lease, with its name. */
  readonly onWaiting?: (owner: string) => void;
  /**
   * Called when the file cannot be opened for a reason that should pass, with the reason; it is tried again. Left out: it is
   * tried for five seconds, as by a command that somebody waits for.
   */
  readonly onFault?: (reason: string) => void;
}

/**
 * Opens the file, waits until this process is its one writer, and brings the schema up to date. A lock or a full disk is waited
 * for without blocking the thread. Writes afterwards fail at once where another connection writes, unless `busyTimeoutMs` says
 * otherwise: see {@link whenNotBusy}.
 */
export const openLeasedDatabase = async (options: OpenLeasedOptions): Promise<LeasedDatabase> => {
  const { clock, signal = new AbortController().signal, onFault, busyTimeoutMs = 0 } = options;
  const askedAtMs = clock.monotonicMs();
  const isPatient = (): boolean => onFault !== undefined || clock.monotonicMs() - askedAtMs < LOCK_WAIT_MS;
  const opened = await supervise({
    clock,
    stopping: signal,
    session: async () => {
      const leased = await openOnce(options);
      leased.database.pragma(`busy_timeout = ${busyTimeoutMs}`);
      keepWalInRoom(leased.database);
      return leased;
    },
    // Anything else at the opening is a wrong setting, and waiting would hide it.
    onFault: (error) => (isPassingStorageFault(error) && isPatient() ? 'back-off' : 'escalate'),
    onRetry: ({ reason }) => onFault?.(reason),
  });
  if (opened === undefined) throw new Error(`${options.file} was not opened: the wait for it was ended`);
  return opened;
};

/** What {@link openUnusedDatabase} takes: nothing of the waiting, for it does not wait. */
export type OpenUnusedOptions = Omit<OpenLeasedOptions, 'signal' | 'onWaiting' | 'onLost' | 'onFault'>;

/**
 * The same where nobody else may have the file open as its writer: for work that is done while a role stands still.
 * @param refusal what is thrown where a role holds the lease, made of the role's name
 */
export const openUnusedDatabase = async (
  options: OpenUnusedOptions,
  refusal: (owner: string) => Error,
): Promise<LeasedDatabase> => {
  const held = new AbortController();
  let owner = '';
  const onWaiting = (holder: string): void => {
    owner = holder;
    held.abort();
  };
  try {
    return await openLeasedDatabase({ ...options, signal: held.signal, onWaiting, onLost: () => undefined });
  } catch (error) {
    throw held.signal.aborted ? refusal(owner) : error;
  }
};

const openOnce = async (options: OpenLeasedOptions): Promise<LeasedDatabase> => {
  const database = openForWriting({ ...options, busyTimeoutMs: 0 });
  const assertInPlace = watchFile(options.file);
  try {
    // A new file has no lease to wait for yet, and nobody who relies on its schema.
    if (schemaVersion(database) === 0) migrate(database, options.migrations);
    const lease = await acquireLease({ ...options, database, assertInPlace });
    try {
      migrate(database, options.migrations);
    } catch (error) {
      lease.release();
      throw error;
    }
    return { database, lease };
  } catch (error) {
    database.close();
    throw error;
  }
};

/** A write waits this long for another connection's before it fails. */
const LOCK_WAIT_MS = 5_000;
const LOCK_POLL_MS = 20;

/** Runs a write again while another connection holds SQLite's write lock; the thread is free between the attempts. */
export const whenNotBusy = async <Result>(clock: Clock, write: () => Result): Promise<Result> => {
  const askedAtMs = clock.monotonicMs();
  for (;;) {
    try {
      return write();
    } catch (error) {
      if (!isBusy(error) || clock.monotonicMs() - askedAtMs >= LOCK_WAIT_MS) throw error;
    }
    await clock.sleep(LOCK_POLL_MS);
  }
};
