/** The storage of dead letters: what operators and redrives do with them. */
import type { FailureClass } from '../../consumption/intake/intake';

/** Who changes a dead letter, and on which request. */
export interface AuditContext {
  readonly actor: string;
  /** The operator's request for it; null where the engine did it by itself. */
  readonly requestId: number | null;
}

/** What a redrive needs to know of a dead letter. */
export interface FirstDeadLetter {
  readonly id: number;
  readonly consumer: string;
  readonly eventId: string | null;
  readonly stream: string | null;
  readonly status: 'open' | 'assigned' | 'redriven' | 'discarded';
}

/** All calls belong inside the caller's transaction. */
export interface DeadLetterRows {
  readonly find: (id: number) => FirstDeadLetter | undefined;
  /** The first dead letter of a quarantined stream, behind which the others are parked. */
  readonly firstOf: (consumer: string, stream: string) => FirstDeadLetter | undefined;
  readonly assign: (id: number, owner: string, context: AuditContext) => void;
  readonly note: (id: number, note: string, context: AuditContext) => void;
  readonly discard: (id: number, reason: string, context: AuditContext) => void;
  readonly markRedriven: (id: number, detail: string, context: AuditContext) => void;
  /** Records that a redrive has failed. */
  readonly noteFailedAgain: (id: number, reason: string, context: AuditContext) => void;
  /** A rebuild replaces the group: its dead letters become the group's, and the group's other ones are resolved. */
  readonly adopt: (from: string, to: string) => void;
  /** The group starts again from the first event: its dead letters are resolved. */
  readonly restart: (consumer: string) => void;
  /** Deletes all dead letters of an abandoned rebuild. */
  readonly forget: (consumer: string) => void;
}

/** Events parked behind the dead letter of their stream. Calls that write belong inside the caller's transaction. */
export interface ParkedEvents {
  /** The first parked events, ordered by position. */
  readonly next: (consumer: string, stream: string, limit: number) => ReadonlyArray<ParkedEvent>;
  readonly remove: (consumer: string, stream: string, position: number) => void;
  /** Ends the quarantine of a stream without parked events; its rows are no longer stale. */
  readonly endQuarantine: (consumer: string, stream: string) => void;
  /** A quarantined stream whose first dead letter is resolved; undefined where there is none. */
  readonly withResolvedFirst: (consumer: string) => string | undefined;
  /** How many streams are quarantined. */
  readonly quarantined: (consumer: string) => number;
}

/** A reference to a parked event. */
export interface ParkedEvent {
  readonly position: number;
  readonly eventId: string;
}

/** Upper limits on stored foreign records, as there can be any number of them; records beyond the limits are only counted. */
export const FOREIGN_LIMITS = { letters: 100, bytes: 10_000_000 } as const;

/** Whether a class of failure is about records that are not this store's. */
export const isForeign = (failureClass: FailureClass): boolean =>
  failureClass === 'foreign' || failureClass === 'misplaced';
