/** What is stored about effects: where each began, whether an operator has paused it, and the result of every call. */

/** From where on an effect is performed: after a position, and not what was recorded before a time. */
export interface EffectStart {
  readonly afterPosition: number;
  /** ISO 8601 with its zone; null where there is no such time. */
  readonly notBefore: string | null;
}

/** `draining`: the calls that are pending are made, and those of later events wait; `paused`: all of them wait. */
export const effectModes = ['running', 'draining', 'paused'] as const;
export type EffectMode = (typeof effectModes)[number];

/** How a call ended. */
export const effectOutcomes = ['done', 'rejected', 'dry-run'] as const;
export type EffectResultOutcome = (typeof effectOutcomes)[number];

/** The recorded end of a call. */
export interface EffectResult {
  readonly effect: string;
  /** The idempotency key, `<effect>/<event id>`. */
  readonly key: string;
  readonly outcome: EffectResultOutcome;
  /** JSON; the rejection and its message where the outcome is `rejected`. */
  readonly result: unknown;
  readonly attempts: number;
}

/** A recorded end with its time: ISO 8601, UTC. */
export interface RecordedEffectResult extends EffectResult {
  readonly finishedAt: string;
}

/** The results of calls. Calls that write belong inside the caller's transaction. */
export interface EffectResults {
  readonly add: (result: EffectResult) => void;
}

/** An effect as its file shows it to other processes. */
export interface StoredEffect extends EffectStart {
  readonly mode: EffectMode;
  readonly modeActor: string | null;
  readonly modeAtMs: number | null;
  readonly outcomes: Readonly<Record<EffectResultOutcome, number>>;
}

/** An effect as operators see it. */
export interface EffectStatus {
  readonly effect: string;
  readonly meaning: string;
  readonly owner: string;
  readonly mode: EffectMode;
  /** Who set the mode, and when (ISO 8601, UTC); null where nobody has. */
  readonly modeSetBy: string | null;
  readonly modeSetAt: string | null;
  /** Events up to this position are never performed; null where the effect has never run. */
  readonly afterPosition: number | null;
  /** Nor are events recorded before this time; null where there is no such time. */
  readonly notBefore: string | null;
  /** Calls that are to be made, including those that wait to be tried again. */
  readonly pending: number;
  /** Calls that wait for an operator. */
  readonly suspended: number;
  readonly done: number;
  readonly rejected: number;
  readonly dryRun: number;
  /** Why calls fail for now, or why the first of them is suspended; null where none is. */
  readonly reason: string | null;
}

/** The rows of effects. Calls that write belong inside the caller's transaction. */
export interface EffectRows {
  /** Undefined where the effect has never run. */
  readonly start: (effect: string) => EffectStart | undefined;
  readonly begin: (effect: string, start: EffectStart) => void;
  readonly mode: (effect: string) => EffectMode;
  readonly setMode: (effect: string, mode: EffectMode, actor: string) => void;
  readonly results: EffectResults;
}
