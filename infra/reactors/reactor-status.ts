/** The status of the process managers, readable from any process: their groups, and suspended commands and deadlines. */
import type { GroupStatus } from '../consumption/status/status';
import { withUnresolvedReason } from '../dead-letters/query/query';
import { readReactorsFile } from '../sqlite/process-store/process-store';
import type { ReactorReader, SetAsideEntry, SetAsideFilter } from './processes/processes';

/** The statuses of the process managers' groups; empty where the role has never run. */
export const readReactorGroups = (file: string): ReadonlyArray<GroupStatus> =>
  readReactorsFile<ReadonlyArray<GroupStatus>>(file, [], (reader) =>
    reader.groups().map((status) => withUnresolvedReason(withSuspended(withRepeats(status, reader), reader), reader)),
  );

/** Suspended commands and deadlines, the newest first; empty where the role has never run. */
export const readSetAsideIn = (file: string, filter: SetAsideFilter, limit: number): ReadonlyArray<SetAsideEntry> =>
  readReactorsFile<ReadonlyArray<SetAsideEntry>>(file, [], (reader) => reader.setAside(filter, limit));

/** Fewer failed attempts than these are not reported. */
const MIN_ATTEMPTS = 3;

/** A group whose commands cannot be sent makes no progress, although it continues reading. */
const withRepeats = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  if (status.state !== 'running') return status;
  const { repeats, reason } = reader.repeatedCommands(status.group, MIN_ATTEMPTS);
  if (repeats === 0) return status;
  return { ...status, state: 'retrying', reason: `${repeats} commands are sent again and again: ${reason ?? ''}` };
};

/** Suspended commands and deadlines need an operator, although the group continues reading. */
const withSuspended = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  const { parked, firstParked } = reader.pendingCounts(status.group);
  if (parked === 0 || status.reason !== null) return status;
  const reason =
    `${parked} commands or deadlines are suspended until a restart or a release (tidemark commands list); ` +
    `the first is ${firstParked?.id ?? '?'}: ${firstParked?.reason ?? ''}`;
  return { ...status, reason };
};
