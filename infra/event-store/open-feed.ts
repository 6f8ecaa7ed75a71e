/** Opens the store for reading, waiting until it exists. */
import type { Clock } from '../clock';
import { StoreNotReady, type EventFeed } from './event-feed';

/** Opens the store; rejects with StoreNotReady while it does not exist. */
export type OpenEventFeed = () => Promise<EventFeed>;

const POLL_MS = 100;

/**
 * Waits until the store's writer has created it and migrated its schema. Returns true when it can be opened, false if the signal
 * aborted first. Rejects if waiting would not help (a newer schema, not a store).
 */
export const waitForStore = async (
  open: OpenEventFeed,
  clock: Pick<Clock, 'sleep'>,
  signal?: AbortSignal,
): Promise<boolean> => {
  while (signal?.aborted !== true) {
    try {
      const feed = await open();
      await feed.close();
      return true;
    } catch (error) {
      if (!(error instanceof StoreNotReady)) throw error;
    }
    await clock.sleep(POLL_MS, signal);
  }
  return false;
};
