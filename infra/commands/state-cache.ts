/** A cache of stream states with limits on the number of streams and on their total size. */
import { boundedCache } from '../memory/bounded-cache';
import type { FoldedStream } from './stream-snapshots';
import { sizeOf } from './state-size';

export interface StateCache {
  readonly get: (stream: string) => FoldedStream | undefined;
  /** @param grownBytes size of the events that were applied since the cached state, or since the empty state */
  readonly set: (stream: string, state: FoldedStream, grownBytes: number) => void;
  readonly forget: (stream: string) => void;
}

/** Default limit on the total size of the cached states. */
export const STATE_CACHE_BYTES = 64 * 1024 * 1024;

/** A state with its size: measured whenever it has grown by a quarter, and estimated in between. */
interface Entry {
  readonly state: FoldedStream;
  readonly bytes: number;
  readonly measuredBytes: number;
}

/** Overhead of an entry. */
const ENTRY_BYTES = 1_024;
/** Assumed minimum for a state with too many parts to measure. */
const LARGE_BYTES = 8 * 1024 * 1024;
const REMEASURE_RATIO = 1.25;
const REMEASURE_BYTES = 4_096;

/** Creates the cache. */
export const stateCache = (maxStreams: number, maxBytes: number = STATE_CACHE_BYTES): StateCache => {
  const entries = boundedCache<string, Entry>(maxStreams, { max: maxBytes, of: ({ bytes }) => bytes });
  return {
    get: (stream) => entries.get(stream)?.state,
    set: (stream, state, grownBytes) => {
      if (maxStreams > 0) entries.set(stream, measure(entries.get(stream), state, grownBytes));
    },
    forget: entries.delete,
  };
};

const measure = (before: Entry | undefined, state: FoldedStream, grownBytes: number): Entry => {
  const estimated = (before?.bytes ?? ENTRY_BYTES) + grownBytes;
  if (before !== undefined && estimated <= before.measuredBytes * REMEASURE_RATIO + REMEASURE_BYTES) {
    return { state, bytes: estimated, measuredBytes: before.measuredBytes };
  }
  const measured = sizeOf(state.fold.state);
  const bytes = measured === undefined ? Math.max(estimated, LARGE_BYTES) : ENTRY_BYTES + measured;
  return { state, bytes, measuredBytes: bytes };
};
