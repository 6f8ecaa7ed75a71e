/** Adds unresolved dead letters to a group's status, as they need an operator although the group continues. */
import type { DeadLetterCopying, GroupStatus } from '../../consumption/status/status';

/** What in a file needs an operator. */
export interface UnresolvedReader {
  /** The number of unresolved dead letters, and of quarantined streams. */
  readonly unresolved: (group: string) => { readonly letters: number; readonly keys: number };
  /** Undefined where no copy is pending. */
  readonly copying: (group: string) => DeadLetterCopying | undefined;
}

/** The status with its unresolved dead letters and pending copies; they are also its reason where it has no other. */
export const withUnresolvedReason = (status: GroupStatus, reader: UnresolvedReader): GroupStatus => {
  const copying = reader.copying(status.group);
  const full = copying === undefined ? status : { ...status, deadLetterCopies: copying };
  if (status.reason !== null) return full;
  const { letters, keys } = reader.unresolved(status.group);
  const open =
    letters === 0 && keys === 0
      ? []
      : [
          `${letters} dead letters are open, and ${keys} streams are quarantined: tidemark dead-letters list --group ${status.group}`,
        ];
  const stuck =
    copying === undefined || copying.reason === null
      ? []
      : [`${copying.waiting + copying.failed} copies are not in the dead-letter topic: ${copying.reason}`];
  const reasons = [...open, ...stuck];
  return reasons.length === 0 ? full : { ...full, reason: reasons.join('; ') };
};
