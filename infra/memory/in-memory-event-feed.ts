/** The event feed of the store in memory: for tests and trials. */
import { parseEventId, type StoredEvent } from '../../domain/kernel/recorded-event';
import { checkPage } from '../event-store/append-rules';
import {
  storedAttributesOf,
  type ChangeQuery,
  type EventFeed,
  type EventPageQuery,
  type StoreIdentity,
} from '../event-store/event-feed';
import { withinBytes } from '../event-store/page-bytes';
import type { InMemoryEventStore } from './in-memory-event-store';

export interface InMemoryFeedOptions {
  readonly store: InMemoryEventStore;
  readonly storeId: string;
  readonly reactorToken?: string;
}

const REQUESTS_PER_READ = 100;

/** Reads the store; closing it closes nothing. */
export const inMemoryEventFeed = ({ store, storeId, reactorToken = '' }: InMemoryFeedOptions): EventFeed => {
  const identity: StoreIdentity = { storeId, unnamedUntilPosition: 0, requestFloor: 0 };
  const within = ({
    afterPosition,
    untilPosition,
  }: {
    readonly afterPosition: number;
    readonly untilPosition: number;
  }) => store.events().slice(afterPosition, untilPosition);
  return {
    identity,
    readAll: async (page) => {
      checkPage(page.afterPosition, page.limit);
      return Promise.resolve(pageOf(store.events().slice(page.afterPosition), page));
    },
    readStream: async (stream, { afterVersion, ...page }) => {
      checkPage(afterVersion, page.limit);
      const later = store.events().filter((event) => event.stream === stream && event.version > afterVersion);
      return Promise.resolve(pageOf(later, page));
    },
    readCorrelated: async (ids, range) =>
      Promise.resolve(within(range).filter(({ correlationId }) => ids.includes(correlationId))),
    identities: async (range) =>
      Promise.resolve(
        within(range).map(({ id, stream, position, recordedAt }) => ({ id, stream, position, recordedAt })),
      ),
    attributesAt: async (positions) => {
      const found = positions.flatMap((position) => {
        const event = store.events()[position - 1];
        return event === undefined ? [] : [[position, storedAttributesOf(event)] as const];
      });
      return Promise.resolve(new Map(found));
    },
    lastPosition: async () => Promise.resolve(store.events().length),
    positionOf: async (id) => {
      const event = parseEventId(id);
      const found = store.events().find(({ stream, version }) => stream === event?.stream && version === event.version);
      return Promise.resolve(found?.position);
    },
    requestsAfter: async (id, kinds) =>
      Promise.resolve(
        store
          .requests()
          .filter((request) => request.id > id && (kinds === undefined || kinds.includes(request.kind)))
          .slice(0, REQUESTS_PER_READ),
      ),
    requestsBefore: async (id) =>
      Promise.resolve(
        store
          .requests()
          .filter((request) => request.id < id)
          .slice(-REQUESTS_PER_READ)
          .reverse(),
      ),
    reactorToken: async () => Promise.resolve(reactorToken),
    isInPlace: async () => Promise.resolve(true),
    changes: (query) => changesOf(store, query),
    close: async () => Promise.resolve(),
  };
};

const pageOf = (
  events: ReadonlyArray<StoredEvent>,
  { limit, maxBytes }: Pick<EventPageQuery, 'limit' | 'maxBytes'>,
): ReadonlyArray<StoredEvent> => {
  const page = events.slice(0, limit);
  return maxBytes === undefined ? page : withinBytes(page, maxBytes, ({ payload }) => payload);
};

async function* changesOf(store: InMemoryEventStore, { signal }: ChangeQuery): AsyncGenerator<void, void, void> {
  let isNews = true;
  let wake: () => void = () => undefined;
  const tell = (): void => {
    isNews = true;
    wake();
  };
  const stop = store.onCommit(tell);
  const end = (): void => wake();
  signal.addEventListener('abort', end);
  try {
    while (!signal.aborted) {
      if (isNews) {
        isNews = false;
        yield;
      } else await new Promise<void>((resolve) => (wake = resolve));
    }
  } finally {
    stop();
    signal.removeEventListener('abort', end);
  }
}
