/** The event feed of a store in SQLite: a reader of the file behind the asynchronous port. The one place that polls for commits. */
import { systemClock } from '../clock';
import type { ChangeQuery, EventFeed, StoredAttributes, StoredIdentity } from '../event-store/event-feed';
import { openEventReader, type EventReader } from './event-reader';

/** Opens the file for reading; rejects with what {@link openEventReader} throws. */
export const openEventFeed = async (file: string): Promise<EventFeed> => {
  const reader = await Promise.resolve(openEventReader(file));
  return feedOfReader(reader, (query) => changesOf(reader, query));
};

/** A synchronous reader behind the asynchronous port; `changes` is how its owner learns of commits. */
export const feedOfReader = (reader: EventReader, changes: EventFeed['changes']): EventFeed => ({
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
    reader.inSnapshot(() => {
      for (const position of positions) {
        const attributes = reader.eventAt(position);
        if (attributes !== undefined) found.set(position, attributes);
      }
    });
    return Promise.resolve(found);
  },
  lastPosition: async () => Promise.resolve(reader.lastPosition()),
  positionOf: async (eventId) => Promise.resolve(reader.positionOf(eventId)),
  requestsAfter: async (id, kinds) => Promise.resolve(reader.operationRequestsAfter(id, kinds)),
  requestsBefore: async (id) => Promise.resolve(reader.operationRequestsBefore(id)),
  reactorToken: async () => Promise.resolve(reader.reactorToken()),
  isInPlace: async () => Promise.resolve(reader.isInPlace()),
  changes,
  close: async () => {
    reader.close();
    return Promise.resolve();
  },
});

/** A look costs some microseconds. */
async function* changesOf(reader: EventReader, { signal, withinMs }: ChangeQuery): AsyncGenerator<void, void, void> {
  const { dataVersion } = reader.watch();
  let seen: number | undefined;
  while (!signal.aborted) {
    const version = dataVersion();
    if (version !== seen) {
      seen = version;
      yield;
    }
    // Real time, whatever clock the roles go by: it is the file that is looked at.
    await systemClock.sleep(withinMs, signal);
  }
}
