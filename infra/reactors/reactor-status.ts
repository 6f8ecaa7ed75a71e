/** How the process managers stand, read from any process: their groups, and what was set aside. */
import type { GroupStatus } from '../consumption/status/status';
import { withUnresolvedReason } from '../dead-letters/query/query';
import { readReactorsFile } from '../sqlite/process-store/process-store';
import type { ReactorReader, SetAsideEntry, SetAsideFilter } from './processes/processes';

/** How the process managers' groups stand; empty where the role has never run. */
export const readReactorGroups = (file: string): ReadonlyArray<GroupStatus> =>
  readReactorsFile<ReadonlyArray<GroupStatus>>(file, [], (reader) =>
    reader.groups().map((status) => withUnresolvedReason(withParked(withRepeats(status, reader), reader), reader)),
  );

/** Commands and deadlines that were set aside, the newest first; empty where the role has never run. */
export const readSetAsideIn = (file: string, filter: SetAsideFilter, limit: number): ReadonlyArray<SetAsideEntry> =>
  readReactorsFile<ReadonlyArray<SetAsideEntry>>(file, [], (reader) => reader.setAside(filter, limit));

/** What passes within this many attempts was no fault to speak of. */
const MIN_ATTEMPTS = 3;

/** A group whose commands do not get through stands still, although it goes on reading. */
const withRepeats = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  if (status.state !== 'running') return status;
  const { repeats, reason } = reader.repeatedCommands(status.group, MIN_ATTEMPTS);
  if (repeats === 0) return status;
  return { ...status, state: 'retrying', reason: `${repeats} commands are sent again and again: ${reason ?? ''}` };
};

/** What is set aside needs an operator, although the group goes on reading. */
const withParked = (status: GroupStatus, reader: ReactorReader): GroupStatus => {
  const { parked, firstParked } = reader.pendingCounts(status.group);
  if (parked === 0 || status.reason !== null) return status;
  const reason =
    `${parked} commands or deadlines are set aside until a restart or a release (tidemark commands list); ` +
    `the first is ${firstParked?.id ?? '?'}: ${firstParked?.reason ?? ''}`;
  return { ...status, reason };
};
