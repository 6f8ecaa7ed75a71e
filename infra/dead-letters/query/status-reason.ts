/** What a group's status says of failures that wait for an operator, although the group goes on. */
import type { DeadLetterCopying, GroupStatus } from '../../consumption/status/status';

/** What a file holds for an operator to look at. */
export interface UnresolvedReader {
  /** Dead letters that are open, and the keys that wait behind them. */
  readonly unresolved: (group: string) => { readonly letters: number; readonly keys: number };
  /** Undefined where nothing waits for its copy. */
  readonly copying: (group: string) => DeadLetterCopying | undefined;
}

/** The status with its open dead letters and their copies, as its reason where it has no graver one. */
export const withUnresolvedReason = (status: GroupStatus, reader: UnresolvedReader): GroupStatus => {
  const copying = reader.copying(status.group);
  const full = copying === undefined ? status : { ...status, deadLetterCopies: copying };
  if (status.reason !== null) return full;
  const { letters, keys } = reader.unresolved(status.group);
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
