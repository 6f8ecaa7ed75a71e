/** Opening the SQLite store in tests. */
import { join } from 'node:path';
import { systemClock } from '../../../infra/clock';
import { openSqliteEventStore, type EventStoreOptions, type SqliteEventStore } from '../../../infra/sqlite/event-store';
import { temporaryFolder } from './temporary-folder';

const folder = temporaryFolder();
let files = 0;

/** A path where no file is yet. */
export const newFile = (): string => {
  files += 1;
  return join(folder, `${files}.sqlite`);
};

/** Opens the store with settings that suit a test. */
export const openStore = (options: Partial<EventStoreOptions> & { readonly file: string }): Promise<SqliteEventStore> =>
  openSqliteEventStore({
    clock: systemClock,
    appendQueueLimit: 10_000,
    leaseTtlMs: 3_000,
    onLeaseLost: (reason) => {
      throw reason;
    },
    ...options,
  });

/** Opens the store, and closes it however the body ends. */
export const withStore = async (
  options: Partial<EventStoreOptions> & { readonly file: string },
  body: (store: SqliteEventStore) => Promise<void>,
): Promise<void> => {
  const store = await openStore(options);
  try {
    await body(store);
  } finally {
    await store.close();
  }
};

/** Waits until a condition holds; fails after five seconds. */
export const eventually = async (condition: () => boolean): Promise<void> => {
  const deadline = systemClock.monotonicMs() + 5_000;
  while (!condition()) {
    if (systemClock.monotonicMs() > deadline) throw new Error('did not happen within 5000 ms');
    await systemClock.sleep(5);
  }
};
