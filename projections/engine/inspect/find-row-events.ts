/** Finds the events that changed a row by reading every event of the store, yielding to the event loop in between. */
import { setImmediate as nextTick } from 'node:timers/promises';
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../../domain/kernel/aggregate';
import { decodeEvent } from '../../../domain/kernel/decode-event';
import { categoryOf, type RecordedEvent, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { destinationOf } from '../../../infra/kafka/cloud-events';
import { MAX_PAGE_BYTES, type EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import { joinFinder } from './find-joined-events';
import type { Finder, RowAddress } from './row-finder';
import { addPosition, addressText } from './row-finder';
import type { GroupProgress } from '../store/store';
import { foldInto, inMemoryGeneration, keyText, type Cell } from '../tables/tables';
import { byPartition } from '../../../infra/topic-partition';

export type { RowAddress } from './row-finder';

export interface RowEventsOptions {
  readonly store: Pick<EventFeed, 'readAll' | 'lastPosition'>;
  readonly catalog: Catalog;
  readonly projection: Projection;
  readonly rows: ReadonlyArray<RowAddress>;
}

/** A search that can be continued when the store has grown. */
export interface RowEvents {
  /** Reads every event up to a position that earlier calls have not read. */
  readonly searchTo: (position: number) => Promise<void>;
  /** The positions of the events found so far that changed the row, in order. */
  readonly positionsOf: (row: RowAddress) => ReadonlyArray<number>;
}

const EVENTS_PER_TICK = 1_000;

/** Starts a search before the first event. */
export const rowEvents = (options: RowEventsOptions): RowEvents => {
  const { store, projection } = options;
  const read = readerOf(options.catalog, projection);
  const finder = finderOf(options);
  let reached = 0;
  return {
    searchTo: async (position) => {
      while (reached < position) {
        const limit = Math.min(EVENTS_PER_TICK, position - reached);
        const page = await store.readAll({ afterPosition: reached, limit, maxBytes: MAX_PAGE_BYTES });
        for (const stored of page) {
          const event = read(stored);
          if (event !== undefined) finder.look(event);
        }
        reached = page.at(-1)?.position ?? position;
        await nextTick();
      }
    },
    positionsOf: finder.positionsOf,
  };
};

/** Decodes a stored event that the projection handles; undefined for any other, and for one that cannot be decoded. */
export const readerOf = (catalog: Catalog, projection: Projection) => {
  const decode = decodeEvent(catalog);
  const handled = new Set(projection.handles.map(({ type }) => type));
  return ({ payload, ...envelope }: StoredEvent): RecordedEvent | undefined => {
    const present = catalog.eventDefinition(envelope.type)?.type;
    if (present === undefined || !handled.has(present)) return undefined;
    const event = decode(envelope, JSON.parse(payload) as unknown);
    return E.isLeft(event) ? undefined : event.right;
  };
};

/** Whether a group has applied an event: its checkpoint is past the event, which is neither dead-lettered nor parked. */
export const seenBy = ({ checkpoints: all, passed }: GroupProgress, catalog: Catalog) => {
  const destination = destinationOf(catalog);
  const isPassed = ({ id, stream, position }: Pick<StoredEvent, 'id' | 'stream' | 'position'>): boolean =>
    position >= (passed.waiting.get(stream) ?? Infinity) || passed.discarded.has(id);
  const checkpoints = byPartition(all);
  return (event: Pick<StoredEvent, 'id' | 'stream' | 'position'>): boolean => {
    if (catalog.byCategory(categoryOf(event.stream)) === undefined) return false;
    const at = checkpoints.get(destination(event.stream));
    return event.position <= (at?.highWaterPosition ?? 0) && !isPassed(event);
  };
};

const finderOf = (options: RowEventsOptions): Finder => {
  if (options.projection.rollup !== undefined) return rollupFinder(options);
  return options.projection.references === undefined ? directFinder(options) : joinFinder(options);
};

const emptyFindings = (rows: ReadonlyArray<RowAddress>): Map<string, number[]> =>
  new Map(rows.map((row) => [addressText(row), []]));

const directFinder = ({ projection, rows }: RowEventsOptions): Finder => {
  const found = emptyFindings(rows);
  const names = Object.keys(projection.view.key);
  return {
    look: (event) => {
      for (const { key } of projection.project(event)) {
        const address = addressText({ table: 'view', key: names.map((name) => key[name] as Cell) });
        const positions = found.get(address);
        if (positions !== undefined) addPosition(positions, event.position);
      }
    },
    positionsOf: (row) => found.get(addressText(row)) ?? [],
  };
};

/**
 * An event changes a detail row, which contributes to a row of the view now or later. So the positions are kept for every
 * detail row, and each row of the view collects the detail rows that have ever contributed to it.
 */
const rollupFinder = ({ projection, rows }: RowEventsOptions): Finder => {
  const tables = inMemoryGeneration(projection);
  const positions = new Map<string, number[]>();
  const counting = new Map<string, Set<string>>(
    rows.filter(({ table }) => table === 'view').map(({ key }) => [keyText(key), new Set<string>()]),
  );
  let touched: string[] = [];
  let counted: string[] = [];
  const { memory } = tables;
  if (memory === undefined) throw new Error(`${projection.name} has no detail table`);
  const watched = {
    ...tables,
    memory: {
      ...memory,
      find: (key: ReadonlyArray<Cell>) => {
        touched.push(keyText(key));
        return memory.find(key);
      },
    },
    // Only which detail rows contribute to which row matters, not the sums.
    view: {
      ...tables.view,
      find: (key: ReadonlyArray<Cell>) => {
        counted.push(keyText(key));
        return undefined;
      },
      write: () => undefined,
      remove: () => undefined,
    },
  };
  return {
    look: (event) => {
      touched = [];
      counted = [];
      try {
        const fold = foldInto(watched);
        fold.handle(event);
        fold.finish();
      } catch {
        // A row cannot hold the result: the event is dead-lettered, and its rows are known by now.
      }
      for (const key of touched) {
        const known = positions.get(key);
        if (known === undefined) positions.set(key, [event.position]);
        else known.push(event.position);
        for (const view of counted) counting.get(view)?.add(key);
      }
    },
    positionsOf: ({ table, key }) => {
      if (table === 'memory') return positions.get(keyText(key)) ?? [];
      const all = [...(counting.get(keyText(key)) ?? [])].flatMap((each) => positions.get(each) ?? []);
      return [...new Set(all)].sort((left, right) => left - right);
    },
  };
};
