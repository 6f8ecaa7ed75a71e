/** What is known of the store within a transaction: the facts that were read before it, and those that turned out to be missing. */
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { EngineFault } from '../../engine-fault';
import type { EventFeed, StoredAttributes, StoreIdentity, StreamPageQuery } from '../../event-store/event-feed';

/** The store as a transaction sees it. */
export interface StoreFacts {
  readonly identity: StoreIdentity;
  /** Undefined where the store has no event there. */
  readonly eventAt: (position: number) => StoredAttributes | undefined;
  readonly lastPosition: () => number;
  /** Runs work that may read many facts; throws instead of returning where a missing one had to be guessed meanwhile. */
  readonly settled?: <Result>(work: () => Result) => Result;
}

/** A range of versions of a stream. */
type Versions = Pick<StreamPageQuery, 'afterVersion' | 'limit'>;

/** With the events of streams, for work that reads the store rather than the log. */
export interface StoreFactsWithStreams extends StoreFacts {
  readonly readStream: (stream: string, page: Versions) => ReadonlyArray<StoredEvent>;
}

/** A fact was needed that was not read ahead: the transaction has to run again. Never leaves the room. */
export class FactMissing extends EngineFault {
  override readonly name = 'FactMissing';
}

/** Events that are read beyond the requested one, as a redrive reads the events of a stream one by one. */
const READ_AHEAD_EVENTS = 100;
const READ_AHEAD_BYTES = 262_144;

interface KnownStream {
  readonly events: Map<number, StoredEvent>;
  /** The stream ends before this version. */
  endsBefore: number;
}

interface Known {
  readonly attributes: Map<number, StoredAttributes>;
  /** Positions that were looked up in the store. */
  readonly asked: Set<number>;
  readonly streams: Map<string, KnownStream>;
  last: number | undefined;
  readonly wanted: { readonly positions: Set<number>; readonly streams: Map<string, Versions>; last: boolean };
}

export interface KnownFacts {
  readonly facts: StoreFactsWithStreams & Required<StoreFacts>;
  /** Reads the events at these positions in one call. */
  readonly readPositions: (positions: ReadonlyArray<number>) => Promise<void>;
  /** Reads the facts that were missing. */
  readonly readWanted: () => Promise<void>;
}

/** The facts of a transaction for which nothing was read yet. */
export const knownFacts = (feed: EventFeed): KnownFacts => {
  const known: Known = {
    attributes: new Map(),
    asked: new Set(),
    streams: new Map(),
    last: undefined,
    wanted: { positions: new Set(), streams: new Map(), last: false },
  };
  return {
    facts: factsOf(known, feed.identity),
    readPositions: (positions) => readPositions(feed, known, positions),
    readWanted: async () => {
      const { wanted } = known;
      const positions = [...wanted.positions];
      const streams = [...wanted.streams];
      wanted.positions.clear();
      wanted.streams.clear();
      if (positions.length > 0) await readPositions(feed, known, positions);
      // Where many streams are needed, only a few events of each are.
      const ahead = streams.length === 1 ? READ_AHEAD_EVENTS : 1;
      for (const [name, versions] of streams) await readVersions(feed, streamIn(known, name), name, versions, ahead);
      if (wanted.last) known.last = await feed.lastPosition();
      wanted.last = false;
    },
  };
};

const factsOf = (known: Known, identity: StoreIdentity): KnownFacts['facts'] => {
  const { attributes, asked, wanted } = known;
  const throwIfWanted = (): void => {
    if (wanted.positions.size + wanted.streams.size === 0 && !wanted.last) return;
    throw new FactMissing('a fact of the store was not read ahead');
  };
  return {
    identity,
    settled: (work) => {
      try {
        return work();
      } finally {
        // A result or an error that is based on a guess is discarded.
        throwIfWanted();
      }
    },
    eventAt: (position) => {
      if (!asked.has(position)) {
        wanted.positions.add(position);
        throwIfWanted();
      }
      return attributes.get(position);
    },
    lastPosition: () => {
      wanted.last ||= known.last === undefined;
      return known.last ?? 0;
    },
    readStream: (name, { afterVersion, limit }) => {
      const { events, endsBefore } = streamIn(known, name);
      const found: StoredEvent[] = [];
      for (let version = afterVersion + 1; version <= afterVersion + limit && version < endsBefore; version += 1) {
        const event = events.get(version);
        if (event === undefined) {
          // The work continues with incomplete facts and is rolled back at its end, so that everything missing is read at once.
          wanted.streams.set(name, { afterVersion: version - 1, limit: afterVersion + limit - version + 1 });
          break;
        }
        found.push(event);
      }
      return found;
    },
  };
};

const streamIn = ({ streams }: Known, name: string): KnownStream => {
  const stream = streams.get(name) ?? { events: new Map<number, StoredEvent>(), endsBefore: Infinity };
  streams.set(name, stream);
  return stream;
};

const readPositions = async (feed: EventFeed, known: Known, positions: ReadonlyArray<number>): Promise<void> => {
  const { attributes, asked } = known;
  const found = await feed.attributesAt(positions);
  for (const position of positions) asked.add(position);
  for (const [position, each] of found) attributes.set(position, each);
  // The message about a position beyond the end also names the end.
  if (positions.some((position) => !found.has(position))) known.last = await feed.lastPosition();
};

const readVersions = async (
  feed: EventFeed,
  stream: KnownStream,
  name: string,
  { afterVersion, limit }: Versions,
  ahead: number,
): Promise<void> => {
  for (let reached = afterVersion; reached < afterVersion + limit;) {
    const atMost = Math.max(ahead, afterVersion + limit - reached);
    const page = await feed.readStream(name, { afterVersion: reached, limit: atMost, maxBytes: READ_AHEAD_BYTES });
    for (const event of page) stream.events.set(event.version, event);
    const latest = page.at(-1);
    if (latest === undefined) {
      stream.endsBefore = Math.min(stream.endsBefore, reached + 1);
      return;
    }
    reached = latest.version;
  }
};
