/** Processes and their storage: states, commands, deadlines, and what is suspended. */
export {
  effectModes,
  effectOutcomes,
  type EffectMode,
  type EffectResult,
  type EffectResultOutcome,
  type EffectResults,
  type EffectRows,
  type EffectStart,
  type EffectStatus,
  type RecordedEffectResult,
  type StoredEffect,
} from './effect-rows';
export type { PostAttempt, PostCommand, PostResult } from './post-command';
export { type Process, processOf } from './process';
export {
  type DeadlineRow,
  type DueDeadline,
  type PendingCommand,
  type PendingCounts,
  type ProcessRows,
  type ProcessStore,
  processStoreOf,
} from './process-store';
export type { ReactorReader, ReactorsFile } from './reactors-file';
export {
  type ReleasedInstance,
  type SetAside,
  type SetAsideAudit,
  type SetAsideEntry,
  type SetAsideFilter,
  type SetAsideKind,
  setAsideKinds,
  type SetAsideRow,
  type SetAsideStatus,
  setAsideStatuses,
} from './set-aside';
