/** Why a row says what it says: its events, what each changed, and what else came of the same requests. */
import { setImmediate as nextTurn } from 'node:timers/promises';
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

/** An event as an explanation names it. */
export type NamedEvent = Pick<
  StoredEvent,
  'id' | 'position' | 'type' | 'recordedAt' | 'actor' | 'correlationId' | 'causationId'
>;

/** All that is known of a row. Plain JSON. */
export interface RowExplanation {
  readonly projection: string;
  readonly key: string;
  /** As it is served; null where it is not there. */
  readonly row: ViewRow | null;
  /** As the events make it that the group has seen. */
  readonly rowFromEvents: ViewRow | null;
  readonly agrees: boolean;
  readonly eventCount: number;
  /** The last events, oldest first, and what each changed. */
  readonly history: ReadonlyArray<NamedEvent & { readonly changes: RowStep['changes'] }>;
  /** By correlation: everything that followed from the same requests, across streams. */
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

/** Explains rows by their keys as they stand in a URL; undefined where neither a row nor an event stands behind one. */
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
      // What has come since the search began; then one snapshot of row and checkpoints.
      await search.searchTo(await store.lastPosition());
      const { row: servedCells, progress } = reader.snapshot(projection, cells);
      const isSeen = seenBy(progress, catalog);
      const positions = search.positionsOf({ table: 'view', key: cells });
      const fold = { store, catalog, projection, key: cells, positions, isSeen, mostSteps: MAX_STEPS };
      const history = await rowHistory(fold, check);
      if (servedCells === undefined && history.steps.length === 0) return undefined;
      return {
        projection: name,
        key,
        row: rowOf(shape, servedCells),
        rowFromEvents: rowOf(shape, history.row),
        agrees: keyText(servedCells ?? []) === keyText(history.row ?? []),
        eventCount: positions.length,
        history: history.steps.map(({ event, changes }) => ({ ...named(event), changes })),
        chains: await chainsOf(store, history.steps, check),
        deliveries: deliveriesOf(reader, name, await streamsAt(store, positions)),
      };
    } finally {
      reader.close();
    }
  };

const rowOf = ({ columns }: TableShape, cells: ReadonlyArray<Cell> | undefined): ViewRow | null =>
  cells === undefined ? null : rowFrom(columns, cells);

const named = ({ id, position, type, recordedAt, actor, correlationId, causationId }: StoredEvent): NamedEvent => ({
  id,
  position,
  type,
  recordedAt,
  actor,
  correlationId,
  causationId,
});

const EVENTS_PER_TURN = 5_000;

/** Everything that belongs to the last requests behind the row: no index knows it, so the store is gone through, in turns. */
const chainsOf = async (
  store: EventFeed,
  steps: ReadonlyArray<RowStep>,
  check: () => void,
): Promise<RowExplanation['chains']> => {
  const correlationIds = [...new Set(steps.map(({ event }) => event.correlationId))].slice(-MAX_CHAINS);
  const made = new Set(steps.map(({ event }) => event.id));
  const chains = new Map<string, ChainEvent[]>(correlationIds.map((id) => [id, []]));
  const last = await store.lastPosition();
  for (let position = 0; position < last; position += EVENTS_PER_TURN) {
    const range = { afterPosition: position, untilPosition: position + EVENTS_PER_TURN };
    for (const event of await store.readCorrelated(correlationIds, range)) {
      const chain = chains.get(event.correlationId);
      if (chain !== undefined && chain.length < MAX_CHAIN_EVENTS)
        chain.push({ ...named(event), madeRow: made.has(event.id) });
    }
    await nextTurn();
    check();
  }
  return [...chains].map(([correlationId, events]) => ({ correlationId, events }));
};

/** The streams of the last events behind the row, those that are set aside among them. */
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
