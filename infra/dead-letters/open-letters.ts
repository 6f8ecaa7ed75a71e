/** What a group's status says of failures that wait for a person, although the group goes on. */
import type { GroupStatus } from '../consumption/group-status';
import type { Database } from '../sqlite/database';

/** The status with the open dead letters as its reason, where it has no graver one; works on a read-only connection. */
export const withOpenLetters = (status: GroupStatus, database: Database): GroupStatus => {
  if (status.reason !== null) return status;
  const { letters, keys } = database
    .prepare<[string, string], { readonly letters: number; readonly keys: number }>(
      `SELECT (SELECT count(*) FROM dead_letters WHERE consumer = ? AND status IN ('open', 'assigned')) AS letters,
              (SELECT count(*) FROM quarantined_keys WHERE consumer = ?) AS keys`,
    )
    .get(status.group, status.group) ?? { letters: 0, keys: 0 };
  if (letters === 0 && keys === 0) return status;
  const reason = `${letters} dead letters are open, and ${keys} keys wait behind them: tidemark dead-letters list --group ${status.group}`;
  return { ...status, reason };
};
