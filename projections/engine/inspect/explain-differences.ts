/** Rows that differ, with the events that made them. */
import type { Projection } from '../../projection';
import type { Differences, RowDifference } from '../../view-reader';
import { cellFrom, shapeOf } from '../tables/tables';
import { rowEvents, type RowAddress, type RowEventsOptions } from './find-row-events';

/** So many events are named of each row; they are all counted. */
const NAMED_EVENTS = 20;

/** Looks the events up: at every event of the store, in turns. */
export const differenceCauses = async (
  source: Omit<RowEventsOptions, 'rows'>,
  { count, rows }: Differences,
): Promise<Differences> => {
  const { store, projection } = source;
  const addresses = rows.map((row) => addressOf(projection, row));
  const search = rowEvents({ ...source, rows: addresses });
  await search.searchTo(store.lastPosition());
  const idAt = (position: number): ReadonlyArray<string> =>
    store.readAll({ afterPosition: position - 1, limit: 1 }).map(({ id }) => id);
  return {
    count,
    rows: rows.map((row, index) => {
      const address = addresses[index];
      const positions = address === undefined ? [] : search.positionsOf(address);
      return { ...row, events: positions.slice(-NAMED_EVENTS).flatMap(idAt), eventCount: positions.length };
    }),
  };
};

/** The row's own cells name it: its key as a text may be read in more than one way. */
const addressOf = (projection: Projection, { table, before, after }: RowDifference): RowAddress => {
  const shape = shapeOf(table === 'view' ? projection.view : (projection.rollup?.memory ?? projection.view));
  const row = before ?? after ?? {};
  const key = shape.columns.slice(0, shape.keyLength).map((column) => cellFrom(column, row[column.name]));
  return { table, key };
};
