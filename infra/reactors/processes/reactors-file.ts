/** The reactors' own file: a consumer's file with the state of the processes, written in the same transactions. */
import type { GroupStatus } from '../../consumption/status/status';
import type { UnresolvedReader } from '../../dead-letters/query/query';
import type { ConsumerFile } from '../../dead-letters/redrive/redrive';
import type { EffectRows, RecordedEffectResult, StoredEffect } from './effect-rows';
import type { PendingCounts, ProcessRows } from './process-store';
import type { SetAside, SetAsideEntry, SetAsideFilter } from './set-aside';

/** The port of its one writer. */
export interface ReactorsFile extends ConsumerFile {
  readonly processes: ProcessRows;
  readonly setAside: SetAside;
  readonly effects: EffectRows;
  /** Binds the file to a store where it belongs to none; returns the store that it belongs to. Inside a transaction. */
  readonly bindToStore: (storeId: string) => string;
}

/** The queries of any process. */
export interface ReactorReader extends UnresolvedReader {
  readonly groups: () => ReadonlyArray<GroupStatus>;
  readonly pendingCounts: (process: string) => PendingCounts;
  /** The number of commands with at least `minAttempts` failed attempts, with the reason of the oldest. */
  readonly repeatedCommands: (
    process: string,
    minAttempts: number,
  ) => { readonly repeats: number; readonly reason: string | undefined };
  /** Undefined where it has never run. */
  readonly effect: (effect: string) => StoredEffect | undefined;
  /** The newest first. */
  readonly effectResults: (
    filter: { readonly effect: string; readonly key?: string },
    limit: number,
  ) => ReadonlyArray<RecordedEffectResult>;
  /** The newest first. */
  readonly setAside: (filter: SetAsideFilter, limit: number) => ReadonlyArray<SetAsideEntry>;
}
