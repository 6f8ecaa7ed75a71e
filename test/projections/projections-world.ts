/** A store, its relay and the projections role on a real broker, with sample events. */
import { openEventFeed } from '../../infra/sqlite/event-feed';
import { join } from 'node:path';
import { shippedApplicationFile } from '../../api/program/application';
import * as E from 'fp-ts/Either';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import { destinationOf } from '../../infra/kafka/cloud-events';
import { systemClock } from '../../infra/clock';
import { silentLogger } from '../../infra/logger';
import { openForReading } from '../../infra/sqlite/database';
import type { Role } from '../../infra/running/role';
import { startProjections, type ProjectionsOptions } from '../../projections/engine/role/role';
import { openViewReader } from '../../projections/engine/query/view-database-reader';
import type { Projection } from '../../projections/projection';
import { application } from '../../projections/fulfilment/application';
import type { RebuildStatus, ViewReader, ViewRow } from '../../projections/view-reader';
import { relayWorld, type RelayWorld } from '../infra/relay/relay-fixture';
import { eventually } from '../support/server';
import { openViews, rowsOf, temporaryFolder, type Told } from './views-fixture';
import { schemaVersionOf } from '../support/schema-version';

const { projections: declared } = application;

export interface ProjectionsWorld extends RelayWorld {
  /** The relay that runs from the start. */
  readonly relay: Role;
  readonly viewsFile: string;
  /** Appends the events in order, in one transaction. */
  readonly tell: (story: ReadonlyArray<Told>) => Promise<void>;
  readonly startRole: (options?: Partial<ProjectionsOptions>) => Promise<Role>;
  readonly reader: ViewReader;
  readonly stored: () => Promise<ReadonlyArray<StoredEvent>>;
  /** Waits until every group of these projections has applied the whole store. */
  readonly caughtUp: (projections?: ReadonlyArray<Projection>) => Promise<void>;
  /** Requests a rebuild and returns its id. */
  readonly ask: (projection: string, from: 'kafka' | 'store') => number;
  readonly ended: (rebuild: number, deadlineMs?: number) => Promise<RebuildStatus>;
  /** The tables of all generations in the views' file. */
  readonly tables: () => ReadonlyArray<string>;
  /** All rows of a view. */
  readonly shown: (view: string) => ReadonlyArray<ViewRow>;
  /** The expected rows of a view: the same events folded directly from the store into a separate file. */
  readonly expected: (projection: Projection) => Promise<ReadonlyArray<unknown>>;
}

/** Starts a new world whose relay runs. */
export const projectionsWorld = async (servers: string, prefix: string): Promise<ProjectionsWorld> => {
  const world = await relayWorld(servers, prefix);
  const viewsFile = join(temporaryFolder(), 'views.sqlite');
  const reader = openViewReader(viewsFile, declared, world.catalog);
  const roles: Role[] = [];
  const relay = world.start();

  const stored = async (): Promise<ReadonlyArray<StoredEvent>> => {
    const events = await world.store.readAll({ afterPosition: 0, limit: 1_000_000 })();
    if (E.isLeft(events)) throw new Error(events.left.reason);
    return events.right;
  };
  const statusOf = (id: number): RebuildStatus | undefined => reader.rebuild(id);

  return {
    ...world,
    relay,
    viewsFile,
    reader,
    stored,
    tell: async (story) => {
      for (const [stream, type, data] of story) {
        void world.store.append({
          streams: [
            { stream, expectedVersion: 'any', events: [{ type, schemaVersion: schemaVersionOf(type, data), data }] },
          ],
          metadata: { correlationId: 'c', causationId: 'd', actor: 'tester' },
        })();
      }
      // The queue is processed in order: waiting for the last request waits for all.
      const last = await world.store.append({
        streams: [],
        metadata: { correlationId: 'c', causationId: 'd', actor: 'tester' },
      })();
      if (E.isLeft(last)) throw new Error(last.left._tag);
    },
    startRole: (options = {}) => {
      const role = startProjections({
        log: world.log,
        catalog: world.catalog,
        clock: systemClock,
        logger: silentLogger,
        signal: new AbortController().signal,
        leaseTtlMs: 2_000,
        acceptNewLog: false,
        viewsFile,
        storeFile: world.storeFile,
        openStore: () => openEventFeed(world.storeFile),
        projections: declared,
        applicationFile: shippedApplicationFile,
        ...options,
      });
      roles.push(role);
      return Promise.resolve(role);
    },
    caughtUp: async (projections = declared) => {
      const events = await stored();
      const marks = marksOf(world, events);
      await eventually(`everything up to ${events.length} is seen`, async () =>
        Promise.resolve(projections.every(({ name }) => marks.every((mark) => reader.hasSeen(name, mark)))),
      );
    },
    ask: (projection, from) => {
      const body = JSON.stringify({ projection, from });
      return world.store.submit({ kind: 'rebuild', body, actor: 'tester' }).id;
    },
    ended: async (id, deadlineMs = 40_000) => {
      await eventually(
        `rebuild ${id} is over`,
        async () => Promise.resolve(['done', 'failed'].includes(statusOf(id)?.state ?? '')),
        deadlineMs,
      );
      const status = statusOf(id);
      if (status === undefined) throw new Error('it was there a moment ago');
      return status;
    },
    tables: () => tablesIn(viewsFile),
    shown: (view) => {
      const page = reader.list(view, { filters: {}, limit: 1_000_000 });
      if (E.isLeft(page)) throw new Error(page.left._tag);
      return page.right.items;
    },
    expected: async (projection) => expectedOf(projection, await stored()),
    close: async () => {
      for (const role of roles) await role.stop();
      reader.close();
      await world.close();
    },
  };
};

const tablesIn = (file: string): ReadonlyArray<string> => {
  const database = openForReading(file);
  try {
    return database
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name LIKE '%#%'")
      .pluck()
      .all();
  } finally {
    database.close();
  }
};

interface Mark {
  readonly topic: string;
  readonly partition: number;
  readonly position: number;
}

/** The last event of each partition. */
const marksOf = ({ catalog }: RelayWorld, events: ReadonlyArray<StoredEvent>): ReadonlyArray<Mark> => {
  const place = destinationOf(catalog);
  const marks = new Map<string, Mark>();
  for (const { stream, position } of events) {
    const { topic, partition } = place(stream);
    marks.set(`${topic}/${partition}`, { topic, partition, position });
  }
  return [...marks.values()];
};

const expectedOf = async (projection: Projection, events: ReadonlyArray<StoredEvent>) => {
  const views = await openViews({ projections: [projection], stored: events });
  for (let afterPosition = 0; afterPosition < events.length;) {
    const page = { projection: projection.name, afterPosition, untilPosition: events.length };
    afterPosition = (await views.operations.applyFromStore(page)).reachedPosition;
  }
  const rows = rowsOf(views.database, projection.name);
  await views.close();
  const json = Object.entries(projection.view.columns).filter(([, { type }]) => type === 'json');
  // As they are served.
  return (rows as ReadonlyArray<Record<string, unknown>>).map((row) => {
    const parsed = json.map(([name]) => [name, JSON.parse(String(row[name])) as unknown] as const);
    return { ...row, ...Object.fromEntries(parsed) };
  });
};

/** Events of the given number of orders: placed, some paid before that, some cancelled and refunded, and events of stock. */
export const ordersStory = (from: number, count: number): ReadonlyArray<Told> =>
  Array.from({ length: count }, (_, index) => orderStory(from + index)).flat();

const orderStory = (number: number): ReadonlyArray<Told> => {
  const orderId = `o${number}`;
  const sku = `s${number % 7}`;
  const day = `2018-03-${String(1 + (number % 9)).padStart(2, '0')}`;
  const facts = {
    orderId,
    customerId: `c${number % 11}`,
    currency: 'EUR',
    amount: 100 + number,
    placedAt: `${day}T10:00:00Z`,
  };
  const payment = { paymentId: orderId, orderId, currency: 'EUR', amount: 100 + number };
  const placed: Told = [
    `order-${orderId}`,
    'OrderPlaced',
    { ...facts, lines: [{ sku, quantity: 1, unitPrice: 100 + number, freight: 0 }] },
  ];
  const captured: Told = [`payment-${orderId}`, 'PaymentCaptured', { ...payment, capturedAt: `${day}T11:00:00Z` }];
  const received: Told = [
    `stock-${sku}`,
    'StockReceived',
    { sku, receiptId: orderId, quantity: 1 + (number % 3), receivedAt: `${day}T09:00:00Z` },
  ];
  const start = number % 2 === 0 ? [received, placed, captured] : [captured, received, placed];
  if (number % 5 !== 0) return start;
  return [
    ...start,
    [`order-${orderId}`, 'OrderCancelled', { ...facts, reason: 'a change of mind', cancelledAt: `${day}T12:00:00Z` }],
    [`payment-${orderId}`, 'PaymentRefunded', { ...payment, refundId: 'f1', refundedAt: `${day}T13:00:00Z` }],
  ];
};
