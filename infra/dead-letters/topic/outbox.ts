/** Copies of dead letters on their way to the dead-letter topic: queued with the letter, gone once Kafka has them. */
import { isoTime, type Clock } from '../../clock';
import type { Database } from '../../sqlite/database';
import { decodeHeaders } from '../store/store';

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

/** Upper limit on the values that are copied at a time. */
const MAX_WAITING_BYTES = 8_388_608;
/** A copy that was refused is tried again after so long: somebody may have raised the topic's limit. */
const REFUSED_RETRY_MS = 600_000;

interface CopyRow {
  readonly seq: number;
  readonly copied: Buffer | null;
  readonly consumer: string;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly timestampMs: number;
  readonly key: Buffer | null;
  readonly headers: string;
  readonly class: string;
  readonly reason: string;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly failedAtMs: number;
}

/** Prepares the statements on a file that has the dead letters' migration. */
export const deadLetterCopies = (database: Database, clock: Clock): DeadLetterCopies => {
  const waiting = database.prepare<[string, number, number], CopyRow>(
    `SELECT o.seq, o.value AS copied, d.consumer, d.topic, d."partition", d."offset", d.timestamp_ms AS timestampMs, d."key",
            d.headers, d.class, d.reason, d.fingerprint, d.attempts, d.first_failed_at_ms AS failedAtMs
       FROM dead_letter_outbox o JOIN dead_letters d ON d.id = o.dead_letter_id
      WHERE d.consumer = ? AND o.next_attempt_at_ms <= ? ORDER BY o.seq LIMIT ?`,
  );
  const done = database.prepare<[number]>('DELETE FROM dead_letter_outbox WHERE seq = ?');
  const refuse = database.prepare<[string, number, number]>(
    'UPDATE dead_letter_outbox SET fault = ?, next_attempt_at_ms = ? WHERE seq = ?',
  );
  const stand = database.prepare<[string, string, number]>(
    'INSERT INTO dead_letter_copying VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fault = excluded.fault',
  );
  const goOn = database.prepare<[string]>('DELETE FROM dead_letter_copying WHERE consumer = ?');
  return {
    waiting: (group, limit) => {
      const copies: DeadLetterCopy[] = [];
      let bytes = 0;
      for (const row of waiting.iterate(group, clock.nowMs(), limit)) {
        bytes += row.copied?.length ?? 0;
        if (copies.length > 0 && bytes > MAX_WAITING_BYTES) break;
        copies.push(copyOf(row));
      }
      return copies;
    },
    note: (group, { refused, fault }) => {
      const nowMs = clock.nowMs();
      for (const { seq, reason } of refused) refuse.run(reason, nowMs + REFUSED_RETRY_MS, seq);
      if (fault === null) goOn.run(group);
      else stand.run(group, fault, nowMs);
    },
    done: (seqs) => {
      for (const seq of seqs) done.run(seq);
    },
  };
};

const copyOf = (row: CopyRow): DeadLetterCopy => ({
  seq: row.seq,
  group: row.consumer,
  key: row.key,
  value: row.copied,
  headers: [...decodeHeaders(row.headers), ...letterHeaders(row)],
});

const letterHeaders = (row: CopyRow): DeadLetterCopy['headers'] => {
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
