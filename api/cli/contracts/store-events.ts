/** The events of a store's file, for commands that inspect history. */
import { resolve } from 'node:path';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import { openEventFeed } from '../../../infra/sqlite/event-feed';

const PAGE_EVENTS = 1_000;

/** Opens the file for reading; a server may be writing it at the same time. */
export const openStore = (file: string): Promise<EventFeed> => openEventFeed(resolve(file));

/** Calls the function for each event, in the order of positions. */
export const eachEvent = async (
  feed: EventFeed,
  visit: (event: StoredEvent) => void | Promise<void>,
): Promise<void> => {
  for (let afterPosition = 0; ;) {
    const page = await feed.readAll({ afterPosition, limit: PAGE_EVENTS });
    for (const event of page) await visit(event);
    const last = page.at(-1);
    if (last === undefined) return;
    afterPosition = last.position;
  }
};

/** Calls the function for this many events, spread evenly over the store; the selection is the same every time. */
export const eachOfSample = async (
  feed: EventFeed,
  count: number,
  visit: (event: StoredEvent) => void | Promise<void>,
): Promise<void> => {
  const last = await feed.lastPosition();
  const step = Math.max(1, last / count);
  for (let index = 0; index < Math.min(count, last); index += 1) {
    const [event] = await feed.readAll({ afterPosition: Math.floor(index * step), limit: 1 });
    if (event !== undefined) await visit(event);
  }
};
