/** What the reactors remember of processes: states, commands, deadlines, and what was set aside; and how processes learn. */
export { type Process, processOf } from './process';
export {
  type DeadlineRow,
  type DueDeadline,
  type PendingCommand,
  type PendingCounts,
  type ProcessRows,
  type ProcessStore,
  processStore,
} from './process-store';
export type { ReactorReader, ReactorsFile } from './reactors-file';
export {
  type ReleasedInstance,
  type SetAside,
  type SetAsideAudit,
  type SetAsideEntry,
  type SetAsideFilter,
  type SetAsideRow,
  type SetAsideStatus,
  setAsideStatuses,
} from './set-aside';
