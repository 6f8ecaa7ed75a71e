/** What was read of the store for one transaction, and what it has asked for beyond that. */
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { EngineFault } from '../../engine-fault';
import type { EventFeed, StoredAttributes, StoreIdentity, StreamPageQuery } from '../../event-store/event-feed';

/** The store as a transaction sees it. */
export interface StoreFacts {
  readonly identity: StoreIdentity;
  /** Undefined where the store holds nothing there. */
  readonly eventAt: (position: number) => StoredAttributes | undefined;
  readonly lastPosition: () => number;
  /** Runs what asks for much; throws instead of answering where something had to be guessed meanwhile. */
  readonly settled?: <Result>(work: () => Result) => Result;
}

/** Versions of a stream. */
export type Versions = Pick<StreamPageQuery, 'afterVersion' | 'limit'>;

/** With the events of streams: for what is made from the store, and not from the log. */
export interface StoreFactsWithStreams extends StoreFacts {
  readonly readStream: (stream: string, page: Versions) => ReadonlyArray<StoredEvent>;
}

/** Something was asked for that was not read ahead: the transaction has to run again. It never leaves this room. */
export class FactMissing extends EngineFault {
  override readonly name = 'FactMissing';
}

/** Events behind the one that was asked for: a redrive goes through a stream one by one. */
const READ_AHEAD_EVENTS = 100;
const READ_AHEAD_BYTES = 262_144;

interface KnownStream {
  readonly events: Map<number, StoredEvent>;
  /** The stream ends before this version. */
  endsBefore: number;
}

interface Known {
  readonly attributes: Map<number, StoredAttributes>;
  /** Positions that the store was asked for. */
  readonly asked: Set<number>;
  readonly streams: Map<string, KnownStream>;
  last: number | undefined;
  readonly wanted: { readonly positions: Set<number>; readonly streams: Map<string, Versions>; last: boolean };
}

export interface KnownFacts {
  readonly facts: StoreFactsWithStreams & Required<StoreFacts>;
  /** Reads in one call what the store holds at positions. */
  readonly readPositions: (positions: ReadonlyArray<number>) => Promise<void>;
  /** Reads what was asked for in vain. */
  readonly readWanted: () => Promise<void>;
}

/** Nothing is known yet. */
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
      // Where many streams are asked for, each is asked for little.
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
    throw new FactMissing('what was asked of the store was not read before');
  };
  return {
    identity,
    settled: (work) => {
      try {
        return work();
      } finally {
        // Whatever was made of a guess, an error too, counts for nothing.
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
          // The work goes on with less than there is and is rolled back at its end: all that it lacks is read in one go.
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
  // Whoever says that a position lies beyond the end says where that is.
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
