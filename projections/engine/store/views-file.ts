/** The views' file as its only writer uses it: a consumer's file with rebuilds, generations and their rows. */
import type { Clock } from '../../../infra/clock';
import type { ConsumerFile } from '../../../infra/dead-letters/redrive/redrive';
import { consumerFile } from '../../../infra/sqlite/consumer-file/consumer-file';
import { closeLeased, type LeasedDatabase } from '../../../infra/sqlite/leased-database';
import { bindToStore } from '../../../infra/sqlite/store-identity';
import type { Projection } from '../../projection';
import {
  type CandidateGenerations,
  projectionGenerations,
  rebuildRows,
  type RebuildRows,
  type ServedGenerations,
  receivedEventRows,
  type ReceivedEventRows,
  withReceivedEvents,
} from '../generations/generations';
import { type GenerationScan, scanGeneration, staleSums, type StaleSums } from '../tables/tables';
import { groupProgress, type GroupProgress } from './group-progress';

/** Call everything that writes inside a transaction. */
export interface ViewsFile extends ConsumerFile {
  readonly rebuilds: RebuildRows;
  readonly received: ReceivedEventRows;
  readonly generations: ServedGenerations & CandidateGenerations;
  readonly staleSums: StaleSums;
  readonly scan: (projection: Projection, generation: number) => GenerationScan;
  readonly progressOf: (group: string) => GroupProgress;
  /** Binds the file to a store unless it is bound already; returns the id of the store that it is bound to. */
  readonly bindToStore: (storeId: string) => string;
  /** Checkpoints the write-ahead log, closes the file, and releases its lease. */
  readonly close: () => void;
}

/** Prepares everything on a file that has the views' schema. */
export const viewsFile = (leased: LeasedDatabase, projections: ReadonlyArray<Projection>, clock: Clock): ViewsFile => {
  const { database } = leased;
  const file = consumerFile(leased, clock);
  const received = receivedEventRows(database);
  const checkpoints = withReceivedEvents(file.checkpoints, received);
  const rebuilds = rebuildRows(database, clock);
  return {
    ...file,
    checkpoints,
    rebuilds,
    received,
    generations: projectionGenerations(database, projections, rebuilds, checkpoints, clock),
    staleSums: staleSums(database),
    scan: (projection, generation) => scanGeneration(database, projection, generation),
    progressOf: (group) => groupProgress(database, group),
    bindToStore: (storeId) => bindToStore(database, storeId),
    close: () => closeLeased(leased),
  };
};
