/** How the process managers stand, read from any process: their groups, and what was set aside. */
import { existsSync } from 'node:fs';
import { groupStatusReader, type GroupStatus } from '../consumption/status/status';
import { withUnresolvedReason } from '../dead-letters/query/query';
import { openForReading, schemaVersion, type Database } from '../sqlite/database';
import { pendingCounts, repeatedCommands } from './process-ledger';
import { reactorsMigrations } from './reactors-file';
import { readSetAside, type SetAsideEntry, type SetAsideFilter } from './set-aside';

const inFile = <Result>(file: string, otherwise: Result, read: (database: Database) => Result): Result => {
  if (!existsSync(file)) return otherwise;
  const database = openForReading(file);
  try {
    return schemaVersion(database) < reactorsMigrations.length ? otherwise : read(database);
  } finally {
    database.close();
  }
};

/** How the process managers' groups stand; empty where the role has never run. */
export const readReactorGroups = (file: string): ReadonlyArray<GroupStatus> =>
  inFile<ReadonlyArray<GroupStatus>>(file, [], (database) =>
    groupStatusReader(database)().map((status) =>
      withUnresolvedReason(withParked(withRepeats(status, database), database), database),
    ),
  );

/** Commands and deadlines that were set aside, the newest first; empty where the role has never run. */
export const readSetAsideIn = (file: string, filter: SetAsideFilter, limit: number): ReadonlyArray<SetAsideEntry> =>
  inFile<ReadonlyArray<SetAsideEntry>>(file, [], (database) => readSetAside(database, filter, limit));

/** What passes within this many attempts was no fault to speak of. */
const MIN_ATTEMPTS = 3;

/** A group whose commands do not get through stands still, although it goes on reading. */
const withRepeats = (status: GroupStatus, database: Database): GroupStatus => {
  if (status.state !== 'running') return status;
  const { repeats, reason } = repeatedCommands(database, status.group, MIN_ATTEMPTS);
  if (repeats === 0) return status;
  return { ...status, state: 'retrying', reason: `${repeats} commands are sent again and again: ${reason ?? ''}` };
};

/** What is set aside needs an operator, although the group goes on reading. */
const withParked = (status: GroupStatus, database: Database): GroupStatus => {
  const { parked, firstParked } = pendingCounts(database, status.group);
  if (parked === 0 || status.reason !== null) return status;
  const reason =
    `${parked} commands or deadlines are set aside until a restart or a release (tidemark commands list); ` +
    `the first is ${firstParked?.id ?? '?'}: ${firstParked?.reason ?? ''}`;
  return { ...status, reason };
};
