/**
 * Failures as values: every way in which an event can fail has a class, each class has one declared policy, and failures with the
 * same cause have the same fingerprint.
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

/** What is done about a class: `quarantine` dead-letters the event and quarantines its stream, `retry` retries in place. */
export interface FailurePolicy {
  readonly does: 'quarantine' | 'retry';
  /** What the class means, for operators. */
  readonly meaning: string;
}

/** The one declared policy of each class. */
export const failurePolicies: Readonly<Record<FailureClass, FailurePolicy>> = {
  malformed: { does: 'quarantine', meaning: "it can't be decoded: not an event, or not as its contract says" },
  'unknown-contract': { does: 'quarantine', meaning: 'its name or its schema version is from the future' },
  transient: { does: 'retry', meaning: 'a busy database, the broker, the network, a time-out: it passes by itself' },
  rejected: { does: 'quarantine', meaning: 'the handler rejects it: a business rule forbids it' },
  defect: { does: 'quarantine', meaning: 'the handler threw: the program is wrong' },
  foreign: { does: 'quarantine', meaning: 'the record is of another store, or names none; it blocks no stream' },
  misplaced: {
    does: 'quarantine',
    meaning: 'the record is not what the store has there (topic, partition, key, position); it blocks no stream',
  },
};

/** What is done when a transient fault does not pass within its bound. */
export type ExhaustedPolicy = 'halt' | 'quarantine';

/** The bound of retries in place, and what happens after it. */
export interface RetryPolicy {
  /** How long a partition is retried before `exhausted` applies. */
  readonly boundMs: number;
  /**
   * `halt`: the partition reports `halted` and is still being retried, rarely, until the fault has passed. `quarantine`: the fault of
   * a single event quarantines its stream; a fault of no single event (the database is gone) halts the partition all the same.
   */
  readonly exhausted: ExhaustedPolicy;
}

/** The policy of a group that declares none. */
export const defaultRetryPolicy: RetryPolicy = { boundMs: 600_000, exhausted: 'halt' };

// -------------------------------------------------------------------------------------
// One failure
// -------------------------------------------------------------------------------------

/** An event, or a record that should have been one, could not be processed. */
export interface Failure {
  readonly class: FailureClass;
  /** What happened, for operators. */
  readonly reason: string;
  /** Where in the code, if known: the top of the stack. */
  readonly where?: string;
  /** The thrown error with its stack and causes, truncated to a bounded length; for debugging. */
  readonly stack?: string;
}

/** The result of handling one event. */
export type HandlerResult =
  | 'applied'
  /** Nothing had to change: its content is known already. */
  | 'skipped'
  /** It does not concern this group. */
  | 'not-applicable'
  | Failure;

/** The name of the error that a handler, or the engine on its behalf, throws where a business rule rejects an event. */
const REJECTED = 'EventRejected';

/** Thrown by a handler where something that this one event needs is unavailable for now. */
export class TransientEventError extends Error {
  override readonly name = 'TransientEventError';
}

/** Converts an error thrown by a handler into a failure. */
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

/** The first frame of our own code in the stack: file and function only, as line numbers change with every release. */
const stackTop = ({ stack = '' }: Error): string | undefined => {
  const frame = stack.split('\n').find((line) => /^\s+at /.test(line) && !line.includes('node:'));
  if (frame === undefined) return undefined;
  const [, name = 'anonymous', path = ''] = /^\s+at (?:(.+?) \()?(.+?):\d+:\d+\)?$/.exec(frame) ?? [];
  return `${name} in ${path.slice(path.lastIndexOf('/') + 1)}`;
};

/**
 * Whether an error can be caused by one event: anything a handler threw, or a row that the database rejects. All other errors of
 * the database (busy, full, gone) are about the database itself and affect every event.
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
/** The patterns below backtrack on long words, so only the beginning of a long reason is used. */
const FINGERPRINTED_CHARACTERS = 2_000;

/** A hash that is equal for failures of one group with the same cause, whichever events they are of. */
export const fingerprintOf = (group: string, failure: Failure): string =>
  createHash('sha256')
    .update(JSON.stringify([group, failure.class, normalised(failure.reason), failure.where ?? '']))
    .digest('hex')
    .slice(0, FINGERPRINT_LENGTH);

/** A reason without what varies between events: quoted values, identifiers with digits, numbers. */
const normalised = (reason: string): string =>
  reason
    .slice(0, FINGERPRINTED_CHARACTERS)
    .replace(/'[^']*'|"[^"]*"/g, '?')
    .replace(/[\w.:@-]*\d[\w.:@-]*/g, '?')
    .replace(/\s+/g, ' ')
    .trim();
