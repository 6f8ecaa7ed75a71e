/** Plans of redrives and how far they have come: rows in the file of the role that carries them out. */
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
  /** Runs it, or runs on what it has not done. */
  readonly run: (id: number) => void;
  readonly pause: (id: number) => void;
  /** Those that run, in the order of planning. */
  readonly running: () => ReadonlyArray<RunningRedrive>;
  readonly nextKey: (redrive: RunningRedrive) => RedriveKey | undefined;
  readonly endKey: (key: RedriveKey, state: 'done' | 'failed' | 'gone', reason: string | null) => void;
  readonly count: (id: number, events: number) => void;
  /** Stops every running redrive of the group that is to cure this cause. Returns how many. */
  readonly haltFor: (consumer: string, fingerprint: string, reason: string) => number;
  readonly finish: (id: number) => void;
}

/** The sizes of the batches that `keys` are run in: one, then 5 %, then 25 %, then the rest. */
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

/** How far operators' requests are carried out. `moveTo` belongs inside the caller's transaction. */
export interface RequestCursor {
  readonly position: () => number;
  readonly moveTo: (requestId: number) => void;
}
