/** The feed of the store in memory keeps the contract. */
import { systemClock } from '../../../infra/clock';
import { inMemoryEventFeed } from '../../../infra/memory/in-memory-event-feed';
import { inMemoryEventStore } from '../../../infra/memory/in-memory-event-store';
import { eventFeedContract } from '../../contracts/event-feed-contract';
import { CONTRACT_TIME_MS } from '../../contracts/event-store-fixtures';

eventFeedContract('the event feed in memory', () => {
  const store = inMemoryEventStore({ clock: { ...systemClock, nowMs: () => CONTRACT_TIME_MS } });
  const feed = inMemoryEventFeed({ store, storeId: 'a-store', reactorToken: 'token' });
  return Promise.resolve({ store, requests: store, feed, close: feed.close });
});
