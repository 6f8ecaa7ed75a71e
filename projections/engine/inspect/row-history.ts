/** What each event changed in a row, found by folding the row's events one by one. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { RecordedEvent, StoredEvent } from '../../../domain/kernel/recorded-event';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import {
  foldInto,
  inMemoryGeneration,
  type InMemoryGeneration,
  valueOf,
  type CodecColumn,
  type Cell,
} from '../tables/tables';
import { readerOf } from './find-row-events';

/** What one event did to the row. */
export interface RowStep {
  readonly event: StoredEvent;
  /** By column; every column where the event created the row, none where it only told what the row is joined with later. */
  readonly changes: Readonly<Record<string, { readonly from: unknown; readonly to: unknown }>>;
}

export interface RowHistory {
  /** The row folded from the events; undefined where they yield none. */
  readonly row: ReadonlyArray<Cell> | undefined;
  /** The last steps, oldest first. */
  readonly steps: ReadonlyArray<RowStep>;
  /** The tables in memory, with the detail rows of a rollup and the references of a join. */
  readonly generation: InMemoryGeneration;
}

export interface RowHistoryOptions {
  readonly store: Pick<EventFeed, 'readAll'>;
  readonly catalog: Catalog;
  readonly projection: Projection;
  /** The row of the view. */
  readonly key: ReadonlyArray<Cell>;
  /** The positions of its events, in order. */
  readonly positions: ReadonlyArray<number>;
  /** Whether the served rows include an event. */
  readonly isSeen: (event: StoredEvent) => boolean;
  /** Upper limit on the returned steps. */
  readonly maxSteps: number;
}

const EVENTS_PER_TICK = 200;

/** Folds the events of one row, yielding to the event loop in between; rejects with what `check` throws. */
export const rowHistory = async (
  options: RowHistoryOptions,
  check: () => void = () => undefined,
): Promise<RowHistory> => {
  const { store, catalog, projection, key, positions, isSeen, maxSteps } = options;
  const generation = inMemoryGeneration(projection);
  const read = readerOf(catalog, projection);
  const { columns } = generation.view.shape;
  const steps: RowStep[] = [];
  for (const [index, position] of positions.entries()) {
    if (index % EVENTS_PER_TICK === EVENTS_PER_TICK - 1) {
      await nextTick();
      check();
    }
    const [stored] = await store.readAll({ afterPosition: position - 1, limit: 1 });
    const event = stored === undefined || !isSeen(stored) ? undefined : read(stored);
    if (stored === undefined || event === undefined) continue;
    const before = generation.view.find(key);
    if (!isFolded(generation, event)) continue;
    steps.push({ event: stored, changes: changesOf(columns, before, generation.view.find(key)) });
    if (steps.length > maxSteps) steps.shift();
  }
  return { row: generation.view.find(key), steps, generation };
};

/** Folds one event; returns false where a row cannot hold the result: the group has dead-lettered that event. */
const isFolded = (generation: InMemoryGeneration, event: RecordedEvent): boolean => {
  try {
    const fold = foldInto(generation);
    fold.handle(event);
    fold.finish();
    return true;
  } catch {
    return false;
  }
};

const changesOf = (
  columns: ReadonlyArray<CodecColumn>,
  before: ReadonlyArray<Cell> | undefined,
  after: ReadonlyArray<Cell> | undefined,
): RowStep['changes'] => {
  if (before === undefined && after === undefined) return {};
  const changed = columns.flatMap((column, index) => {
    const from = before?.[index] ?? null;
    const to = after?.[index] ?? null;
    if (before !== undefined && from === to) return [];
    return [[column.name, { from: valueOf(column, from), to: valueOf(column, to) }] as const];
  });
  return Object.fromEntries(changed);
};
