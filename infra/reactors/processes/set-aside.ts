/**
 * Commands and deadlines that no repeat could help: each is kept with its reason until an operator releases it, or goes on
 * without it. Whatever is done stays in its audit.
 */
import type { AuditContext } from '../../dead-letters/store/store';

export const setAsideStatuses = ['open', 'released', 'discarded'] as const;
export type SetAsideStatus = (typeof setAsideStatuses)[number];

/** One that was set aside. */
export interface SetAsideRow {
  readonly id: number;
  readonly process: string;
  readonly kind: 'command' | 'deadline';
  readonly subject: string;
  readonly instance: string;
  readonly reason: string;
  readonly status: SetAsideStatus;
}

/** Which instance goes on. */
export interface ReleasedInstance {
  readonly process: string;
  readonly instance: string;
}

/** All calls belong inside the caller's transaction. */
export interface SetAside {
  readonly note: (entry: Omit<SetAsideRow, 'id' | 'status'>) => void;
  /** Takes it up again, with all that waits behind it. Throws RequestRefused where there is nothing to release. */
  readonly release: (process: string, id: number, deed: AuditContext) => ReleasedInstance;
  /** Goes on without it. Throws RequestRefused where there is nothing to discard. */
  readonly discard: (process: string, id: number, reason: string, deed: AuditContext) => ReleasedInstance;
  /** Everything is taken up again, as at a start. */
  readonly closeAll: (detail: string) => void;
}

/** What was set aside, as operators see it. */
export interface SetAsideEntry {
  /** `<process>:<number>`. */
  readonly id: string;
  readonly group: string;
  readonly kind: 'command' | 'deadline';
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
