/** Redrives and their progress: rows in the file of the role that carries them out. */
import type { PlanBody } from './requests';

export type RedriveState = 'planned' | 'running' | 'paused' | 'halted' | 'done';

/** The next stream of a running redrive. */
export interface RedriveKey {
  readonly redrive: number;
  readonly consumer: string;
  readonly actor: string;
  readonly seq: number;
  readonly letter: number;
}

export interface RunningRedrive {
  readonly id: number;
  readonly consumer: string;
  readonly actor: string;
  readonly ratePerSecond: number;
}

/** All calls belong inside the caller's transaction. */
export interface RedriveRows {
  readonly isPlanned: (id: number, consumer: string) => boolean;
  readonly plan: (id: number, actor: string, body: PlanBody) => void;
  /** Starts it, or continues with the streams that are not done. */
  readonly run: (id: number) => void;
  readonly pause: (id: number) => void;
  /** The running ones, in the order in which they were planned. */
  readonly running: () => ReadonlyArray<RunningRedrive>;
  readonly nextKey: (redrive: RunningRedrive) => RedriveKey | undefined;
  readonly endKey: (key: RedriveKey, state: 'done' | 'failed' | 'gone', reason: string | null) => void;
  readonly count: (id: number, events: number) => void;
  /** Halts every running redrive of the group that includes failures with this fingerprint. Returns their number. */
  readonly haltFor: (consumer: string, fingerprint: string, reason: string) => number;
  readonly finish: (id: number) => void;
}

/** The sizes of the batches in which `keys` streams are redriven: one, then 5 %, then 25 %, then the rest. */
export const batchSizes = (keys: number): ReadonlyArray<number> => {
  const sizes: number[] = [];
  let left = keys;
  for (const wanted of [1, Math.ceil(keys * 0.05), Math.ceil(keys * 0.25), keys]) {
    const size = Math.min(left, wanted);
    if (size > 0) sizes.push(size);
    left -= size;
  }
  return sizes;
};

/** The last of the operators' requests that was processed. `moveTo` belongs inside the caller's transaction. */
export interface RequestCursor {
  readonly position: () => number;
  readonly moveTo: (requestId: number) => void;
}
