/** The outbox of the dead-letter topics: a copy is queued with its dead letter, and removed once Kafka has acknowledged it. */
import { isoTime } from '../../clock';
import type { FailureClass } from '../../consumption/intake/intake';
import type { TopicPartition } from '../../topic-partition';

/** A dead letter with its original bytes; plain data. */
export interface DeadLetterCopy {
  readonly seq: number;
  readonly group: string;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  /**
   * The original headers, then the ten of this dead letter. Where the original is itself the copy of a dead letter, both have
   * headers of the same names: the last one of a name belongs to this dead letter.
   */
  readonly headers: ReadonlyArray<readonly [name: string, value: Uint8Array]>;
}

export interface DeadLetterCopies {
  /** The oldest copies of a group that are due, limited in number and bytes. */
  readonly waiting: (group: string, limit: number) => ReadonlyArray<DeadLetterCopy>;
  readonly done: (seqs: ReadonlyArray<number>) => void;
  /** Records the faults of an attempt: the copies that the topic rejects, and why none can be copied, if so. */
  readonly note: (group: string, attempt: CopyAttempt) => void;
}

/** The faults of an attempt; plain data. */
export interface CopyAttempt {
  readonly refused: ReadonlyArray<{ readonly seq: number; readonly reason: string }>;
  /** A fault that affects all copies of the group; null where there is none. */
  readonly fault: string | null;
}

/** The content of the headers that a copy adds. */
export interface CopiedLetter extends TopicPartition {
  readonly consumer: string;
  readonly offset: number;
  readonly timestampMs: number;
  readonly class: FailureClass;
  readonly reason: string;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly failedAtMs: number;
}

/** The ten headers that follow the original ones. */
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
