/** Decides when the state of a long stream is stored as a snapshot, and when a snapshot may be used. */
import type { Aggregate, Fold } from '../../domain/kernel/aggregate';
import { snapshotMarkOf } from '../../domain/contracts/fold-behaviour';
import { boundedCache } from '../memory/bounded-cache';
import type { Snapshot, SnapshotStore } from './snapshots';

/** The fold of a stream's events up to `version`; `position` is that of the last one, 0 for a stream without events. */
export interface FoldedStream {
  readonly version: number;
  readonly position: number;
  readonly fold: Fold;
}

export interface StreamSnapshots {
  /** Undefined if the present decider has made none. */
  readonly find: (stream: string, aggregate: Aggregate) => FoldedStream | undefined;
  /** Stores the state, asynchronously, if the stream has grown enough since the last snapshot. */
  readonly saveWhenDue: (stream: string, state: FoldedStream, aggregate: Aggregate) => void;
}

/** At most this many events are read after a snapshot, which takes a few milliseconds. */
const EVENTS_BETWEEN = 1_000;
const MAX_STREAMS = 20_000;

/** Uses a snapshot store; without one, no snapshots are stored. */
export const streamSnapshots = (snapshots: SnapshotStore | undefined): StreamSnapshots => {
  const snapshotAt = boundedCache<string, number>(MAX_STREAMS);

  const save = (stream: string, snapshot: Snapshot): void => {
    try {
      snapshots?.save(stream, snapshot);
    } catch {
      // For example a full disk or a closed store: without a snapshot the stream is read from its first event.
      snapshotAt.delete(stream);
    }
  };

  return {
    find: (stream, aggregate) => {
      const { snapshot: codec } = aggregate;
      if (snapshots === undefined || codec === undefined) return undefined;
      try {
        const found = snapshots.find(stream);
        // Made by another decider, so its state may mean something else. It is replaced once the stream has been read.
        if (found === undefined || found.decider !== snapshotMarkOf(aggregate)) return undefined;
        const { version, position, state } = found;
        const fold = codec.decode(state);
        snapshotAt.set(stream, version);
        return { version, position, fold };
      } catch {
        return undefined;
      }
    },
    saveWhenDue: (stream, { version, position, fold }, aggregate) => {
      const { snapshot: codec } = aggregate;
      if (snapshots === undefined || codec === undefined || version < EVENTS_BETWEEN) return;
      if (version - (snapshotAt.get(stream) ?? 0) < EVENTS_BETWEEN) return;
      const decider = snapshotMarkOf(aggregate);
      if (decider === undefined) return;
      snapshotAt.set(stream, version);
      // After the response has been sent; the state is immutable.
      setImmediate(() => save(stream, { decider, version, position, state: codec.encode(fold) }));
    },
  };
};
