/** The store in SQLite keeps the contract. */
import { join } from 'node:path';
import { openSqliteEventStore } from '../../../infra/sqlite/event-store';
import { eventStoreContract } from '../../contracts/event-store-contract';
import { CONTRACT_TIME_MS } from '../../contracts/event-store-fixtures';
import { temporaryFolder } from './temporary-folder';
import { ownClock } from '../../support/test-clock';

const folder = temporaryFolder();
let opened = 0;

eventStoreContract('the event store in SQLite', async () => {
  opened += 1;
  const store = await openSqliteEventStore({
    file: join(folder, `${opened}.sqlite`),
    clock: { ...ownClock, nowMs: () => CONTRACT_TIME_MS },
    appendQueueLimit: 1_000,
    leaseTtlMs: 5_000,
    onLeaseLost: (reason) => {
      throw reason;
    },
  });
  return { store, close: store.close };
});
