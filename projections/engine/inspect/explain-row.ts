/** Explains a row: its events, what each changed, and what else followed from the same requests. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { Catalog } from '../../../domain/kernel/aggregate';
import type { StoredEvent } from '../../../domain/kernel/recorded-event';
import type { ParkedRecord } from '../../../infra/dead-letters/query/query';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import type { Projection } from '../../projection';
import type { ViewRow } from '../../view-reader';
import { openRowReader, type RowReader } from '../store/store';
import { keyText, rowFrom, shapeOf, type Cell, type TableShape, cellsOfKey } from '../tables/tables';
import { rowEvents, seenBy } from './find-row-events';
import { rowHistory, type RowStep } from './row-history';

/** An event in an explanation. */
export type NamedEvent = Pick<
  StoredEvent,
  'id' | 'position' | 'type' | 'recordedAt' | 'actor' | 'correlationId' | 'causationId'
>;

/** Everything known about a row. Plain JSON. */
export interface RowExplanation {
  readonly projection: string;
  readonly key: string;
  /** The served row; null where it does not exist. */
  readonly row: ViewRow | null;
  /** The row folded from the events that the group has applied. */
  readonly rowFromEvents: ViewRow | null;
  readonly agrees: boolean;
  readonly eventCount: number;
  /** The last events, oldest first, and what each changed. */
  readonly history: ReadonlyArray<NamedEvent & { readonly changes: RowStep['changes'] }>;
  /** By correlation id: everything that followed from the same requests, across streams. */
  readonly chains: ReadonlyArray<{
    readonly correlationId: string;
    readonly events: ReadonlyArray<NamedEvent & { readonly madeRow: boolean }>;
  }>;
  readonly deliveries: {
    /** Of the whole group, since it started; null where it has never run. */
    readonly duplicates: number | null;
    readonly parked: ReadonlyArray<ParkedRecord>;
  };
}

export interface ExplanationOptions {
  readonly viewsFile: string;
  readonly store: EventFeed;
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
}

type ChainEvent = NamedEvent & { readonly madeRow: boolean };

const MAX_STEPS = 100;
const MAX_CHAINS = 10;
const MAX_CHAIN_EVENTS = 50;

/** Explains rows by their keys as in a URL; undefined where there is neither a row nor an event for the key. */
export const rowExplanations =
  ({ viewsFile, store, catalog, projections }: ExplanationOptions) =>
  async (name: string, key: string, signal?: AbortSignal): Promise<RowExplanation | undefined> => {
    const projection = projections.find((each) => each.name === name);
    if (projection === undefined) return undefined;
    const shape = shapeOf(projection.view);
    const cells = cellsOfKey(shape.columns.slice(0, shape.keyLength), key);
    if (cells === undefined) return undefined;
    const check = (): void => signal?.throwIfAborted();
    const search = rowEvents({ store, catalog, projection, rows: [{ table: 'view', key: cells }] });
    await search.searchTo(await store.lastPosition());
    const reader = openRowReader(viewsFile);
    if (reader === undefined) return undefined;
    try {
      // First the events recorded since the search began, then a snapshot of the row and the checkpoints.
      await search.searchTo(await store.lastPosition());
      const { row: servedCells, progress } = reader.snapshot(projection, cells);
      const isSeen = seenBy(progress, catalog);
      const positions = search.positionsOf({ table: 'view', key: cells });
      const fold = { store, catalog, projection, key: cells, positions, isSeen, maxSteps: MAX_STEPS };
      const history = await rowHistory(fold, check);
      if (servedCells === undefined && history.steps.length === 0) return undefined;
      return {
        projection: name,
        key,
        row: rowOf(shape, servedCells),
        rowFromEvents: rowOf(shape, history.row),
        agrees: keyText(servedCells ?? []) === keyText(history.row ?? []),
        eventCount: positions.length,
        history: history.steps.map(({ event, changes }) => ({ ...toNamedEvent(event), changes })),
        chains: await chainsOf(store, history.steps, check),
        deliveries: deliveriesOf(reader, name, await streamsAt(store, positions)),
      };
    } finally {
      reader.close();
    }
  };

const rowOf = ({ columns }: TableShape, cells: ReadonlyArray<Cell> | undefined): ViewRow | null =>
  cells === undefined ? null : rowFrom(columns, cells);

const toNamedEvent = ({
  id,
  position,
  type,
  recordedAt,
  actor,
  correlationId,
  causationId,
}: StoredEvent): NamedEvent => ({
  id,
  position,
  type,
  recordedAt,
  actor,
  correlationId,
  causationId,
});

const EVENTS_PER_TICK = 5_000;

/** Everything with the correlation ids of the row's last events. There is no index for it, so the whole store is read, in bounded ranges. */
const chainsOf = async (
  store: EventFeed,
  steps: ReadonlyArray<RowStep>,
  check: () => void,
): Promise<RowExplanation['chains']> => {
  const correlationIds = [...new Set(steps.map(({ event }) => event.correlationId))].slice(-MAX_CHAINS);
  const made = new Set(steps.map(({ event }) => event.id));
  const chains = new Map<string, ChainEvent[]>(correlationIds.map((id) => [id, []]));
  const last = await store.lastPosition();
  for (let position = 0; position < last; position += EVENTS_PER_TICK) {
    const range = { afterPosition: position, untilPosition: position + EVENTS_PER_TICK };
    for (const event of await store.readCorrelated(correlationIds, range)) {
      const chain = chains.get(event.correlationId);
      if (chain !== undefined && chain.length < MAX_CHAIN_EVENTS)
        chain.push({ ...toNamedEvent(event), madeRow: made.has(event.id) });
    }
    await nextTick();
    check();
  }
  return [...chains].map(([correlationId, events]) => ({ correlationId, events }));
};

/** The streams of the row's last events, including dead-lettered and parked ones. */
const streamsAt = async (store: EventFeed, positions: ReadonlyArray<number>): Promise<ReadonlyArray<string>> => {
  const latest = positions.slice(-MAX_STEPS);
  const found = await store.attributesAt(latest);
  const streams = latest.map((position) => found.get(position)?.[0]).filter((stream) => stream !== undefined);
  return [...new Set(streams)];
};

const deliveriesOf = (
  reader: RowReader,
  group: string,
  streams: ReadonlyArray<string>,
): RowExplanation['deliveries'] => ({
  duplicates: reader.statusOf(group)?.outcomes.duplicates ?? null,
  parked: reader.parkedUnder(group, streams),
});
