/** Reads one served row of a view and the progress of its group, while the writer thread writes the file. */
import { existsSync } from 'node:fs';
import type { GroupStatus } from '../../../infra/consumption/status/status';
import type { ParkedRecord } from '../../../infra/dead-letters/query/query';
import { groupStatusReader, parkedUnder } from '../../../infra/sqlite/consumer-file/consumer-file';
import { openForReading, schemaVersion, type Database } from '../../../infra/sqlite/database';
import type { Projection } from '../../projection';
import { servedReader, viewsMigrations } from '../generations/generations';
import { quoted, quotedList, shapeOf, viewTable, type Cell } from '../tables/tables';
import { groupProgress, type GroupProgress } from './group-progress';

export interface RowReader {
  /** The row (undefined where it does not exist) and the group's progress, read in one transaction. */
  readonly snapshot: (
    projection: Projection,
    key: ReadonlyArray<Cell>,
  ) => { readonly row: ReadonlyArray<Cell> | undefined; readonly progress: GroupProgress };
  readonly statusOf: (group: string) => GroupStatus | undefined;
  /** The group's dead-lettered and parked events of some streams, oldest first. */
  readonly parkedUnder: (group: string, streams: ReadonlyArray<string>) => ReadonlyArray<ParkedRecord>;
  readonly close: () => void;
}

/** Undefined while there is no file with this program's schema. */
export const openRowReader = (viewsFile: string): RowReader | undefined => {
  if (!existsSync(viewsFile)) return undefined;
  const database = openForReading(viewsFile);
  if (schemaVersion(database) !== viewsMigrations.length) {
    database.close();
    return undefined;
  }
  return {
    snapshot: (projection, key) =>
      database.transaction(() => ({
        row: servedRow(database, projection, key),
        progress: groupProgress(database, projection.name),
      }))(),
    statusOf: (group) => groupStatusReader(database)().find((each) => each.group === group),
    parkedUnder: (group, streams) => parkedUnder(database, group, streams),
    close: () => void database.close(),
  };
};

const servedRow = (
  database: Database,
  { name, view }: Projection,
  key: ReadonlyArray<Cell>,
): ReadonlyArray<Cell> | undefined => {
  const generation = servedReader(database)(name)?.generation;
  if (generation === undefined) return undefined;
  const { columns, keyLength } = shapeOf(view);
  const names = columns.map((column) => column.name);
  const keys = names.slice(0, keyLength);
  return database
    .prepare<Cell[], Cell[]>(
      `SELECT ${quotedList(names)} FROM ${quoted(viewTable(name, generation))}
        WHERE (${quotedList(keys)}) = (${keys.map(() => '?').join(', ')})`,
    )
    .raw()
    .get(...key);
};
