/**
 * Suspended commands, deadlines and calls of effects, which no retry can help: each is stored with its reason until an operator releases or discards
 * it, or the role restarts. Its audit records what was done.
 */
import type { AuditContext } from '../../dead-letters/store/store';

export const setAsideStatuses = ['open', 'released', 'discarded'] as const;
export const setAsideKinds = ['command', 'deadline', 'effect'] as const;
export type SetAsideKind = (typeof setAsideKinds)[number];
export type SetAsideStatus = (typeof setAsideStatuses)[number];

/** One suspended command or deadline. */
export interface SetAsideRow {
  readonly id: number;
  readonly process: string;
  readonly kind: SetAsideKind;
  readonly subject: string;
  readonly instance: string;
  readonly reason: string;
  readonly status: SetAsideStatus;
}

/** A process instance that resumes. */
export interface ReleasedInstance {
  readonly process: string;
  readonly instance: string;
}

/** All calls belong inside the caller's transaction. */
export interface SetAside {
  readonly note: (entry: Omit<SetAsideRow, 'id' | 'status'>) => void;
  /** Resumes it, with the commands behind it. Throws RequestRefused where it is not suspended. */
  readonly release: (process: string, id: number, context: AuditContext) => ReleasedInstance;
  /** Drops it, and resumes the commands behind it. Throws RequestRefused where it is not suspended. */
  readonly discard: (process: string, id: number, reason: string, context: AuditContext) => ReleasedInstance;
  /** Records that everything is resumed, as at a start. */
  readonly closeAll: (detail: string) => void;
}

/** A suspended command or deadline as operators see it. */
export interface SetAsideEntry {
  /** `<process>:<number>`. */
  readonly id: string;
  readonly group: string;
  readonly kind: SetAsideKind;
  /** The id of the command or the deadline. */
  readonly subject: string;
  readonly instance: string;
  readonly reason: string;
  readonly status: SetAsideStatus;
  /** ISO 8601, UTC. */
  readonly setAsideAt: string;
  readonly audit: ReadonlyArray<SetAsideAudit>;
}

export interface SetAsideAudit {
  readonly action: string;
  readonly actor: string;
  readonly detail: string;
  readonly requestId: number | null;
  /** ISO 8601, UTC. */
  readonly at: string;
}

export interface SetAsideFilter {
  readonly group?: string;
  readonly status?: SetAsideStatus;
  readonly number?: number;
}
