/**
 * The rows that an event would have changed, found without changing them: what lacks something while the event waits. Where
 * the projection can't say it, the payload may name the row; and where that does not, the events before it in its stream.
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

/** How far back a stream is asked which rows it is about. */
const MAX_EARLIER_EVENTS = 100;

/** Makes the finder for any build. */
export const affectedRows = (catalog: Catalog, store: () => Pick<StoreFactsWithStreams, 'readStream'>) => {
  const { asFarAsRead } = readingOf(catalog);

  /** The rows that the stream has come by so far, by the latest event that names any. */
  const rowsBefore = (
    projection: Projection,
    { stream, version }: RecordedEvent,
  ): ReadonlyArray<Upsert> | undefined => {
    const afterVersion = Math.max(0, version - 1 - MAX_EARLIER_EVENTS);
    const earlier = store().readStream(stream, { afterVersion, limit: version - 1 - afterVersion });
    for (const event of [...earlier].reverse()) {
      const changes = changesBy(projection, asFarAsRead(rawEvent(event))) ?? [];
      // It was applied, or waits itself.
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

/** Undefined where nothing can be told. */
const changesBy = (projection: Projection, event: RecordedEvent): ReadonlyArray<Upsert> | undefined => {
  const names = keyColumns(projection);
  const isKey = (key: Upsert['key']): boolean =>
    names.every((name) => typeof key[name] === 'string' || typeof key[name] === 'number');
  try {
    const changes = projection.project(event);
    if (changes.every(({ key }) => isKey(key))) return changes;
  } catch {
    // That may be why it waits.
  }
  const { data } = event;
  const fields = typeof data === 'object' && data !== null ? (data as Upsert['key']) : {};
  return isKey(fields) ? [{ key: fields }] : undefined;
};

/** A row that is keyed by a single column is taken to be the aggregate's own. */
const ownRow = (projection: Projection, { stream }: RecordedEvent): ReadonlyArray<Upsert> => {
  const [name, ...others] = keyColumns(projection);
  return name === undefined || others.length > 0 ? [] : [{ key: { [name]: aggregateIdOf(stream) } }];
};

/** Of the table that events change. */
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
    // What the row counts for is what can't be told.
  }
  return rows;
};

const unwritten = (table: StoredTable): StoredTable => ({
  ...table,
  recomputeContribution: () => undefined,
  remove: () => undefined,
});
