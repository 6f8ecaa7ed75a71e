/** What a group's status says of failures that wait for an operator, although the group goes on. */
import type { DeadLetterCopying, GroupStatus } from '../../consumption/status/status';
import { isoTime } from '../../clock';
import type { Database } from '../../sqlite/database';

/** The status with its open dead letters and their copies, as its reason where it has no graver one; for a read-only connection too. */
export const withUnresolvedReason = (status: GroupStatus, database: Database): GroupStatus => {
  const copying = copyingOf(database, status.group);
  const full = copying === undefined ? status : { ...status, deadLetterCopies: copying };
  if (status.reason !== null) return full;
  const { letters, keys } = database
    .prepare<[string, string], { readonly letters: number; readonly keys: number }>(
      `SELECT (SELECT count(*) FROM dead_letters WHERE consumer = ? AND status IN ('open', 'assigned')) AS letters,
              (SELECT count(*) FROM quarantined_keys WHERE consumer = ?) AS keys`,
    )
    .get(status.group, status.group) ?? { letters: 0, keys: 0 };
  const open =
    letters === 0 && keys === 0
      ? []
      : [
          `${letters} dead letters are open, and ${keys} keys wait behind them: tidemark dead-letters list --group ${status.group}`,
        ];
  const stuck =
    copying === undefined || copying.reason === null
      ? []
      : [`${copying.waiting + copying.failed} copies are not in the dead-letter topic: ${copying.reason}`];
  const reasons = [...open, ...stuck];
  return reasons.length === 0 ? full : { ...full, reason: reasons.join('; ') };
};

interface CopyingRow {
  readonly waiting: number;
  readonly failed: number;
  readonly refusal: string | null;
  readonly fault: string | null;
  readonly sinceMs: number | null;
}

/** Undefined where nothing waits for its copy. */
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
