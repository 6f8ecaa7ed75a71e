/** Views that show and have seen exactly what a test says. */
import * as E from 'fp-ts/Either';
import { noCounts } from '../../infra/consumption/status/outcome-counts';
import type {
  GroupStatus,
  ProjectionStatus,
  RebuildStatus,
  ViewDescription,
  ViewReader,
  ViewRow,
} from '../../projections/view-reader';

export interface FakeViews extends ViewReader {
  readonly setRows: (view: string, rows: ReadonlyArray<ViewRow>) => void;
  /** From now on the view has applied every event of the partition up to the position. */
  readonly see: (view: string, topic: string, partition: number, position: number) => void;
  /** From this position on nothing of the stream is applied. */
  readonly quarantine: (view: string, stream: string, fromPosition: number) => void;
  readonly setRebuild: (status: RebuildStatus) => void;
  /** How often anybody asked whether an event was seen. */
  readonly looks: () => number;
  /** Every further look throws. */
  readonly breakDown: () => void;
}

const orderSummary: ViewDescription = {
  name: 'order-summary',
  version: 1,
  meaning: 'One row an order.',
  key: ['orderId'],
  columns: [
    { name: 'orderId', type: 'text', nullable: false, meaning: 'The order.' },
    { name: 'status', type: 'text', nullable: false, meaning: 'How it stands.' },
    { name: 'amount', type: 'integer', nullable: true, meaning: 'What it costs, in minor units.' },
    { name: 'lines', type: 'json', nullable: false, meaning: 'What was ordered.' },
  ],
  indexes: [],
  topics: ['orders', 'payments'],
};

const salesByDay: ViewDescription = {
  name: 'sales-by-day',
  version: 2,
  meaning: 'One row a day and currency.',
  key: ['day', 'currency'],
  columns: [
    { name: 'day', type: 'text', nullable: false, meaning: 'The day, UTC.' },
    { name: 'currency', type: 'text', nullable: false, meaning: 'The currency.' },
    { name: 'ordersPlaced', type: 'integer', nullable: false, meaning: 'How many orders were placed.' },
  ],
  indexes: [],
  topics: ['orders'],
};

export const group: GroupStatus = {
  group: 'projections',
  state: 'running',
  reason: null,
  lag: 0,
  outcomes: { ...noCounts(), applied: 1, retries: 0 },
  partitions: [
    {
      topic: 'orders',
      partition: 0,
      nextOffset: 1,
      highWaterPosition: 1,
      logEndOffset: 1,
      lag: 0,
      state: 'running',
      reason: null,
    },
  ],
  since: '2024-01-01T00:00:00.000Z',
  updatedAt: '2024-01-01T00:00:00.000Z',
};

const projection: ProjectionStatus = {
  name: 'order-summary',
  version: 1,
  generation: 2,
  rows: 0,
  rebuild: null,
  former: { version: 1, generation: 1 },
  copies: [{ name: 'friday', version: 1, until: '7', untilPosition: 7, madeAt: '2024-01-01T00:00:00.000Z' }],
};

export const fakeViews = (): FakeViews => {
  const views = [orderSummary, salesByDay];
  const rows = new Map<string, ReadonlyArray<ViewRow>>();
  const seen = new Map<string, number>();
  const quarantined = new Map<string, number>();
  const rebuilds = new Map<number, RebuildStatus>();
  let counter = 0;
  let looks = 0;
  let isBroken = false;

  const list: ViewReader['list'] = (name, { filters, limit, cursor }) => {
    const view = views.find((each) => each.name === name.split('@')[0]);
    const known = view?.columns.map((column) => column.name) ?? [];
    for (const filter of Object.keys(filters)) {
      if (!known.includes(filter)) return E.left({ _tag: 'UnknownFilter', name: filter, known });
      if (filter === 'amount' && !/^\d+$/.test(filters[filter] ?? ''))
        return E.left({ _tag: 'InvalidFilter', name: filter, reason: 'it is an integer' });
    }
    const from = cursor === undefined ? 0 : Number(cursor.replace(/^after-/, ''));
    if (!Number.isInteger(from)) return E.left({ _tag: 'InvalidCursor' });
    const all = (rows.get(name) ?? []).filter((row) =>
      Object.entries(filters).every(([column, value]) => String(row[column]) === value),
    );
    const items = all.slice(from, from + limit);
    return E.right({ items, ...(from + limit < all.length ? { nextCursor: `after-${from + limit}` } : {}) });
  };

  return {
    views,
    list,
    find: (name, key) => {
      const columns = views.find((view) => view.name === name.split('@')[0])?.key ?? [];
      return rows.get(name)?.find((row) => columns.map((column) => String(row[column])).join(':') === key);
    },
    hasSeen: (view, { topic, partition, position }) => {
      looks += 1;
      return (seen.get(`${view} ${topic} ${partition}`) ?? 0) >= position;
    },
    keysBehind: (view, stream) => (quarantined.has(`${view} ${stream}`) ? [stream.split('-')[1] ?? ''] : []),
    isQuarantined: (view, { stream, position }) => (quarantined.get(`${view} ${stream}`) ?? Infinity) <= position,
    projections: () => [projection],
    groups: () => [group],
    latestRebuilds: () => [...rebuilds.values()],
    rebuild: (id) => rebuilds.get(id),
    offsetRequest: (id) => (id === 99 ? { id, state: 'done', reason: null } : undefined),
    changeCounter: () => {
      if (isBroken) throw new Error('the views cannot be read: /secret/views.sqlite');
      return counter;
    },
    close: () => {},
    setRows: (view, next) => {
      rows.set(view, next);
      counter += 1;
    },
    see: (view, topic, partition, position) => {
      seen.set(`${view} ${topic} ${partition}`, position);
      counter += 1;
    },
    quarantine: (view, stream, fromPosition) => {
      quarantined.set(`${view} ${stream}`, fromPosition);
      counter += 1;
    },
    setRebuild: (status) => void rebuilds.set(status.id, status),
    looks: () => looks,
    breakDown: () => {
      isBroken = true;
    },
  };
};
