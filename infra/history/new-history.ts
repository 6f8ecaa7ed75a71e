/**
 * A new history from the events that a store holds: another id for the store, and all that was made from the earlier one
 * moved aside, so that relay, views and reactors begin again from the first event. Nothing is deleted.
 */
import { existsSync, renameSync } from 'node:fs';
import { isoTime, type Clock } from '../clock';
import type { StoreIdentity } from '../event-store/event-feed';
import { holdFile, type HeldFile } from '../sqlite/held-file';
import { closeLeased, openUnusedDatabase, writeUnderLease, type LeasedDatabase } from '../sqlite/leased-database';
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

/** Carries it out as the one writer of every file. Throws {@link NewHistoryRefused}. */
export const beginNewHistory = async (options: NewHistoryOptions): Promise<NewHistory> => {
  const { stages, clock } = options;
  const store = await holdStore(options);
  const held: HeldFile[] = [];
  try {
    for (const file of stages.filter((each) => existsSync(each))) held.push(holdStage(file, options));
    const identity = renamed(store, options);
    const at = isoTime(clock.nowMs()).replace(/[:.]/g, '-');
    const moved = held.map((stage) => {
      stage.release();
      return moveAside(stage.file, `${stage.file}.before-${at}`);
    });
    return { identity, moved };
  } finally {
    for (const each of held) each.release();
    closeLeased(store);
  }
};

const runsReason = (file: string, owner: string): string =>
  `${file} is in use (${owner}): stop every role of this installation first`;

const holdStore = async ({ store: file, clock, leaseTtlMs }: NewHistoryOptions): Promise<LeasedDatabase> => {
  if (!existsSync(file)) throw new NewHistoryRefused(`${file} does not exist: there is no history to begin anew from`);
  return openUnusedDatabase(
    { file, synchronous: 'FULL', migrations: storeMigrations, clock, ttlMs: leaseTtlMs },
    (owner) => new NewHistoryRefused(runsReason(file, owner)),
  );
};

const holdStage = (file: string, { clock, leaseTtlMs }: NewHistoryOptions): HeldFile => {
  const held = holdFile(file, { clock, ttlMs: leaseTtlMs });
  if (typeof held === 'string') throw new NewHistoryRefused(runsReason(file, held));
  return held;
};

const renamed = (store: LeasedDatabase, { confirmed, actor, clock }: NewHistoryOptions): StoreIdentity => {
  const before = ensureStoreIdentity(store.database, clock);
  if (before.storeId !== confirmed) {
    throw new NewHistoryRefused(`--confirm names ${confirmed}, but this store is ${before.storeId}`);
  }
  const reason = `a new history, begun from the events of ${before.storeId}`;
  return writeUnderLease(store)(() =>
    replaceStoreIdentity(store.database, clock, { unnamedUntilPosition: 0, reason, actor }),
  );
};

const moveAside = (from: string, to: string): NewHistory['moved'][number] => {
  for (const suffix of ['', '-wal', '-shm'])
    if (existsSync(`${from}${suffix}`)) renameSync(`${from}${suffix}`, `${to}${suffix}`);
  return { from, to };
};
