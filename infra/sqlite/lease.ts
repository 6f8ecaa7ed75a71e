/**
 * A lease on a SQLite file: one process writes it, a second one waits. A holder that was frozen past its lease finds the
 * epoch changed and stops: every write transaction asserts the epoch, so that a stale holder can't commit.
 */
import { LeaseLost } from '../lease-lost';
import type { Clock } from '../clock';
import { isBusy } from '../storage-fault';
import type { Database, Migration } from './database';
import { isGone, ownerName } from './process-identity';

/** Add this step to the migrations of a file that is held by a lease. */
export const leaseMigration: Migration = {
  name: 'lease',
  sql: `CREATE TABLE lease (
          id INTEGER PRIMARY KEY CHECK (id = 1),
          owner TEXT NOT NULL,
          epoch INTEGER NOT NULL,
          expires_at_ms INTEGER NOT NULL
        ) STRICT;
        INSERT INTO lease VALUES (1, '', 0, 0);`,
};

export { LeaseLost };

export interface Lease {
  /** Grows by one with every take-over. */
  readonly epoch: number;
  /** Call inside a write transaction. Throws {@link LeaseLost}, and FileReplaced where the file is no longer in its place. */
  readonly assertHeld: () => void;
  /** Throws FileReplaced where the file is no longer in its place. Costs no query. */
  readonly assertInPlace: () => void;
  /** When it was renewed last, by the clock that never goes back: the file took a write then. */
  readonly renewedAtMs: () => number;
  /** Whether, as far as this process's own clock can tell, nobody can have taken over. Costs no query. */
  readonly isFresh: () => boolean;
  /** Lets the next one in at once. */
  readonly release: () => void;
}

export interface LeaseOptions {
  readonly database: Database;
  readonly clock: Clock;
  /** How long a holder that no longer renews keeps others out. */
  readonly ttlMs: number;
  /** Called once when a renewal finds that another process has taken over. */
  readonly onLost: (reason: LeaseLost) => void;
  /** Throws where the file is no longer the one that was opened. */
  readonly assertInPlace?: () => void;
}

interface LeaseRow {
  readonly owner: string;
  readonly epoch: number;
  readonly expires_at_ms: number;
}

const POLL_MS = 100;

/** Waits until the lease is free (or its holder is gone), then holds it and renews it until released. */
export const acquireLease = async (
  options: LeaseOptions & { readonly signal?: AbortSignal; readonly onWaiting?: (owner: string) => void },
): Promise<Lease> => {
  let told = false;
  for (;;) {
    const attempt = tryAcquire(options);
    if (typeof attempt !== 'string') return attempt;
    if (!told) options.onWaiting?.(attempt);
    told = true;
    if (options.signal?.aborted === true) throw new LeaseLost(`gave up waiting for ${attempt}`);
    await options.clock.sleep(POLL_MS, options.signal);
  }
};

/** Takes the lease if it is free; otherwise answers who holds it. */
export const tryAcquire = (options: LeaseOptions): Lease | string => {
  const { database, clock, ttlMs } = options;
  const owner = ownerName(clock.newId());
  const read = database.prepare<[], LeaseRow>('SELECT owner, epoch, expires_at_ms FROM lease WHERE id = 1');
  const write = database.prepare<[string, number, number]>(
    'UPDATE lease SET owner = ?, epoch = ?, expires_at_ms = ? WHERE id = 1',
  );
  const holder = (row: LeaseRow): string | undefined =>
    row.owner !== '' && row.expires_at_ms > clock.nowMs() && !isGone(row.owner) ? row.owner : undefined;
  // First without a write transaction: whoever waits must not block the holder's commits.
  const current = holder(readRow(read));
  if (current !== undefined) return current;
  const take = database.transaction((): number | string => {
    const row = readRow(read);
    const other = holder(row);
    if (other !== undefined) return other;
    write.run(owner, row.epoch + 1, clock.nowMs() + ttlMs);
    return row.epoch + 1;
  });
  const taken = unlessBusy(database, () => take.immediate());
  return typeof taken === 'number' ? held(options, owner, taken) : (taken ?? 'a process in the middle of a write');
};

/**
 * Undefined where somebody is writing just now. He may be frozen in it, and holds the file for as long as he is, whatever his
 * lease says: to be waited for like any holder, and not by blocking the thread.
 */
const unlessBusy = <Result>(database: Database, work: () => Result): Result | undefined => {
  const timeoutMs = database.pragma('busy_timeout', { simple: true }) as number;
  database.pragma('busy_timeout = 0');
  try {
    return work();
  } catch (error) {
    if (isBusy(error)) return undefined;
    throw error;
  } finally {
    database.pragma(`busy_timeout = ${timeoutMs}`);
  }
};

/** A renewal that failed for a busy or full disk is tried again soon: the lease may be near its end. */
const RENEWAL_RETRY_MS = 50;

const held = (options: LeaseOptions, owner: string, epoch: number): Lease => {
  const { database, clock, ttlMs, onLost, assertInPlace = () => undefined } = options;
  const read = database.prepare<[], LeaseRow>('SELECT owner, epoch, expires_at_ms FROM lease WHERE id = 1');
  const renew = database.prepare<[number, number]>('UPDATE lease SET expires_at_ms = ? WHERE id = 1 AND epoch = ?');
  const free = database.prepare<[number]>(`UPDATE lease SET owner = '', expires_at_ms = 0 WHERE id = 1 AND epoch = ?`);
  let renewedAtMs = clock.monotonicMs();
  let isOver = false;
  let timer: NodeJS.Timeout | undefined;
  const lost = (): LeaseLost => new LeaseLost(`another process took ${database.name} over from ${owner}`);

  const renewIn = (delayMs: number): void => {
    timer = setTimeout(renewNow, delayMs);
    timer.unref();
  };
  const renewNow = (): void => {
    if (isOver || !database.open) return;
    try {
      if (renew.run(clock.nowMs() + ttlMs, epoch).changes === 1) {
        renewedAtMs = clock.monotonicMs();
        renewIn(ttlMs / 3);
        return;
      }
    } catch {
      // isFresh() turns false in time.
      renewIn(Math.min(RENEWAL_RETRY_MS, ttlMs / 3));
      return;
    }
    isOver = true;
    onLost(lost());
  };
  renewIn(ttlMs / 3);

  return {
    epoch,
    assertInPlace,
    assertHeld: () => {
      assertInPlace();
      if (readRow(read).epoch !== epoch) throw lost();
    },
    renewedAtMs: () => renewedAtMs,
    isFresh: () => clock.monotonicMs() - renewedAtMs < ttlMs,
    release: () => {
      isOver = true;
      clearTimeout(timer);
      if (!database.open) return;
      try {
        free.run(epoch);
      } catch {
        // A full or busy disk: the lease then ends by its time, or at once when this process has.
      }
    },
  };
};

const readRow = (statement: { get: () => LeaseRow | undefined }): LeaseRow => {
  const row = statement.get();
  if (row === undefined) throw new Error('the lease row is missing: the file was not made by its migrations');
  return row;
};
