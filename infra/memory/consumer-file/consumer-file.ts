/** A consumer's file in memory: what its contract is held against beside SQLite, and what tests may stand on. */
import type { Clock } from '../../clock';
import { LeaseLost } from '../../lease-lost';
import type { GroupStatus } from '../../consumption/status/status';
import type { ConsumerFile, Transaction } from '../../dead-letters/redrive/redrive';
import type { ProcessRows } from '../../reactors/processes/processes';
import { memoryCheckpoints, memoryOffsetMoves } from './checkpoints';
import { memoryDefects, memoryLetters, memoryParked } from './dead-letters';
import { memoryProcesses } from './processes';
import { memoryQuarantine } from './quarantine';
import { memoryBreakers, memoryCopies, memoryRedrives, memoryRequests } from './requests';
import { emptyTables, restore, snapshotOf } from './tables';

export interface InMemoryConsumerFile extends ConsumerFile {
  readonly processes: ProcessRows;
  readonly statuses: () => ReadonlyArray<GroupStatus>;
  /** As if another process had taken the file over: nothing more is written. */
  readonly takeOver: () => void;
}

/** An empty file. */
export const inMemoryConsumerFile = (clock: Clock): InMemoryConsumerFile => {
  const tables = emptyTables();
  let isLost = false;
  const savepoint: Transaction = (work) => {
    const before = snapshotOf(tables);
    try {
      return work();
    } catch (error) {
      restore(tables, before);
      throw error;
    }
  };
  return {
    checkpoints: memoryCheckpoints(tables),
    ...memoryOffsetMoves(tables, clock),
    writeStatus: (status) => void tables.statuses.set(status.group, status),
    quarantine: memoryQuarantine(tables, clock),
    letters: memoryLetters(tables),
    parked: memoryParked(tables),
    breakers: memoryBreakers(tables),
    redrives: memoryRedrives(tables),
    ...memoryRequests(tables),
    copies: memoryCopies(tables, clock),
    defects: memoryDefects(tables),
    savepoint,
    write: (work) => {
      if (isLost) throw new LeaseLost('another process took the file over');
      return savepoint(work);
    },
    processes: memoryProcesses(tables),
    statuses: () => [...tables.statuses.values()],
    takeOver: () => void (isLost = true),
  };
};
