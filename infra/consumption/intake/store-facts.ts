/**
 * What a transaction has to know of the store. A transaction can't wait, and the store may: so what is needed is read before it
 * begins. Where more turns out to be needed, the transaction is rolled back, that is read too, and it runs again; what the store
 * has once said of an event stays true.
 */
import * as E from 'fp-ts/Either';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import { EngineFault } from '../../engine-fault';
import type { EventFeed, StoredAttributes, StoreIdentity, StreamPageQuery } from '../../event-store/event-feed';
import { claimedPosition } from '../../kafka/claimed-position';
import { readCloudEvent } from '../../kafka/cloud-events';
import type { LogRecord } from '../../kafka/event-log';

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
type Versions = Pick<StreamPageQuery, 'afterVersion' | 'limit'>;

/** With the events of streams: for what is made from the store, and not from the log. */
export interface StoreFactsWithStreams extends StoreFacts {
  readonly readStream: (stream: string, page: Versions) => ReadonlyArray<StoredEvent>;
}

export interface TransactionFacts {
  /** What the transaction that runs may ask; outside of one only `identity` may be asked for, once the first has run. */
  readonly store: () => StoreFactsWithStreams;
  /**
   * Runs work in a transaction, again where it needs more of the store than was read: `transaction` rolls back where its work
   * throws. With records, what the store holds at their positions is read ahead in one call.
   */
  readonly during: <Result>(
    transaction: (work: () => Result) => Result | Promise<Result>,
    work: () => Result,
    records?: Iterable<LogRecord>,
  ) => Promise<Result>;
}

/** Far more than any transaction needs: each time at least one thing more is known. */
const MAX_ATTEMPTS = 1_000;

/** Makes them; the store is opened at the first need. */
export const transactionFacts = (open: () => Promise<EventFeed>): TransactionFacts => {
  let identity: StoreIdentity | undefined;
  let active: StoreFactsWithStreams | undefined;
  const outside: StoreFactsWithStreams = {
    get identity() {
      if (identity === undefined) throw new Error('the store was not opened yet');
      return identity;
    },
    eventAt: () => notHere('eventAt'),
    lastPosition: () => notHere('lastPosition'),
    readStream: () => notHere('readStream'),
  };
  return {
    store: () => active ?? outside,
    during: async (transaction, work, records) => {
      const feed = await open();
      ({ identity } = feed);
      const known = knownFacts(feed);
      const facts: StoreFactsWithStreams = { ...known.facts, identity: feed.identity };
      if (records !== undefined) await known.readPositions(positionsOf(records, claimedPosition));
      let isExact = records === undefined;
      for (let attempts = 1; ; attempts += 1) {
        try {
          return await transaction(() => {
            active = facts;
            try {
              return known.facts.settled(work);
            } finally {
              active = undefined;
            }
          });
        } catch (error) {
          if (!(error instanceof FactMissing) || attempts >= MAX_ATTEMPTS) throw error;
        }
        // The guess was wrong somewhere: a record that nobody of us has written.
        if (!isExact && records !== undefined) await known.readPositions(positionsOf(records, positionIn));
        isExact = true;
        await known.readWanted();
      }
    },
  };
};

const notHere = (name: string): never => {
  throw new Error(`${name} of the store was asked for outside of a transaction`);
};

const positionsOf = (
  records: Iterable<LogRecord>,
  positionOf: (record: LogRecord) => number | undefined,
): ReadonlyArray<number> => {
  const positions: number[] = [];
  for (const record of records) {
    const position = positionOf(record);
    if (position !== undefined) positions.push(position);
  }
  return positions;
};

const positionIn = (record: LogRecord): number | undefined => {
  const received = readCloudEvent(record);
  return E.isLeft(received) ? undefined : received.right.envelope.position;
};

// -------------------------------------------------------------------------------------
// What was read, and what was asked for in vain
// -------------------------------------------------------------------------------------

/** Something was asked for that was not read ahead: the transaction has to run again. It never leaves this file. */
class FactMissing extends EngineFault {
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

interface KnownFacts {
  readonly facts: StoreFactsWithStreams & Required<StoreFacts>;
  /** Reads in one call what the store holds at positions. */
  readonly readPositions: (positions: ReadonlyArray<number>) => Promise<void>;
  /** Reads what was asked for in vain. */
  readonly readWanted: () => Promise<void>;
}

/** Nothing is known yet. */
const knownFacts = (feed: EventFeed): KnownFacts => {
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
