/**
 * A new history from the events that a store holds: another id for the store, and all that was made from the earlier one
 * moved aside, so that relay, views and reactors begin again from the first event. Nothing is deleted.
 */
import { existsSync, renameSync } from 'node:fs';
import { isoTime, type Clock } from '../clock';
import { checkpointAndClose, openForWriting, schemaVersion, type Database } from '../sqlite/database';
import { tryAcquire, type Lease } from '../sqlite/lease';
import { openLeasedDatabase } from '../sqlite/leased-database';
import type { StoreIdentity } from '../event-store/event-feed';
import { ensureStoreIdentity, replaceStoreIdentity } from '../sqlite/store-identity';
import { storeMigrations } from '../sqlite/store-migrations';

/** A role runs on one of the files, or the id is not the store's: nothing was changed. */
export class NewHistoryRefused extends Error {
  override readonly name = 'NewHistoryRefused';
}

export interface NewHistoryOptions {
  readonly store: string;
  /** What is moved aside where it exists. */
  readonly stages: ReadonlyArray<string>;
  /** The id that the operator has read and confirms. */
  readonly confirmed: string;
  readonly actor: string;
  readonly clock: Clock;
  readonly leaseTtlMs: number;
}

export interface NewHistory {
  readonly identity: StoreIdentity;
  /** Where each file that existed stands now. */
  readonly moved: ReadonlyArray<{ readonly from: string; readonly to: string }>;
}

interface Held {
  readonly file: string;
  readonly database: Database;
  readonly lease: Lease;
}

/** Carries it out as the one writer of every file. Throws {@link NewHistoryRefused}. */
export const beginNewHistory = async (options: NewHistoryOptions): Promise<NewHistory> => {
  const { stages, clock } = options;
  const held: Held[] = [];
  try {
    held.push(await holdStore(options));
    for (const file of stages.filter((each) => existsSync(each))) held.push(holdStage(file, options));
    const identity = renamed(held[0], options);
    const at = isoTime(clock.nowMs()).replace(/[:.]/g, '-');
    const moved = held.splice(1).map((stage) => {
      letGo(stage);
      return moveAside(stage.file, `${stage.file}.before-${at}`);
    });
    return { identity, moved };
  } finally {
    for (const each of held) letGo(each);
  }
};

const runsReason = (file: string, owner: string): string =>
  `${file} is in use (${owner}): stop every role of this installation first`;

const holdStore = async ({ store: file, clock, leaseTtlMs }: NewHistoryOptions): Promise<Held> => {
  if (!existsSync(file)) throw new NewHistoryRefused(`${file} does not exist: there is no history to begin anew from`);
  const waiting = new AbortController();
  let owner = '';
  const opened = await openLeasedDatabase({
    file,
    synchronous: 'FULL',
    migrations: storeMigrations,
    clock,
    ttlMs: leaseTtlMs,
    signal: waiting.signal,
    onWaiting: (holder) => {
      owner = holder;
      waiting.abort();
    },
    onLost: () => undefined,
  }).catch((error: unknown) => {
    if (!waiting.signal.aborted) throw error;
    throw new NewHistoryRefused(runsReason(file, owner));
  });
  return { file, ...opened };
};

const holdStage = (file: string, { clock, leaseTtlMs }: NewHistoryOptions): Held => {
  const database = openForWriting({ file, synchronous: 'NORMAL', migrations: ANY_SCHEMA });
  try {
    // A file that no role has ever finished opening has no lease, and nobody on it.
    const lease = schemaVersion(database) === 0 ? NO_LEASE : tryAcquire({ database, clock, ttlMs: leaseTtlMs, onLost });
    if (typeof lease !== 'string') return { file, database, lease };
    throw new NewHistoryRefused(runsReason(file, lease));
  } catch (error) {
    database.close();
    throw error;
  }
};

const onLost = (): void => undefined;
const NO_LEASE: Lease = {
  epoch: 0,
  assertHeld: onLost,
  assertInPlace: onLost,
  renewedAtMs: () => 0,
  isFresh: () => true,
  release: onLost,
};
/** The file is only moved: whichever program made it, its schema does not matter. */
const ANY_SCHEMA = Array.from({ length: 1_000 }, () => ({ name: 'any', sql: '' }));

const letGo = ({ database, lease }: Held): void => {
  if (!database.open) return;
  lease.release();
  checkpointAndClose(database);
};

const renamed = (store: Held | undefined, { confirmed, actor, clock }: NewHistoryOptions): StoreIdentity => {
  if (store === undefined) throw new Error('the store is held first');
  const { database, lease } = store;
  const before = ensureStoreIdentity(database, clock);
  if (before.storeId !== confirmed) {
    throw new NewHistoryRefused(`--confirm names ${confirmed}, but this store is ${before.storeId}`);
  }
  return database
    .transaction(() => {
      lease.assertHeld();
      const reason = `a new history, begun from the events of ${before.storeId}`;
      return replaceStoreIdentity(database, clock, { unnamedUntilPosition: 0, reason, actor });
    })
    .immediate();
};

const moveAside = (from: string, to: string): NewHistory['moved'][number] => {
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(`${from}${suffix}`)) renameSync(`${from}${suffix}`, `${to}${suffix}`);
  return { from, to };
};
