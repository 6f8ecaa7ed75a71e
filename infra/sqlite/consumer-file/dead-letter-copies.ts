/** Dead letters that are not copied to their topics yet, as rows. */
import type { Clock } from '../../clock';
import {
  copyHeaders,
  type CopiedLetter,
  type DeadLetterCopies,
  type DeadLetterCopy,
} from '../../dead-letters/topic/topic';
import type { Database } from '../database';
import { decodeHeaders } from './header-codec';

/** Upper limit on the values of one batch of copies. */
const MAX_WAITING_BYTES = 8_388_608;
/** How long after a rejection a copy is retried, as an operator may have raised the topic's limit. */
const REFUSED_RETRY_MS = 600_000;

interface CopyRow extends CopiedLetter {
  readonly seq: number;
  readonly copied: Buffer | null;
  readonly key: Buffer | null;
  readonly headers: string;
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
  const noteFault = database.prepare<[string, string, number]>(
    'INSERT INTO dead_letter_copying VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET fault = excluded.fault',
  );
  const clearFault = database.prepare<[string]>('DELETE FROM dead_letter_copying WHERE consumer = ?');
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
      if (fault === null) clearFault.run(group);
      else noteFault.run(group, fault, nowMs);
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
  headers: [...decodeHeaders(row.headers), ...copyHeaders(row)],
});
