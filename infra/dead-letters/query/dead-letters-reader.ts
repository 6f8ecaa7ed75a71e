/** Dead letters and redrives as operators see them. */
import type { FailureClass } from '../../consumption/intake/intake';
import type { RedrivePreview, RedriveState } from '../redrive/redrive';
import type { TopicPartition } from '../../topic-partition';

export const deadLetterStatuses = ['open', 'assigned', 'redriven', 'discarded'] as const;

export type DeadLetterStatus = (typeof deadLetterStatuses)[number];

/** A dead letter in a list. */
export interface DeadLetter extends TopicPartition {
  /** `<group>:<number>`. */
  readonly id: string;
  readonly group: string;
  readonly status: DeadLetterStatus;
  readonly owner: string | null;
  readonly class: FailureClass;
  readonly reason: string;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  /** Null where the record is not an event of this store. */
  readonly eventId: string | null;
  readonly stream: string | null;
  readonly type: string | null;
  readonly schemaVersion: number | null;
  readonly position: number | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly offset: number;
  readonly key: string | null;
  /** How many events are parked behind it. */
  readonly parked: number;
}

/** What was done to a dead letter. */
export interface AuditEntry {
  readonly action: string;
  readonly actor: string;
  readonly detail: string;
  readonly requestId: number | null;
  readonly at: string;
}

/** A dead letter with all its details. */
export interface DeadLetterDetail extends DeadLetter {
  /** In the record's order, values as text. */
  readonly headers: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  /** The bytes as base64 where the record is not an event of this store; null otherwise, as the store has the event. */
  readonly value: string | null;
  /** The stack of what the handler threw; null where it threw nothing. */
  readonly stack: string | null;
  readonly audit: ReadonlyArray<AuditEntry>;
}

/** A filter of dead letters; all its members have to match. */
export interface DeadLetterFilter {
  readonly group?: string;
  readonly status?: DeadLetterStatus;
  readonly class?: FailureClass;
  readonly fingerprint?: string;
  readonly stream?: string;
}

/** The status of a redrive. */
export interface RedriveStatus {
  readonly id: number;
  readonly group: string;
  readonly state: 'requested' | RedriveState;
  /** Why it is halted. */
  readonly reason: string | null;
  readonly ratePerSecond: number;
  readonly preview: RedrivePreview;
  /** The number of its streams by result. */
  readonly keys: Readonly<Record<'waiting' | 'done' | 'failed' | 'gone', number>>;
  /** The number of the next batch (one stream, 5 %, 25 %, the rest), from 1 on; null where none is left. */
  readonly batch: number | null;
  /** How often it was started. */
  readonly runs: number;
  /** Events processed so far, including those parked behind the dead letters. */
  readonly events: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface DeadLetterCount {
  readonly group: string;
  readonly class: FailureClass;
  readonly total: number;
  readonly open: number;
}

export interface DeadLetterReader {
  /** The newest first; only those with a number below `before`. */
  readonly list: (
    filter: DeadLetterFilter,
    page: { readonly before?: number; readonly limit: number },
  ) => ReadonlyArray<DeadLetter>;
  readonly find: (group: string, letter: number) => DeadLetterDetail | undefined;
  /** What a redrive would process: unresolved dead letters of a group that are the first of their streams, with a preview. */
  readonly select: (
    group: string,
    filter: Omit<DeadLetterFilter, 'group' | 'status'> & { readonly letters?: ReadonlyArray<number> },
  ) => { readonly letters: ReadonlyArray<number>; readonly preview: RedrivePreview };
  readonly redrive: (id: number) => RedriveStatus | undefined;
  readonly counts: () => ReadonlyArray<DeadLetterCount>;
}

/** Splits `<group>:<number>`; undefined where the text is not such an id. */
export const parseDeadLetterId = (id: string): { readonly group: string; readonly letter: number } | undefined => {
  const [, group, letter] = /^([a-z][a-z0-9-]*):([1-9]\d{0,14})$/.exec(id) ?? [];
  return group === undefined ? undefined : { group, letter: Number(letter) };
};
