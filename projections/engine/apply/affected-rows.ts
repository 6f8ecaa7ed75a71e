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
import type { Projection, Row, RowChange, Table } from '../../projection';
import {
  detailRow,
  foldInto,
  type Generation,
  type StoredTable,
  keyCells,
  referenceRow,
  viewRow,
} from '../tables/tables';

/** A row that an event would have changed. */
type AffectedRow = Pick<RowChange, 'in' | 'key'>;

/** Upper limit on the earlier events of a stream that are searched for rows. */
const MAX_EARLIER_EVENTS = 100;

/** Returns a function that makes the finder for a generation. */
export const affectedRows = (catalog: Catalog, store: () => Pick<StoreFactsWithStreams, 'readStream'>) => {
  const { asFarAsRead } = readingOf(catalog);

  /** The rows that the latest earlier event of the stream with any changes. */
  const rowsBefore = (
    projection: Projection,
    { stream, version }: RecordedEvent,
  ): ReadonlyArray<AffectedRow> | undefined => {
    const afterVersion = Math.max(0, version - 1 - MAX_EARLIER_EVENTS);
    const earlier = store().readStream(stream, { afterVersion, limit: version - 1 - afterVersion });
    for (const event of [...earlier].reverse()) {
      const changes = changesBy(projection, asFarAsRead(rawEvent(event))) ?? [];
      // That event was applied, or is parked itself.
      if (changes.length > 0) return changes.map(onlyKey);
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

const onlyKey = ({ in: reference, key }: AffectedRow): AffectedRow =>
  reference === undefined ? { key } : { in: reference, key };

/** The changes that the event makes, or a change with only the key; undefined where neither is known. */
const changesBy = (projection: Projection, event: RecordedEvent): ReadonlyArray<RowChange> | undefined => {
  try {
    const changes = projection.project(event);
    if (changes.every((change) => hasKey(tableOf(projection, change), change.key))) return changes;
  } catch {
    // The error may be the reason why the event is dead-lettered.
  }
  const { data } = event;
  const fields = typeof data === 'object' && data !== null ? (data as Row) : {};
  if (hasKey(tableOf(projection, {}), fields)) return [{ key: fields }];
  const reference = Object.entries(projection.references ?? {}).find(([, { table }]) => hasKey(table, fields));
  return reference === undefined ? undefined : [{ in: reference[0], key: fields }];
};

const hasKey = (table: Table | undefined, key: Row): boolean =>
  table !== undefined &&
  Object.keys(table.key).every((name) => typeof key[name] === 'string' || typeof key[name] === 'number');

/** If the key is a single column, it is assumed to be the aggregate's id. */
const ownRow = (projection: Projection, { stream }: RecordedEvent): ReadonlyArray<AffectedRow> => {
  const [name, ...others] = Object.keys(tableOf(projection, {})?.key ?? {});
  return name === undefined || others.length > 0 ? [] : [{ key: { [name]: aggregateIdOf(stream) } }];
};

/** The table that a change belongs to. */
const tableOf = (
  { view, rollup, references }: Projection,
  { in: reference }: Pick<RowChange, 'in'>,
): Table | undefined => (reference === undefined ? (rollup?.memory ?? view) : references?.[reference]?.table);

const rowsChanged = (
  generation: Generation,
  event: RecordedEvent,
  changes: ReadonlyArray<RowChange>,
): ReadonlyArray<string> => {
  const { memory } = generation;
  return memory === undefined
    ? changes.flatMap((change) => rowsJoined(generation, change))
    : rowsSummed(generation, memory, event, changes);
};

/** The row itself, and every row of the view that is joined with it. */
const rowsJoined = (
  { projection, view, references }: Generation,
  { in: name, key }: AffectedRow,
): ReadonlyArray<string> => {
  const reference = name === undefined ? undefined : references.get(name);
  const on = name === undefined ? undefined : projection.references?.[name]?.on;
  if (name === undefined || reference === undefined || on === undefined) return [viewRow(keyCells(view.shape, key))];
  const cells = keyCells(reference.shape, key);
  const joined = [...view.rowsBy(on, cells)].map((row) => viewRow(row.slice(0, view.shape.keyLength)));
  return [referenceRow(name, cells), ...joined];
};

const rowsSummed = (
  generation: Generation,
  memory: StoredTable,
  event: RecordedEvent,
  changes: ReadonlyArray<RowChange>,
): ReadonlyArray<string> => {
  const { projection, view } = generation;
  const rows = changes.map(({ key }) => detailRow(keyCells(memory.shape, key)));
  const fold = foldInto(
    {
      ...generation,
      projection: { ...projection, project: () => changes },
      view: unwritten(view),
      memory: unwritten(memory),
    },
    () => (_source, key) => rows.push(viewRow(keyCells(view.shape, key))),
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
  tombstones: table.tombstones === undefined ? undefined : unwritten(table.tombstones),
});
