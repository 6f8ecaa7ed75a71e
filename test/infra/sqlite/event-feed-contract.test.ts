/** The feed of the store in SQLite keeps the contract. */
import { systemClock } from '../../../infra/clock';
import { openEventFeed } from '../../../infra/sqlite/event-feed';
import { eventFeedContract } from '../../contracts/event-feed-contract';
import { CONTRACT_TIME_MS } from '../../contracts/event-store-fixtures';
import { newFile, openStore } from './store-fixture';

eventFeedContract('the event feed in SQLite', async () => {
  const file = newFile();
  const store = await openStore({ file, clock: { ...systemClock, nowMs: () => CONTRACT_TIME_MS } });
  const feed = await openEventFeed(file);
  const close = async (): Promise<void> => {
    await feed.close();
    await store.close();
  };
  return { store, requests: store, feed, close };
});
