/**
 * States of streams, so that a command need not read a stream from its beginning: in memory, so many streams and so many bytes,
 * whatever their size; and those of long streams as snapshots.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Aggregate, Fold, FoldSnapshot } from '../../domain/kernel/aggregate';
import { snapshotFingerprintOf } from './fold-behaviour';
import { jsonInSteps } from '../json-in-steps';
import { boundedCache } from '../cache/bounded-cache';
import type { SnapshotStore } from './snapshots';
import { sizeOf } from './state-size';

/** The fold of a stream's events up to `version`; `position` is that of the last one, 0 for a stream without events. */
export interface StreamState {
  readonly version: number;
  readonly position: number;
  readonly fold: Fold;
}

// -------------------------------------------------------------------------------------
// As snapshots
// -------------------------------------------------------------------------------------

export interface CachedStates {
  /** Undefined where there is none that today's decider has made. */
  readonly find: (stream: string, aggregate: Aggregate) => Promise<StreamState | undefined>;
  /** Keeps the state, a moment later, where the stream has grown enough since the last time. */
  readonly keepWhenDue: (stream: string, state: StreamState, aggregate: Aggregate) => void;
}

/** A stream is read on from its snapshot over fewer events than these: some milliseconds. */
const EVENTS_BETWEEN = 1_000;
const NOTED_STREAMS = 20_000;

/** States in a store of snapshots; without one, nothing is kept. */
export const cachedStates = (snapshots: SnapshotStore | undefined): CachedStates => {
  const keptAt = boundedCache<string, number>(NOTED_STREAMS);

  // The state is a value: it does not change while it is written down.
  const save = async (
    stream: string,
    { version, position, fold }: StreamState,
    codec: FoldSnapshot,
    decider: string,
  ): Promise<void> => {
    try {
      // After the answer is on its way.
      await nextTurn();
      const state = await jsonInSteps(codec.encode(fold));
      snapshots?.save(stream, { decider, version, position, state });
    } catch {
      // A full disk, a store that is closed: without a snapshot the stream is read, and that is all.
      keptAt.delete(stream);
    }
  };

  return {
    find: async (stream, aggregate) => {
      const { snapshot: codec } = aggregate;
      if (snapshots === undefined || codec === undefined) return undefined;
      try {
        const found = snapshots.find(stream);
        // Of another decider: its state may mean something else today. It is replaced when the stream has been read.
        if (found === undefined || found.decider !== snapshotFingerprintOf(aggregate)) return undefined;
        const { version, position, state } = found;
        const fold = await foldOf(codec, state);
        keptAt.set(stream, version);
        return { version, position, fold };
      } catch {
        return undefined;
      }
    },
    keepWhenDue: (stream, { version, position, fold }, aggregate) => {
      const { snapshot: codec } = aggregate;
      if (snapshots === undefined || codec === undefined || version < EVENTS_BETWEEN) return;
      if (version - (keptAt.get(stream) ?? 0) < EVENTS_BETWEEN) return;
      const decider = snapshotFingerprintOf(aggregate);
      if (decider === undefined) return;
      keptAt.set(stream, version);
      void save(stream, { version, position, fold }, codec, decider);
    },
  };
};

/** The text of thousands of keys takes a while: others have their turn between the parts of the work. */
const foldOf = async (codec: FoldSnapshot, state: string): Promise<Fold> => {
  await nextTurn();
  const json = JSON.parse(state) as unknown;
  await nextTurn();
  const fold = codec.decode(json);
  await nextTurn();
  return fold;
};

// -------------------------------------------------------------------------------------
// In memory
// -------------------------------------------------------------------------------------

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
