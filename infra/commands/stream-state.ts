/** A stream folded to its end: what a decision rests on. Kept in memory, never trusted without a check of its version. */
import { setImmediate as nextTick } from 'node:timers/promises';
import * as E from 'fp-ts/Either';
import type { Aggregate, Catalog } from '../../domain/kernel/aggregate';
import { snapshotFingerprintOf } from '../../domain/contracts/fold-behaviour';
import { decodeEvent } from '../../domain/kernel/decode-event';
import type { EventStore, NewEvent, StoreUnavailable } from '../../domain/kernel/event-store';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { CommandFailure } from './command-port';
import { cachedStates, rememberedStates, type StreamState } from './kept-states';
import { sizeOf } from './state-size';
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
  /** @param events what was applied to the state that was loaded */
  readonly remember: (
    stream: string,
    state: StreamState,
    aggregate: Aggregate,
    events: ReadonlyArray<NewEvent>,
  ) => void;
  readonly forget: (stream: string) => void;
}

/** A payload in memory takes some times its length as text. */
const BYTES_PER_CHARACTER = 3;

/**
 * States over a store.
 * @param cacheSize how many streams are remembered; 0 reads every stream for every command
 * @param cacheBytes what their states may hold together
 * @param snapshots where the states of long streams are kept, if they are
 */
export const streamStates = (
  store: EventStore,
  catalog: Catalog,
  cacheSize: number,
  snapshots?: SnapshotStore,
  cacheBytes?: number,
): StreamStates => {
  // Worked out now, at start, rather than during somebody's first command.
  if (snapshots !== undefined) catalog.aggregates.forEach(snapshotFingerprintOf);
  const kept = cachedStates(snapshots);
  const remembered = rememberedStates(cacheSize, cacheBytes);
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
    remembered.set(stream, state, grownBytes);
    return E.right(state);
  };

  return {
    load: async (stream, aggregate) => {
      const state = remembered.get(stream);
      if (state !== undefined) return E.right({ state, source: 'remembered' });
      const from = (await kept.find(stream, aggregate)) ?? { version: 0, position: 0, fold: aggregate.emptyFold };
      const read = await advance(stream, from);
      if (E.isLeft(read)) return read;
      kept.keepWhenDue(stream, read.right, aggregate);
      return E.right({ state: read.right, source: 'read' });
    },
    advance,
    remember: (stream, state, aggregate, events) => {
      remembered.set(stream, state, sizeOf(events) ?? 0);
      kept.keepWhenDue(stream, state, aggregate);
    },
    forget: remembered.forget,
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

// -------------------------------------------------------------------------------------
// A stream in chunks that are bounded by bytes, however large its events are; others come in between
// -------------------------------------------------------------------------------------

/** What a chunk should hold: read, parsed and folded it takes some milliseconds. */
const CHUNK_BYTES = 262_144;
/** The first chunk knows nothing of the events' size yet: each may have a megabyte. */
const FIRST_EVENTS = 8;
const MAX_EVENTS = 500;

/** The chunks of a stream above a version; the last one may be empty. Ends behind a Left. */
export async function* streamChunks(
  store: Pick<EventStore, 'readStream'>,
  stream: string,
  fromVersion: number,
): AsyncGenerator<E.Either<StoreUnavailable, ReadonlyArray<StoredEvent>>, void, undefined> {
  let afterVersion = fromVersion;
  let limit = FIRST_EVENTS;
  for (;;) {
    const chunk = await store.readStream(stream, { afterVersion, limit })();
    yield chunk;
    if (E.isLeft(chunk) || chunk.right.length < limit) return;
    afterVersion = chunk.right.at(-1)?.version ?? afterVersion;
    limit = nextLimit(chunk.right);
    await nextTick();
  }
}

/** As many events as fit, should they be as large as those of the last chunk; never many more than there. */
const nextLimit = (chunk: ReadonlyArray<StoredEvent>): number => {
  const bytes = payloadBytes(chunk);
  const fitting = Math.floor((CHUNK_BYTES * chunk.length) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, chunk.length * 4, MAX_EVENTS));
};

/** The length of the events' payloads; UTF-8 takes up to three times as much where it is not ASCII. */
const payloadBytes = (events: ReadonlyArray<StoredEvent>): number =>
  events.reduce((sum, { payload }) => sum + payload.length, 0);
