/** The store in memory keeps the contract. */
import { inMemoryEventStore } from '../../../infra/memory/in-memory-event-store';
import { eventStoreContract } from '../../contracts/event-store-contract';
import { CONTRACT_TIME_MS } from '../../contracts/event-store-fixtures';
import { ownClock } from '../../support/test-clock';

eventStoreContract('the event store in memory', () =>
  Promise.resolve({
    store: inMemoryEventStore({ clock: { ...ownClock, nowMs: () => CONTRACT_TIME_MS } }),
    close: () => Promise.resolve(),
  }),
);
