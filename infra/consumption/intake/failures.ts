/**
 * Failures as values: every way in which an event can fail has a class, each class has one declared policy, and
 * what has the same cause has the same fingerprint.
 */
import { createHash } from 'node:crypto';
import { EngineFault } from '../../engine-fault';
import { storageFaultKind } from '../../storage-fault';

// -------------------------------------------------------------------------------------
// Classes and their policies
// -------------------------------------------------------------------------------------

export const failureClasses = [
  'malformed',
  'unknown-contract',
  'transient',
  'rejected',
  'defect',
  'foreign',
  'misplaced',
] as const;

/** Why an event could not be processed. */
export type FailureClass = (typeof failureClasses)[number];

/** What is done about a class: `quarantine` sets the key aside, `retry` tries again in place. */
export interface FailurePolicy {
  readonly does: 'quarantine' | 'retry';
  /** What the class means, for people. */
  readonly meaning: string;
}

/** The one declared policy of each class. */
export const failurePolicies: Readonly<Record<FailureClass, FailurePolicy>> = {
  malformed: { does: 'quarantine', meaning: "it can't be decoded: no event, or not what its contract says" },
  'unknown-contract': { does: 'quarantine', meaning: 'its name or its schema version is from the future' },
  transient: { does: 'retry', meaning: 'a busy database, the broker, the network, a time-out: it passes by itself' },
  rejected: { does: 'quarantine', meaning: 'the handler says no: a rule of the business stands against it' },
  defect: { does: 'quarantine', meaning: 'the handler threw: the program is wrong' },
  foreign: { does: 'quarantine', meaning: 'the record is of another store, or names none; it blocks no stream' },
  misplaced: {
    does: 'quarantine',
    meaning: 'the record is not what the store has there (topic, partition, key, position); it blocks no stream',
  },
};

/** What is done when a transient fault does not pass within its bound. */
export type ExhaustedPolicy = 'halt' | 'quarantine';

/** Bounds of the retry in place, and what comes after. */
export interface RetryPolicy {
  /** How long a partition counts as retrying before what is declared below is done. */
  readonly boundMs: number;
  /**
   * `halt`: the partition says so and is still being retried, rarely, until the fault has passed. `quarantine`: a fault that belongs to
   * one event sets its key aside; one that belongs to none (the database is gone) halts all the same.
   */
  readonly exhausted: ExhaustedPolicy;
}

/** What a group does that declares nothing else. */
export const defaultRetryPolicy: RetryPolicy = { boundMs: 600_000, exhausted: 'halt' };

// -------------------------------------------------------------------------------------
// One failure
// -------------------------------------------------------------------------------------

/** An event, or a record that should have been one, could not be processed. */
export interface Failure {
  readonly class: FailureClass;
  /** What happened, for people. */
  readonly reason: string;
  /** Where in the code, as far as known: the top of the stack. */
  readonly where?: string;
  /** What was thrown with its stack and causes, cut to a bounded length; for people who look for the fault. */
  readonly stack?: string;
}

/** What a handler makes of an event. */
export type HandlerResult =
  | 'applied'
  /** Nothing had to change: what it says is known already. */
  | 'skipped'
  /** It does not concern this group. */
  | 'not-applicable'
  | Failure;

/** The name of an error that a handler throws, or the engine on its behalf, where the business says no. */
const REJECTED = 'EventRejected';

/** A handler throws it where what this very event needs is away for now. */
export class TransientEventError extends Error {
  override readonly name = 'TransientEventError';
}

/** The failure that an error thrown by a handler stands for. */
export const failureOf = (error: unknown): Failure => {
  const reason = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && error.name === REJECTED) return { class: 'rejected', reason };
  if (error instanceof TransientEventError) return { class: 'transient', reason };
  const where = error instanceof Error ? stackTop(error) : undefined;
  return { class: 'defect', reason, ...(where === undefined ? {} : { where }), ...stackIn(error) };
};

const MAX_STACK_CHARACTERS = 8_000;
const MAX_CAUSES = 5;

const stackIn = (error: unknown): Pick<Failure, 'stack'> => {
  const parts: string[] = [];
  for (let each = error; each instanceof Error && parts.length <= MAX_CAUSES; each = each.cause) {
    parts.push(each.stack ?? String(each));
  }
  return parts.length === 0 ? {} : { stack: parts.join('\ncaused by ').slice(0, MAX_STACK_CHARACTERS) };
};

/** The first place of our own code in the stack: file and function, for lines move with every release. */
const stackTop = ({ stack = '' }: Error): string | undefined => {
  const frame = stack.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('node:'));
  if (frame === undefined) return undefined;
  const [, name = 'anonymous', path = ''] = /^\s+at (?:(.+?) \()?(.+?):\d+:\d+\)?$/.exec(frame) ?? [];
  return `${name} in ${path.slice(path.lastIndexOf('/') + 1)}`;
};

/**
 * Whether an error can be the fault of one event: what a handler threw, or a row that the database refuses. All else the
 * database says (busy, full, gone) is about the database, and hits every event alike.
 */
export const isAttributable = (error: unknown): boolean => {
  if (!(error instanceof Error)) return true;
  const kind = storageFaultKind(error);
  if (kind !== undefined) return kind === 'refused';
  if (error instanceof TransientEventError || error instanceof EngineFault || error.name === 'AbortError') return false;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return !SYSTEM_ERRORS.test(code);
};

const SYSTEM_ERRORS =
  /^(E(CONN|HOST|NET|TIMEDOUT|PIPE|AI_AGAIN|NOTFOUND|MFILE|NFILE|NOSPC|DQUOT|ROFS|ACCES|IO|BUSY|AGAIN)|UND_ERR)/;

// -------------------------------------------------------------------------------------
// Fingerprints
// -------------------------------------------------------------------------------------

const FINGERPRINT_LENGTH = 16;
/** The patterns below look at long words again and again: of a long reason the beginning says what it is. */
const FINGERPRINTED_CHARACTERS = 2_000;

/** The same for what failed in the same group for the same cause, whichever event it was. */
export const fingerprintOf = (group: string, failure: Failure): string =>
  createHash('sha256')
    .update(JSON.stringify([group, failure.class, normalised(failure.reason), failure.where ?? '']))
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH);

/** A reason without what differs from event to event: quoted values, identifiers with digits, numbers. */
const normalised = (reason: string): string =>
  reason
    .slice(0, FINGERPRINTED_CHARACTERS)
    .replace(/'[^']*'|"[^"]*"/g, '?')
    .replace(/[\w.:@-]*\d[\w.:@-]*/g, '?')
    .replace(/\s+/g, ' ')
    .trim();
