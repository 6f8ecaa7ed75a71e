/** The reactors' own file: a consumer's file with the state of the processes, which moves in the same transactions. */
import type { GroupStatus } from '../../consumption/status/status';
import type { UnresolvedReader } from '../../dead-letters/query/query';
import type { ConsumerFile } from '../../dead-letters/redrive/redrive';
import type { PendingCounts, ProcessRows } from './process-store';
import type { SetAside, SetAsideEntry, SetAsideFilter } from './set-aside';

/** As its one writer uses it. */
export interface ReactorsFile extends ConsumerFile {
  readonly processes: ProcessRows;
  readonly setAside: SetAside;
  /** Binds the file to a store where it belongs to none; returns the store that it belongs to. Inside a transaction. */
  readonly bindToStore: (storeId: string) => string;
}

/** As any process reads it. */
export interface ReactorReader extends UnresolvedReader {
  readonly groups: () => ReadonlyArray<GroupStatus>;
  readonly pendingCounts: (process: string) => PendingCounts;
  /** Commands that have been sent in vain so often, with what stands against the oldest. */
  readonly repeatedCommands: (
    process: string,
    minAttempts: number,
  ) => { readonly repeats: number; readonly reason: string | undefined };
  /** The newest first. */
  readonly setAside: (filter: SetAsideFilter, limit: number) => ReadonlyArray<SetAsideEntry>;
}
