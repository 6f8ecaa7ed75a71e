/** The folded streams that decisions are based on: cached, and never used without a check of the version. */
import * as E from 'fp-ts/Either';
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import { snapshotMarkOf } from '../../domain/contracts/fold-behaviour';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { EventStore, NewEvent } from '../../domain/kernel/event-store';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { CommandFailure } from './command-port';
import { streamSnapshots, type FoldedStream } from './stream-snapshots';
import { stateCache } from './state-cache';
import { sizeOf } from './state-size';
import { payloadBytes, streamChunks } from './stream-chunks';
import type { SnapshotStore } from './snapshots';

export type { FoldedStream } from './stream-snapshots';

/** A state that was just read, or comes from the cache, so that the stream may have newer events. */
export interface LoadedStream {
  readonly state: FoldedStream;
  readonly source: 'read' | 'cached';
}

export interface FoldedStreams {
  /** Returns the cached state, or reads the stream. */
  readonly load: (stream: string, aggregate: Aggregate) => Promise<E.Either<CommandFailure, LoadedStream>>;
  /** Reads what has been appended since `state`. */
  readonly advance: (stream: string, state: FoldedStream) => Promise<E.Either<CommandFailure, FoldedStream>>;
  /** @param events the events that were applied to the loaded state */
  readonly remember: (
    stream: string,
    state: FoldedStream,
    aggregate: Aggregate,
    events: ReadonlyArray<NewEvent>,
  ) => void;
  readonly forget: (stream: string) => void;
}

/** A parsed payload takes several times the length of its text. */
const BYTES_PER_CHARACTER = 3;

/**
 * Creates the folded streams of a store.
 * @param cacheSize number of cached streams; 0 reads every stream for every command
 * @param cacheBytes limit on the total size of their states
 * @param snapshots where snapshots of long streams are stored, if at all
 */
export const foldedStreams = (
  store: EventStore,
  catalog: Catalog,
  cacheSize: number,
  snapshots?: SnapshotStore,
  cacheBytes?: number,
): FoldedStreams => {
  // Computed at start rather than during the first command.
  if (snapshots !== undefined) catalog.aggregates.forEach(snapshotMarkOf);
  const snapshotsOfStreams = streamSnapshots(snapshots);
  const cache = stateCache(cacheSize, cacheBytes);
  const decode = decodeEvent(catalog);

  const apply = (state: FoldedStream, stored: StoredEvent): E.Either<CommandFailure, FoldedStream> => {
    const { payload, ...envelope } = stored;
    const decoded = decode(envelope, parseOrNull(payload));
    if (E.isLeft(decoded)) return unreadable(stored, decoded.left.reason);
    return E.right({
      version: stored.version,
      position: stored.position,
      fold: state.fold.apply({ type: decoded.right.type, data: decoded.right.data }),
    });
  };

  const advance = async (stream: string, from: FoldedStream): Promise<E.Either<CommandFailure, FoldedStream>> => {
    let state = from;
    let grownBytes = 0;
    for await (const chunk of streamChunks(store, stream, from.version)) {
      if (E.isLeft(chunk)) return chunk;
      for (const event of chunk.right) {
        const next = apply(state, event);
        if (E.isLeft(next)) return next;
        state = next.right;
      }
      grownBytes += payloadBytes(chunk.right) * BYTES_PER_CHARACTER;
    }
    cache.set(stream, state, grownBytes);
    return E.right(state);
  };

  return {
    load: async (stream, aggregate) => {
      const state = cache.get(stream);
      if (state !== undefined) return E.right({ state, source: 'cached' });
      const from = snapshotsOfStreams.find(stream, aggregate) ?? { version: 0, position: 0, fold: aggregate.emptyFold };
      const read = await advance(stream, from);
      if (E.isLeft(read)) return read;
      snapshotsOfStreams.saveWhenDue(stream, read.right, aggregate);
      return E.right({ state: read.right, source: 'read' });
    },
    advance,
    remember: (stream, state, aggregate, events) => {
      cache.set(stream, state, sizeOf(events) ?? 0);
      snapshotsOfStreams.saveWhenDue(stream, state, aggregate);
    },
    forget: cache.forget,
  };
};

/** The store wrote the payload as JSON; if it is not, the codec, which expects an object, fails. */
const parseOrNull = (payload: string): unknown => {
  try {
    return JSON.parse(payload) as unknown;
  } catch {
    return undefined;
  }
};

const unreadable = (event: StoredEvent, reason: string): E.Either<CommandFailure, never> =>
  E.left({ _tag: 'UnreadableStream', stream: event.stream, eventId: event.id, reason });
