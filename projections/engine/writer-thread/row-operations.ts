/** The operations on single rows: which events made them, and writing one again. */
import type { Projection } from '../../projection';
import { differenceCauses, rowEvents, seenBy, type RowAddress, type RowEvents, rowHistory } from '../inspect/inspect';
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
} from '../tables/tables';
import { type OpenRebuild, rowKeyOf } from '../generations/generations';
import type { ViewsOperations } from './operations';
import type { WriterContext } from './context';

/** Makes them. */
export const rowOperations = (parts: WriterContext) => {
  const searches = new Map<number, RowEvents>();
  return {
    explainDifferences: async ({ id }) => {
      const differences = parts.rebuilds.differencesOf(id);
      if (differences === null || differences.rows.every(({ events }) => events !== null)) return;
      const projection = projectionOf(parts, rebuildOf(parts, id));
      const source = { store: parts.store(), catalog: parts.options.catalog, projection };
      const explained = await differenceCauses(source, differences);
      parts.write(() => parts.rebuilds.noteDifferences(id, explained));
    },
    findRowEvents: async ({ id }) => {
      const rebuild = rebuildOf(parts, id);
      const projection = projectionOf(parts, rebuild);
      const search = searchFor(parts, projection, [{ table: 'view', key: keyOf(projection, rebuild) }]);
      searches.set(id, search);
      const last = parts.store().lastPosition();
      await search.searchTo(last);
      return last;
    },
    writeRow: async ({ id, reason }) => {
      const rebuild = rebuildOf(parts, id);
      const search = searches.get(id);
      searches.delete(id);
      if (search === undefined) throw new Error(`the events of the rebuild ${id} were not looked for`);
      await search.searchTo(parts.store().lastPosition());
      const row = { table: 'view', key: keyOf(projectionOf(parts, rebuild), rebuild) } as const;
      parts.write(() => {
        if (parts.rebuilds.stateOf(id) !== 'running') throw new Error(`the rebuild ${id} is over`);
        const { before, after } = replaceRow(parts, rebuild, row, search.positionsOf(row));
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

/** A row of the proof: its values in the order of the columns. */
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
  { options, store }: WriterContext,
  projection: Projection,
  rows: ReadonlyArray<RowAddress>,
): RowEvents => rowEvents({ store: store(), catalog: options.catalog, projection, rows });

/** Writes what the events make of the row, in the caller's transaction. */
const replaceRow = (
  parts: WriterContext,
  rebuild: OpenRebuild,
  { key }: RowAddress,
  positions: ReadonlyArray<number>,
): { readonly before: ReadonlyArray<Cell> | null; readonly after: ReadonlyArray<Cell> | null } => {
  const projection = projectionOf(parts, rebuild);
  const live = parts.builds.live(projection.name);
  const before = live.view.find(key) ?? null;
  const { catalog } = parts.options;
  const isSeen = seenBy(parts.progressOf(projection.name), catalog);
  const history = rowHistory({
    store: parts.store(),
    catalog,
    projection,
    key,
    positions,
    isSeen,
    mostSteps: 0,
  });
  replaceMemory(live, history.generation, key);
  if (history.row === undefined) live.view.remove(key);
  else live.view.recomputeContribution(history.row);
  return { before, after: history.row ?? null };
};

/**
 * The rows behind a sum are made again too. Where one of them was wrong, it may have counted for another row of the view:
 * that one loses what it should never have had.
 */
const replaceMemory = (live: Generation, made: InMemoryGeneration, key: ReadonlyArray<Cell>): void => {
  if (live.memory === undefined || made.memory === undefined) return;
  const { memory } = live;
  const target = new Map(made.memory.all().map((row) => [keyText(row.slice(0, memory.shape.keyLength)), row]));
  // The fold takes a batch's rows as changed where something is applied to them: so the old rows are swapped for the new.
  const view = {
    ...live.view,
    // The row itself is written by the caller.
    write: (row: ReadonlyArray<Cell>) => {
      if (keyText(row.slice(0, live.view.shape.keyLength)) !== keyText(key)) live.view.recomputeContribution(row);
    },
    remove: (removed: ReadonlyArray<Cell>) => {
      if (keyText(removed) !== keyText(key)) live.view.remove(removed);
    },
  };
  for (const row of target.values())
    recomputeContribution({ ...live, view }, memory.find(row.slice(0, memory.shape.keyLength)), row);
  for (const row of target.values()) memory.recomputeContribution(row);
};

const recomputeContribution = (
  generation: Generation,
  before: ReadonlyArray<Cell> | undefined,
  after: ReadonlyArray<Cell>,
): void => {
  const { memory, projection } = generation;
  if (memory === undefined) return;
  // A build whose memory holds the old row, and an event that makes the new one of it.
  const heap = inMemoryTable(memory.shape);
  if (before !== undefined) heap.recomputeContribution(before);
  const { columns, keyLength } = memory.shape;
  const key = rowFrom(columns.slice(0, keyLength), after);
  const set = rowFrom(columns.slice(keyLength), after.slice(keyLength));
  const fold = foldInto({ ...generation, memory: heap, projection: { ...projection, project: () => [{ key, set }] } });
  // The projection above looks at no event.
  fold.apply(undefined as never);
  fold.write();
};
