/** A synchronous reader behind the asynchronous port, for tests whose stores are in memory or that also read at once. */
import { systemClock } from '../../infra/clock';
import type { EventFeed, StoredAttributes, StoredIdentity } from '../../infra/event-store/event-feed';
import type { EventReader } from '../../infra/sqlite/event-reader';

/** The feed of a reader; nothing tells of changes but the first look. */
export const feedOf = (reader: EventReader): EventFeed => ({
  get identity() {
    return reader.identity;
  },
  readAll: async (page) => Promise.resolve(reader.readAll(page)),
  readStream: async (stream, page) => Promise.resolve(reader.readStream(stream, page)),
  readCorrelated: async (ids, range) => Promise.resolve(reader.readCorrelated(ids, range)),
  identities: async (range) => {
    const found: StoredIdentity[] = [];
    reader.eachIdentity(range, (event) => void found.push(event));
    return Promise.resolve(found);
  },
  attributesAt: async (positions) => {
    const found = new Map<number, StoredAttributes>();
    for (const position of positions) {
      const attributes = reader.eventAt(position);
      if (attributes !== undefined) found.set(position, attributes);
    }
    return Promise.resolve(found);
  },
  lastPosition: async () => Promise.resolve(reader.lastPosition()),
  positionOf: async (eventId) => Promise.resolve(reader.positionOf(eventId)),
  requestsAfter: async (id, kinds) => Promise.resolve(reader.operationRequestsAfter(id, kinds)),
  reactorToken: async () => Promise.resolve(reader.reactorToken()),
  isInPlace: async () => Promise.resolve(reader.isInPlace()),
  changes: changesFrom(() => 1, 50),
  close: async () => {
    reader.close();
    return Promise.resolve();
  },
});

/** Changes as a number tells of them, which is looked at every so often. */
export const changesFrom = (version: () => number, everyMs: number): EventFeed['changes'] =>
  async function* ({ signal }) {
    let seen: number | undefined;
    while (!signal.aborted) {
      const now = version();
      if (now !== seen) {
        seen = now;
        yield;
      }
      await systemClock.sleep(everyMs, signal);
    }
  };
