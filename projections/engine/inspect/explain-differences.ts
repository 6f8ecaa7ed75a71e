/** Adds to differing rows the events that changed them. */
import { eventId } from '../../../domain/kernel/recorded-event';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import type { Differences, RowDifference } from '../../view-reader';
import { cellFrom, ownerRole, shapeOf, tablesOf } from '../tables/tables';
import { rowEvents, type RowAddress, type RowEventsOptions } from './find-row-events';

/** The parts of the store that are needed. */
type ExplanationStore = Pick<EventFeed, 'readAll' | 'lastPosition' | 'attributesAt'>;

/** Upper limit on the events that are listed for each row; all are counted. */
const MAX_LISTED_EVENTS = 20;

/** Looks the events up by reading every event of the store, yielding to the event loop in between. */
export const differenceCauses = async (
  source: Omit<RowEventsOptions, 'rows' | 'store'> & { readonly store: ExplanationStore },
  { count, rows }: Differences,
): Promise<Differences> => {
  const { store, projection } = source;
  const addresses = rows.map((row) => addressOf(projection, row));
  const search = rowEvents({ ...source, rows: addresses });
  await search.searchTo(await store.lastPosition());
  const idsAt = async (positions: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
    const found = await store.attributesAt(positions);
    return positions.flatMap((position) => {
      const attributes = found.get(position);
      return attributes === undefined ? [] : [eventId(attributes[0], attributes[1])];
    });
  };
  const explained: RowDifference[] = [];
  for (const [index, row] of rows.entries()) {
    const address = addresses[index];
    const positions = address === undefined ? [] : search.positionsOf(address);
    const events = await idsAt(positions.slice(-MAX_LISTED_EVENTS));
    explained.push({ ...row, events, eventCount: positions.length });
  }
  return { count, rows: explained };
};

/** The key comes from the row's cells, because the key as a text can be ambiguous. */
const addressOf = (projection: Projection, { table, before, after }: RowDifference): RowAddress => {
  const shape = tablesOf(projection, 0).find(({ role }) => role === table)?.shape ?? shapeOf(projection.view);
  const row = before ?? after ?? {};
  const key = shape.columns.slice(0, shape.keyLength).map((column) => cellFrom(column, row[column.name]));
  return { table: ownerRole(table), key };
};
