/** The dead letters of the whole program: of the views' file and of the reactors' file. */
import { deadLetterDirectory, type DeadLetterDirectory } from '../../infra/dead-letters/query/query';
import { deadLetterSource } from '../../infra/sqlite/consumer-file/consumer-file';
import { reactorsMigrations } from '../../infra/sqlite/process-store/process-store';
import { viewsMigrations } from '../../projections/engine/generations/generations';
import type { Projection } from '../../projections/projection';
import type { DataFiles } from './data-files';

export interface DeadLetterFilesOptions {
  readonly files: DataFiles;
  readonly projections: ReadonlyArray<Pick<Projection, 'name'>>;
  /** The names of the process managers. */
  readonly processes: ReadonlyArray<string>;
}

/** Reads a file when it is asked; one that is not there has no dead letters. */
export const deadLettersOf = ({ files, projections, processes }: DeadLetterFilesOptions): DeadLetterDirectory =>
  deadLetterDirectory([
    deadLetterSource({
      file: files.views,
      groups: projections.map(({ name }) => name),
      schemaVersion: viewsMigrations.length,
    }),
    deadLetterSource({ file: files.reactors, groups: processes, schemaVersion: reactorsMigrations.length }),
  ]);
