/** Opening the store for reading, where it may not be there yet. */
import type { Clock } from '../clock';
import { StoreNotReady, type EventFeed } from './event-feed';

/** Opens the store; rejects with StoreNotReady while it is not there. */
export type OpenEventFeed = () => Promise<EventFeed>;

const POLL_MS = 100;

/**
 * Waits until the store's writer has made it and brought its schema up to date. True when it can be opened, false when the
 * signal aborted first. Rejects where waiting would not help (a newer schema, not a store).
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
