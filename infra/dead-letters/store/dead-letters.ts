/** Dead letters after they were set aside: what people and redrives do with them. */
import type { FailureClass } from '../../consumption/intake/intake';

/** Who does something to a dead letter, and on whose request. */
export interface AuditContext {
  readonly actor: string;
  /** The operator's request that it was done for; null where the engine did it by itself. */
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
  /** The dead letter at the head of a quarantined stream. */
  readonly headOf: (consumer: string, stream: string) => FirstDeadLetter | undefined;
  readonly assign: (id: number, owner: string, context: AuditContext) => void;
  readonly note: (id: number, note: string, context: AuditContext) => void;
  readonly discard: (id: number, reason: string, context: AuditContext) => void;
  readonly redriven: (id: number, detail: string, context: AuditContext) => void;
  /** A redrive did not help. */
  readonly failedAgain: (id: number, reason: string, context: AuditContext) => void;
  /** A build takes the group's place: its dead letters are the group's, and the group's others are over. */
  readonly adopt: (from: string, to: string) => void;
  /** The group learns everything again. */
  readonly restart: (consumer: string) => void;
  /** A build is given up with everything that it has set aside. */
  readonly forget: (consumer: string) => void;
}

/** Events that wait behind the dead letter of their stream. Calls that write belong inside the caller's transaction. */
export interface ParkedEvents {
  /** The first of those that wait, in the order of the store. */
  readonly next: (consumer: string, stream: string, limit: number) => ReadonlyArray<ParkedEvent>;
  readonly remove: (consumer: string, stream: string, position: number) => void;
  /** Nothing of the stream waits any longer, and no row lacks anything of it. */
  readonly open: (consumer: string, stream: string) => void;
  /** A quarantined stream whose dead letter is out of the way; undefined where there is none. */
  readonly openable: (consumer: string) => string | undefined;
  /** How many streams are quarantined. */
  readonly quarantined: (consumer: string) => number;
}

/** An event that waits, by reference. */
export interface ParkedEvent {
  readonly position: number;
  readonly eventId: string;
}

/** What came from outside can come without end: so much of it is kept for people, all of it is counted. */
export const FOREIGN_LIMITS = { letters: 100, bytes: 10_000_000 } as const;

/** Whether a class of failure is of what came from outside. */
export const isForeign = (failureClass: FailureClass): boolean =>
  failureClass === 'foreign' || failureClass === 'misplaced';
