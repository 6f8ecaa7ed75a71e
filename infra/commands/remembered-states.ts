/** The states of streams in memory: so many streams, and so many bytes, whatever their size. */
import { boundedCache } from '../memory/bounded-cache';
import type { StreamState } from './kept-states';
import { sizeOf } from './state-size';

export interface RememberedStates {
  readonly get: (stream: string) => StreamState | undefined;
  /** @param grownBytes what the events hold that were applied since the state that is remembered, or since it was empty */
  readonly set: (stream: string, state: StreamState, grownBytes: number) => void;
  readonly forget: (stream: string) => void;
}

/** What all remembered states may hold together, unless said otherwise. */
export const STATE_CACHE_BYTES = 64 * 1024 * 1024;

/** A state with its weight: measured when it has grown by a quarter, and in between estimated by what was applied. */
interface Entry {
  readonly state: StreamState;
  readonly bytes: number;
  readonly measuredBytes: number;
}

/** An entry's own cost: its names, the fold's functions. */
const ENTRY_BYTES = 1_024;
/** The least that a state weighs that has more parts than are looked at. */
const LARGE_BYTES = 8 * 1024 * 1024;
const REMEASURE_RATIO = 1.25;
const REMEASURE_BYTES = 4_096;

/** A cache of states. */
export const rememberedStates = (maxStreams: number, maxBytes: number = STATE_CACHE_BYTES): RememberedStates => {
  const entries = boundedCache<string, Entry>(maxStreams, { max: maxBytes, of: ({ bytes }) => bytes });
  return {
    get: (stream) => entries.get(stream)?.state,
    set: (stream, state, grownBytes) => {
      if (maxStreams > 0) entries.set(stream, weighed(entries.get(stream), state, grownBytes));
    },
    forget: entries.delete,
  };
};

const weighed = (before: Entry | undefined, state: StreamState, grownBytes: number): Entry => {
  const estimated = (before?.bytes ?? ENTRY_BYTES) + grownBytes;
  if (before !== undefined && estimated <= before.measuredBytes * REMEASURE_RATIO + REMEASURE_BYTES) {
    return { state, bytes: estimated, measuredBytes: before.measuredBytes };
  }
  const measured = sizeOf(state.fold.state);
  const bytes = measured === undefined ? Math.max(estimated, LARGE_BYTES) : ENTRY_BYTES + measured;
  return { state, bytes, measuredBytes: bytes };
};
