/** Unresolved dead letters and pending copies of a group, over a read-only connection. */
import { isoTime } from '../../clock';
import type { DeadLetterCopying } from '../../consumption/status/status';
import type { UnresolvedReader } from '../../dead-letters/query/query';
import type { Database } from '../database';

/** Makes the queries on a file that has the dead letters' migrations. */
export const unresolvedReader = (database: Database): UnresolvedReader => ({
  unresolved: (group) =>
    database
      .prepare<[string, string], { readonly letters: number; readonly keys: number }>(
        `SELECT (SELECT count(*) FROM dead_letters WHERE consumer = ? AND status IN ('open', 'assigned')) AS letters,
                (SELECT count(*) FROM quarantined_keys WHERE consumer = ?) AS keys`,
      )
      .get(group, group) ?? { letters: 0, keys: 0 },
  copying: (group) => copyingOf(database, group),
});

interface CopyingRow {
  readonly waiting: number;
  readonly failed: number;
  readonly refusal: string | null;
  readonly fault: string | null;
  readonly sinceMs: number | null;
}

/** Undefined where no copy is pending. */
const copyingOf = (database: Database, group: string): DeadLetterCopying | undefined => {
  const row = database
    .prepare<[string, string], CopyingRow>(
      `SELECT count(*) FILTER (WHERE o.fault IS NULL) AS waiting, count(*) FILTER (WHERE o.fault IS NOT NULL) AS failed,
              max(o.fault) AS refusal, max(c.fault) AS fault, max(c.since_ms) AS sinceMs
         FROM dead_letter_outbox o JOIN dead_letters d ON d.id = o.dead_letter_id
         LEFT JOIN dead_letter_copying c ON c.consumer = ?
        WHERE d.consumer = ?`,
    )
    .get(group, group);
  if (row === undefined || row.waiting + row.failed === 0) return undefined;
  const { waiting, failed, refusal, fault, sinceMs } = row;
  return { waiting, failed, reason: fault ?? refusal, since: sinceMs === null ? null : isoTime(sinceMs) };
};
