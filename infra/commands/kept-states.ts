/** When the state of a long stream is kept, and when a kept one may be used. */
import type { Aggregate, Fold } from '../../domain/kernel/aggregate';
import { snapshotMarkOf } from './fold-behaviour';
import { boundedCache } from '../memory/bounded-cache';
import type { Snapshot, SnapshotStore } from './snapshots';

/** The fold of a stream's events up to `version`; `position` is that of the last one, 0 for a stream without events. */
export interface StreamState {
  readonly version: number;
  readonly position: number;
  readonly fold: Fold;
}

export interface CachedStates {
  /** Undefined where there is none that today's decider has made. */
  readonly find: (stream: string, aggregate: Aggregate) => StreamState | undefined;
  /** Keeps the state, a moment later, where the stream has grown enough since the last time. */
  readonly keepWhenDue: (stream: string, state: StreamState, aggregate: Aggregate) => void;
}

/** A stream is read on from its snapshot over fewer events than these: some milliseconds. */
const EVENTS_BETWEEN = 1_000;
const REMEMBERED_STREAMS = 20_000;

/** States in a store of snapshots; without one, nothing is kept. */
export const cachedStates = (snapshots: SnapshotStore | undefined): CachedStates => {
  const keptAt = boundedCache<string, number>(REMEMBERED_STREAMS);

  const save = (stream: string, snapshot: Snapshot): void => {
    try {
      snapshots?.save(stream, snapshot);
    } catch {
      // A full disk, a store that is closed: without a snapshot the stream is read, and that is all.
      keptAt.delete(stream);
    }
  };

  return {
    find: (stream, aggregate) => {
      const { snapshot: codec } = aggregate;
      if (snapshots === undefined || codec === undefined) return undefined;
      try {
        const found = snapshots.find(stream);
        // Of another decider: its state may mean something else today. It is replaced when the stream has been read.
        if (found === undefined || found.decider !== snapshotMarkOf(aggregate)) return undefined;
        const { version, position, state } = found;
        const fold = codec.decode(state);
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
      const decider = snapshotMarkOf(aggregate);
      if (decider === undefined) return;
      keptAt.set(stream, version);
      // After the answer is on its way: the state is a value, and does not change meanwhile.
      setImmediate(() => save(stream, { decider, version, position, state: codec.encode(fold) }));
    },
  };
};
