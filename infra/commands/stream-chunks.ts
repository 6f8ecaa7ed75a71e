/** Reads a stream in chunks of limited size, and yields to the event loop in between. */
import { setImmediate as nextTick } from 'node:timers/promises';
import * as E from 'fp-ts/Either';
import type { EventStore, StoreUnavailable } from '../../domain/kernel/event-store';
import type { StoredEvent } from '../../domain/kernel/recorded-event';

/** Target size of a chunk: reading, parsing and folding it takes a few milliseconds. */
const CHUNK_BYTES = 262_144;
/** The size of the events is unknown before the first chunk: each may have a megabyte. */
const FIRST_EVENTS = 8;
const MAX_EVENTS = 500;

/** The chunks of a stream above a version; the last one may be empty. Ends after a Left. */
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

/** How many events fit if they are as large as those of the last chunk; grows gradually. */
const nextLimit = (chunk: ReadonlyArray<StoredEvent>): number => {
  const bytes = payloadBytes(chunk);
  const fitting = Math.floor((CHUNK_BYTES * chunk.length) / Math.max(bytes, 1));
  return Math.max(1, Math.min(fitting, chunk.length * 4, MAX_EVENTS));
};

/** The length of the events' payloads in characters; in UTF-8 up to three times as many bytes. */
export const payloadBytes = (events: ReadonlyArray<StoredEvent>): number =>
  events.reduce((sum, { payload }) => sum + payload.length, 0);
