/** A stream folded to its end: what a decision rests on. Kept in memory, never trusted without a check of its version. */
import * as E from 'fp-ts/Either';
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import { snapshotMarkOf } from '../../domain/contracts/fold-behaviour';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { EventStore } from '../../domain/kernel/event-store';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { boundedCache } from '../memory/bounded-cache';
import type { CommandFailure } from './command-port';
import { keptStates, type StreamState } from './kept-states';
import type { SnapshotStore } from './snapshots';

export type { StreamState } from './kept-states';

/** How a state came about: read just now, or remembered, in which case the stream may have moved on since. */
export interface LoadedState {
  readonly state: StreamState;
  readonly source: 'read' | 'remembered';
}

export interface StreamStates {
  /** The remembered state, or the stream read from its beginning. */
  readonly load: (stream: string, aggregate: Aggregate) => Promise<E.Either<CommandFailure, LoadedState>>;
  /** Reads what has been appended since `state`. */
  readonly advance: (stream: string, state: StreamState) => Promise<E.Either<CommandFailure, StreamState>>;
  readonly remember: (stream: string, state: StreamState, aggregate: Aggregate) => void;
  readonly forget: (stream: string) => void;
}

/** Streams are read in pages of so many events. */
const PAGE_EVENTS = 500;

/**
 * States over a store.
 * @param cacheSize how many streams are remembered; 0 reads every stream for every command
 * @param snapshots where the states of long streams are kept, if they are
 */
export const streamStates = (
  store: EventStore,
  catalog: Catalog,
  cacheSize: number,
  snapshots?: SnapshotStore,
): StreamStates => {
  // Worked out now, at start, rather than during somebody's first command.
  if (snapshots !== undefined) catalog.aggregates.forEach(snapshotMarkOf);
  const kept = keptStates(snapshots);
  const remembered = boundedCache<string, StreamState>(cacheSize);
  const decode = decodeEvent(catalog);

  const apply = (state: StreamState, stored: StoredEvent): E.Either<CommandFailure, StreamState> => {
    const { payload, ...envelope } = stored;
    const decoded = decode(envelope, parsed(payload));
    if (E.isLeft(decoded)) return unreadable(stored, decoded.left.reason);
    return E.right({
      version: stored.version,
      position: stored.position,
      fold: state.fold.apply({ type: decoded.right.type, data: decoded.right.data }),
    });
  };

  const advance = async (stream: string, from: StreamState): Promise<E.Either<CommandFailure, StreamState>> => {
    let state = from;
    for (;;) {
      const page = await store.readStream(stream, { afterVersion: state.version, limit: PAGE_EVENTS })();
      if (E.isLeft(page)) return page;
      for (const event of page.right) {
        const next = apply(state, event);
        if (E.isLeft(next)) return next;
        state = next.right;
      }
      if (page.right.length < PAGE_EVENTS) break;
    }
    remembered.set(stream, state);
    return E.right(state);
  };

  return {
    load: async (stream, aggregate) => {
      const state = remembered.get(stream);
      if (state !== undefined) return E.right({ state, source: 'remembered' });
      const from = kept.find(stream, aggregate) ?? { version: 0, position: 0, fold: aggregate.emptyFold };
      const read = await advance(stream, from);
      if (E.isLeft(read)) return read;
      kept.keepWhenDue(stream, read.right, aggregate);
      return E.right({ state: read.right, source: 'read' });
    },
    advance,
    remember: (stream, state, aggregate) => {
      remembered.set(stream, state);
      kept.keepWhenDue(stream, state, aggregate);
    },
    forget: remembered.delete,
  };
};

/** The store wrote the payload as JSON; a text that is not JSON fails the codec, which expects an object. */
const parsed = (payload: string): unknown => {
  try {
    return JSON.parse(payload) as unknown;
  } catch {
    return undefined;
  }
};

const unreadable = (event: StoredEvent, reason: string): E.Either<CommandFailure, never> =>
  E.left({ _tag: 'UnreadableStream', stream: event.stream, eventId: event.id, reason });
