/** Copies of dead letters on their way to the dead-letter topic: queued with the letter, gone once Kafka has them. */
import { isoTime } from '../../clock';
import type { FailureClass } from '../../consumption/intake/intake';

/** A dead letter with its original bytes; plain data. */
export interface DeadLetterCopy {
  readonly seq: number;
  readonly group: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /**
   * The original headers as they came, then the ten of this dead letter. Where the original is a dead letter's copy itself,
   * its headers have the same names: the last one of a name is this letter's.
   */
  readonly headers: ReadonlyArray<readonly [name: string, value: Uint8Array]>;
}

export interface DeadLetterCopies {
  /** The oldest ones of a group that are to be tried now, no more than their bytes allow. */
  readonly waiting: (group: string, limit: number) => ReadonlyArray<DeadLetterCopy>;
  readonly done: (seqs: ReadonlyArray<number>) => void;
  /** How the copying of a group went: the copies that its topic does not take, and why none goes through, if so. */
  readonly note: (group: string, attempt: CopyAttempt) => void;
}

/** What went wrong in an attempt; plain data. */
export interface CopyAttempt {
  readonly refused: ReadonlyArray<{ readonly seq: number; readonly reason: string }>;
  /** A fault of all of the group's copies; null where there is none. */
  readonly fault: string | null;
}

/** What a copy's own headers say of its dead letter. */
export interface CopiedLetter {
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly class: FailureClass;
  readonly reason: string;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly failedAtMs: number;
}

/** The ten headers that stand behind the original's. */
export const copyHeaders = (row: CopiedLetter): DeadLetterCopy['headers'] => {
  const texts: ReadonlyArray<readonly [string, string]> = [
    ['dlt-class', row.class],
    ['dlt-reason', row.reason],
    ['dlt-fingerprint', row.fingerprint],
    ['dlt-attempts', String(row.attempts)],
    ['dlt-failed-at', isoTime(row.failedAtMs)],
    ['dlt-original-topic', row.topic],
    ['dlt-original-partition', String(row.partition)],
    ['dlt-original-offset', String(row.offset)],
    ['dlt-original-timestamp', isoTime(row.timestampMs)],
    ['dlt-group', row.consumer],
  ];
  return texts.map(([name, text]) => [name, Buffer.from(text)]);
};
