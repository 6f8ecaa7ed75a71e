/**
 * Finds the rows that an event would have changed, without changing them: they are stale while the event is dead-lettered
 * or parked. Where the projection fails, the payload may contain the row's key; otherwise earlier events of the stream may.
 */
import type { Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, type RecordedEvent } from '../../../domain/kernel/recorded-event';
import {
  type EventHandler,
  readingOf,
  rawEvent,
  type StoreFactsWithStreams,
} from '../../../infra/consumption/intake/intake';
import type { Projection, Upsert } from '../../projection';
import { detailRow, foldInto, type Generation, type StoredTable, keyCells, viewRow } from '../tables/tables';

/** Upper limit on the earlier events of a stream that are searched for rows. */
const MAX_EARLIER_EVENTS = 100;

/** Returns a function that makes the finder for a generation. */
export const affectedRows = (catalog: Catalog, store: () => Pick<StoreFactsWithStreams, 'readStream'>) => {
  const { asFarAsRead } = readingOf(catalog);

  /** The rows that the latest earlier event of the stream with any changes. */
  const rowsBefore = (
    projection: Projection,
    { stream, version }: RecordedEvent,
  ): ReadonlyArray<Upsert> | undefined => {
    const afterVersion = Math.max(0, version - 1 - MAX_EARLIER_EVENTS);
    const earlier = store().readStream(stream, { afterVersion, limit: version - 1 - afterVersion });
    for (const event of [...earlier].reverse()) {
      const changes = changesBy(projection, asFarAsRead(rawEvent(event))) ?? [];
      // That event was applied, or is parked itself.
      if (changes.length > 0) return changes.map(({ key }) => ({ key }));
    }
    return undefined;
  };

  return (generation: Generation): EventHandler['rowsOf'] => {
    const { projection } = generation;
    return (event) => {
      const changes = changesBy(projection, event) ?? rowsBefore(projection, event) ?? ownRow(projection, event);
      return rowsChanged(generation, event, changes);
    };
  };
};

/** The changes that the event makes, or a change with only the key; undefined where neither is known. */
const changesBy = (projection: Projection, event: RecordedEvent): ReadonlyArray<Upsert> | undefined => {
  const names = keyColumns(projection);
  const isKey = (key: Upsert['key']): boolean =>
    names.every((name) => typeof key[name] === 'string' || typeof key[name] === 'number');
  try {
    const changes = projection.project(event);
    if (changes.every(({ key }) => isKey(key))) return changes;
  } catch {
    // The error may be the reason why the event is dead-lettered.
  }
  const { data } = event;
  const fields = typeof data === 'object' && data !== null ? (data as Upsert['key']) : {};
  return isKey(fields) ? [{ key: fields }] : undefined;
};

/** If the key is a single column, it is assumed to be the aggregate's id. */
const ownRow = (projection: Projection, { stream }: RecordedEvent): ReadonlyArray<Upsert> => {
  const [name, ...others] = keyColumns(projection);
  return name === undefined || others.length > 0 ? [] : [{ key: { [name]: aggregateIdOf(stream) } }];
};

/** The key columns of the table that events change. */
const keyColumns = ({ view, rollup }: Projection): ReadonlyArray<string> => Object.keys((rollup?.memory ?? view).key);

const rowsChanged = (
  generation: Generation,
  event: RecordedEvent,
  changes: ReadonlyArray<Upsert>,
): ReadonlyArray<string> => {
  const { projection, view, memory } = generation;
  if (memory === undefined) return changes.map(({ key }) => viewRow(keyCells(view.shape, key)));
  const rows = changes.map(({ key }) => detailRow(keyCells(memory.shape, key)));
  const fold = foldInto(
    {
      ...generation,
      projection: { ...projection, project: () => changes },
      view: unwritten(view),
      memory: unwritten(memory),
    },
    () => (_row, key) => rows.push(viewRow(keyCells(view.shape, key))),
  );
  try {
    fold.handle(event);
    fold.finish();
  } catch {
    // The rows of the view that the detail row contributes to remain unknown.
  }
  return rows;
};

const unwritten = (table: StoredTable): StoredTable => ({
  ...table,
  write: () => undefined,
  remove: () => undefined,
});
