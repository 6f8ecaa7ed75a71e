/** The operations on single rows: finding the events that changed them, and rebuilding one. */
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection, Row } from '../../projection';
import {
  differenceCauses,
  rowEvents,
  seenBy,
  type RowAddress,
  type RowEvents,
  rowHistory,
  type RowHistory,
} from '../inspect/inspect';
import {
  foldInto,
  type Generation,
  inMemoryTable,
  keyText,
  type InMemoryGeneration,
  rowFrom,
  valuesFrom,
  shapeOf,
  type Cell,
  type StoredTable,
  type TableShape,
} from '../tables/tables';
import { type OpenRebuild, rowKeyOf } from '../generations/generations';
import type { ViewsOperations } from './operations';
import type { WriterContext } from './context';

/** Makes the operations. */
export const rowOperations = (parts: WriterContext) => {
  const searches = new Map<number, RowEvents>();
  return {
    explainDifferences: async ({ id }) => {
      const differences = parts.rebuilds.differencesOf(id);
      if (differences === null || differences.rows.every(({ events }) => events !== null)) return;
      const projection = projectionOf(parts, rebuildOf(parts, id));
      const source = { store: await parts.store(), catalog: parts.options.catalog, projection };
      const explained = await differenceCauses(source, differences);
      parts.write(() => parts.rebuilds.noteDifferences(id, explained));
    },
    findRowEvents: async ({ id }) => {
      const rebuild = rebuildOf(parts, id);
      const projection = projectionOf(parts, rebuild);
      const search = searchFor(parts, await parts.store(), projection, [
        { table: 'view', key: keyOf(projection, rebuild) },
      ]);
      searches.set(id, search);
      const last = await (await parts.store()).lastPosition();
      await search.searchTo(last);
      return last;
    },
    writeRow: async ({ id, reason }) => {
      const rebuild = rebuildOf(parts, id);
      const search = searches.get(id);
      searches.delete(id);
      if (search === undefined) throw new Error(`the events of the rebuild ${id} have not been searched for`);
      await search.searchTo(await (await parts.store()).lastPosition());
      const row = { table: 'view', key: keyOf(projectionOf(parts, rebuild), rebuild) } as const;
      const made = await rowAsMade(parts, rebuild, row, search.positionsOf(row));
      parts.write(() => {
        if (parts.rebuilds.stateOf(id) !== 'running') throw new Error(`the rebuild ${id} is over`);
        const { before, after } = replaceRow(parts, rebuild, row, made);
        const proof = {
          events: search.positionsOf(row).length,
          before: shownRow(parts, rebuild, before),
          after: shownRow(parts, rebuild, after),
          equal: keyOrNone(before) === keyOrNone(after),
        };
        parts.rebuilds.end(id, 'done', reason, proof);
      });
    },
  } satisfies Partial<ViewsOperations>;
};

/** A row in the proof: its values in column order. */
const shownRow = (
  parts: WriterContext,
  rebuild: OpenRebuild,
  cells: ReadonlyArray<Cell> | null,
): ReadonlyArray<unknown> | null =>
  cells === null ? null : valuesFrom(shapeOf(projectionOf(parts, rebuild).view).columns, cells);

const keyOrNone = (row: ReadonlyArray<Cell> | null): string => (row === null ? '' : keyText(row));

const rebuildOf = ({ rebuilds }: WriterContext, id: number): OpenRebuild => {
  const rebuild = rebuilds.find(id);
  if (rebuild === undefined) throw new Error(`there is no rebuild ${id}`);
  return rebuild;
};

const projectionOf = ({ options }: WriterContext, { projection }: OpenRebuild): Projection => {
  const found = options.projections.find(({ name }) => name === projection);
  if (found === undefined) throw new Error(`no projection is called '${projection}'`);
  return found;
};

const keyOf = (projection: Projection, { key }: OpenRebuild): ReadonlyArray<Cell> => rowKeyOf(projection, key);

const searchFor = (
  { options }: WriterContext,
  store: EventFeed,
  projection: Projection,
  rows: ReadonlyArray<RowAddress>,
): RowEvents => rowEvents({ store, catalog: options.catalog, projection, rows });

/** A row folded from the events that the group has applied. */
interface MadeRow {
  readonly history: RowHistory;
  /** For each event whether the group had applied it. */
  readonly seen: ReadonlyMap<SeenEvent, boolean>;
}

type SeenEvent = Pick<StoredEvent, 'id' | 'stream' | 'position'>;

const seenNow = (parts: WriterContext, projection: Projection): ((event: SeenEvent) => boolean) =>
  seenBy(parts.progressOf(projection.name), parts.options.catalog);

/** Folds the events before the transaction that writes the row, because a transaction cannot wait for the store. */
const rowAsMade = async (
  parts: WriterContext,
  rebuild: OpenRebuild,
  { key }: RowAddress,
  positions: ReadonlyArray<number>,
): Promise<MadeRow> => {
  const projection = projectionOf(parts, rebuild);
  const isSeenNow = seenNow(parts, projection);
  const seen = new Map<SeenEvent, boolean>();
  const isSeen = ({ id, stream, position }: StoredEvent): boolean => {
    const event = { id, stream, position };
    const isSeenByGroup = isSeenNow(event);
    seen.set(event, isSeenByGroup);
    return isSeenByGroup;
  };
  const { catalog } = parts.options;
  const store = await parts.store();
  return { history: await rowHistory({ store, catalog, projection, key, positions, isSeen, maxSteps: 0 }), seen };
};

/** Writes the folded row. Call inside a transaction. */
const replaceRow = (
  parts: WriterContext,
  rebuild: OpenRebuild,
  { key }: RowAddress,
  { history, seen }: MadeRow,
): { readonly before: ReadonlyArray<Cell> | null; readonly after: ReadonlyArray<Cell> | null } => {
  const projection = projectionOf(parts, rebuild);
  const live = parts.generations.live(projection.name);
  const before = live.view.find(key) ?? null;
  const isSeen = seenNow(parts, projection);
  for (const [event, wasSeen] of seen) {
    if (isSeen(event) !== wasSeen)
      throw new Error(`${event.id} was applied or dead-lettered meanwhile: the rebuild of the row is retried`);
  }
  replaceDetailRows(live, history.generation, key);
  replaceReferences(live, history);
  if (history.row === undefined) live.view.remove(key);
  else live.view.write(history.row);
  replaceTombstone(live.view, history.generation.view, key);
  return { before, after: history.row ?? null };
};

/**
 * Replaces the detail rows behind a sum too. A wrong one may have contributed to another row of the view, from which its
 * contribution is subtracted.
 */
const replaceDetailRows = (live: Generation, made: InMemoryGeneration, key: ReadonlyArray<Cell>): void => {
  if (live.memory === undefined || made.memory === undefined) return;
  const { memory } = live;
  const target = new Map(made.memory.all().map((row) => [keyText(row.slice(0, memory.shape.keyLength)), row]));
  // A fold subtracts the old contribution of a changed detail row and adds the new one; so each row is replaced by a fold.
  const view = {
    ...live.view,
    // The row itself is written by the caller.
    write: (row: ReadonlyArray<Cell>) => {
      if (keyText(row.slice(0, live.view.shape.keyLength)) !== keyText(key)) live.view.write(row);
    },
    remove: (removed: ReadonlyArray<Cell>) => {
      if (keyText(removed) !== keyText(key)) live.view.remove(removed);
    },
  };
  for (const row of target.values())
    recomputeContribution({ ...live, view }, memory.find(row.slice(0, memory.shape.keyLength)), row);
  for (const row of target.values()) memory.write(row);
};

/** Replaces the rows of the references that the row is joined with, and with them every other row that they are joined with. */
const replaceReferences = (live: Generation, { row, generation: made }: RowHistory): void => {
  const { projection, view, references } = live;
  if (row === undefined) return;
  for (const [name, { on }] of Object.entries(projection.references ?? {})) {
    const table = references.get(name);
    const key = on.map((column) => row[view.shape.indexOf.get(column) ?? 0] ?? null);
    if (table === undefined || key.includes(null)) continue;
    const found = made.references.get(name)?.find(key);
    // A fold of this one change joins the other rows again. Versions are not compared: the row replaces whatever is there.
    const change = found === undefined ? { remove: true as const } : { set: restOf(table.shape, found) };
    const unguarded = { ...table, tombstones: undefined };
    const fold = foldInto({
      ...live,
      references: new Map([...references, [name, unguarded]]),
      projection: { ...projection, project: () => [{ in: name, key: keyOfCells(table.shape, key), ...change }] },
    });
    // The projection above ignores the event.
    fold.handle(undefined as never);
    fold.finish();
    replaceTombstone(table, made.references.get(name), key);
  }
};

const replaceTombstone = (
  { tombstones }: StoredTable,
  made: StoredTable | undefined,
  key: ReadonlyArray<Cell>,
): void => {
  const found = made?.tombstones?.find(key);
  if (found === undefined) tombstones?.remove(key);
  else tombstones?.write(found);
};

const keyOfCells = ({ columns, keyLength }: TableShape, cells: ReadonlyArray<Cell>): Row =>
  rowFrom(columns.slice(0, keyLength), cells);

const restOf = ({ columns, keyLength }: TableShape, cells: ReadonlyArray<Cell>): Row =>
  rowFrom(columns.slice(keyLength), cells.slice(keyLength));

const recomputeContribution = (
  generation: Generation,
  before: ReadonlyArray<Cell> | undefined,
  after: ReadonlyArray<Cell>,
): void => {
  const { memory, projection } = generation;
  if (memory === undefined) return;
  // A generation whose detail table holds the old row, and a projection that turns it into the new one.
  const details = inMemoryTable(memory.shape);
  if (before !== undefined) details.write(before);
  const key = keyOfCells(memory.shape, after);
  const set = restOf(memory.shape, after);
  const fold = foldInto({
    ...generation,
    memory: details,
    projection: { ...projection, project: () => [{ key, set }] },
  });
  // The projection above ignores the event.
  fold.handle(undefined as never);
  fold.finish();
};
