/** The store in memory keeps the contract. */
import { systemClock } from '../../../infra/clock';
import { inMemoryEventStore } from '../../../infra/memory/in-memory-event-store';
import { eventStoreContract } from '../../contracts/event-store-contract';
import { CONTRACT_TIME_MS } from '../../contracts/event-store-fixtures';

eventStoreContract('the event store in memory', () =>
  Promise.resolve({
    store: inMemoryEventStore({ clock: { ...systemClock, nowMs: () => CONTRACT_TIME_MS } }),
    close: () => Promise.resolve(),
  }),
);
