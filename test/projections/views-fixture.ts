/** The views' operations on a temporary file, fed with events from a store or with records of a log. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { Readable } from 'node:stream';
import { join } from 'node:path';
import { application } from '../../projections/fulfilment/application';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { StoredEvent } from '../../domain/kernel/recorded-event';
import type { OperationRequest } from '../../infra/commands/operation-requests';
import { cloudEventEncoder, destinationOf, type EncodedEvent } from '../../infra/kafka/cloud-events';
import type { LogRecord } from '../../infra/kafka/event-log';
import type { OutcomeCounts, TimedCounts } from '../../infra/consumption/status/status';
import type { StoreFacts } from '../../infra/consumption/intake/store-facts';
import { feedOf } from '../support/reader-feed';
import { recordHeaders } from '../../infra/kafka/record-headers';
import type { Database } from '../../infra/sqlite/database';
import { storedAttributesOf } from '../../infra/event-store/event-feed';
import type { EventReader } from '../../infra/sqlite/event-feed';
import type { LeaseLost } from '../../infra/sqlite/lease';
import { openLeasedDatabase, type LeasedDatabase } from '../../infra/sqlite/leased-database';
import { importEvents } from '../../infra/archive/import-events';
import { tablesOf } from '../../projections/engine/tables/tables';
import { packBatch, type OpenMove } from '../../projections/engine/apply/packed-batch';
import type { ViewsOperations } from '../../projections/engine/writer-thread/operations';
import { viewsMigrations } from '../../projections/engine/generations/schema';
import { viewsFile } from '../../projections/engine/store/views-file';
import { viewsClient, type ViewsClient } from '../../projections/engine/writer-thread/client';
import { viewsWriter } from '../../projections/engine/writer-thread/group-operations';
import type { Projection } from '../../projections/projection';
import { schemaVersionOf } from '../support/schema-version';
import { ownClock } from '../support/test-clock';

const { catalog: declaredCatalog, projections: declaredProjections } = application;

const root = mkdtempSync(join(tmpdir(), 'tidemark-views-'));
process.on('exit', () => {
  rmSync(root, { recursive: true, force: true });
});

/** A folder that is removed when the test file ends. */
export const temporaryFolder = (): string => mkdtempSync(join(root, 'folder-'));

/** The id of the log in the tests' checkpoints. */
export const LOG_ID = 'kafka:test';

export interface Views {
  readonly database: Database;
  readonly operations: ViewsOperations;
  /** The operations as another thread would call them. */
  readonly client: ViewsClient;
  /** The events and requests of the store: a test may add to both. */
  readonly stored: StoredEvent[];
  readonly requests: OperationRequest[];
  readonly close: () => Promise<void>;
}

export interface ViewsOptions {
  readonly file?: string;
  readonly catalog?: Catalog;
  readonly projections?: ReadonlyArray<Projection>;
  readonly stored?: ReadonlyArray<StoredEvent>;
  readonly requests?: ReadonlyArray<OperationRequest>;
  readonly leaseTtlMs?: number;
  /** The facts that the store returns about its events, where they differ from the events. */
  readonly eventAt?: StoreFacts['eventAt'];
  readonly onLost?: (reason: LeaseLost) => void;
}

/** Opens the file (in memory where none is named), prepares the projections and begins every partition at offset 0. */
export const openViews = async (options: ViewsOptions = {}): Promise<Views> => {
  const { catalog = declaredCatalog, projections = declaredProjections } = options;
  const leased = await openLeased(options);
  const stored = [...(options.stored ?? [])];
  const requests = [...(options.requests ?? [])];
  const { eventAt } = options;
  const store = { ...storeOf(stored, requests), ...(eventAt === undefined ? {} : { eventAt }) };
  const openStore = async () => Promise.resolve(feedOf(store));
  const file = viewsFile(leased, projections, ownClock);
  const operations = viewsWriter({ file, catalog, projections, clock: ownClock, openStore });
  await operations.prepare({});
  const checkpoints = catalog.aggregates.flatMap(({ topic }) =>
    Array.from({ length: topic.partitions }, (_, partition) => ({
      topic: topic.name,
      partition,
      logId: LOG_ID,
      nextOffset: 0,
      highWaterPosition: 0,
    })),
  );
  for (const { name } of projections) await operations.begin({ consumer: name, checkpoints });
  // As across threads: every input goes to the operation of its name.
  const client = viewsClient(
    (name, input) =>
      new Promise((resolve) => {
        resolve(operations[name](input as never) as never);
      }),
  );
  return { database: leased.database, operations, client, stored, requests, close: async () => operations.close({}) };
};

const openLeased = (options: ViewsOptions): Promise<LeasedDatabase> =>
  openLeasedDatabase({
    file: options.file ?? ':memory:',
    synchronous: 'NORMAL',
    migrations: viewsMigrations,
    clock: ownClock,
    ttlMs: options.leaseTtlMs ?? 60_000,
    onLost:
      options.onLost ??
      ((reason) => {
        throw reason;
      }),
  });

/** The id of the store in the tests' records. */
export const STORE_ID = '5f0e9d5e-7a7c-4c59-9a3c-000000000001';

/** Events that were sent as records, the latest at each position: every store in memory knows them. */
const recorded = new Map<number, StoredEvent>();

/** A store of these events and requests, in memory; more may be added to both. */
export const storeOf = (
  stored: ReadonlyArray<StoredEvent>,
  requests: ReadonlyArray<OperationRequest>,
): EventReader => ({
  readAll: ({ afterPosition, limit }) => stored.filter(({ position }) => position > afterPosition).slice(0, limit),
  readStream: (stream, { afterVersion, limit }) =>
    stored.filter((event) => event.stream === stream && event.version > afterVersion).slice(0, limit),
  readCorrelated: (ids, { afterPosition, untilPosition }) =>
    stored.filter(
      ({ correlationId, position }) =>
        ids.includes(correlationId) && position > afterPosition && position <= untilPosition,
    ),
  eachIdentity: ({ afterPosition, untilPosition }, visit) =>
    stored.filter(({ position }) => position > afterPosition && position <= untilPosition).forEach(visit),
  lastPosition: () => stored.at(-1)?.position ?? 0,
  positionOf: (id) => stored.find((event) => event.id === id)?.position,
  identity: { storeId: STORE_ID, unnamedUntilPosition: 0, requestFloor: 0 },
  isInPlace: () => true,
  inSnapshot: (work) => work(),
  eventAt: (position) => {
    const event = stored.find((each) => each.position === position) ?? recorded.get(position);
    return event === undefined ? undefined : storedAttributesOf(event);
  },
  watch: () => ({ dataVersion: () => 1 }),
  reactorToken: () => '',
  operationRequestsAfter: (id) => requests.filter((request) => request.id > id),
  operationRequestsBefore: (id) => requests.filter((request) => request.id < id).reverse(),
  close: () => undefined,
});

/** The facts of such a store, for tests without one. */
export const recordedFacts: StoreFacts = {
  identity: { storeId: STORE_ID, unnamedUntilPosition: 0, requestFloor: 0 },
  lastPosition: () => Math.max(0, ...recorded.keys()),
  eventAt: (position) => {
    const event = recorded.get(position);
    return event === undefined ? undefined : storedAttributesOf(event);
  },
};

// -------------------------------------------------------------------------------------
// Events and records
// -------------------------------------------------------------------------------------

/** An event of a stream, in short form for tests. */
export type Told = readonly [stream: string, type: string, data: object];

/** The store's events for a list of short forms, in order. */
export const storedOf = (story: ReadonlyArray<Told>): ReadonlyArray<StoredEvent> => {
  const versions = new Map<string, number>();
  return story.map(([stream, type, data], index) => {
    const version = (versions.get(stream) ?? 0) + 1;
    versions.set(stream, version);
    return {
      id: `${stream}@${version}`,
      stream,
      version,
      position: index + 1,
      type,
      schemaVersion: schemaVersionOf(type, data),
      recordedAt: '2018-03-01T12:30:45.678Z',
      correlationId: 'correlation',
      causationId: 'cause',
      actor: 'tester',
      payload: JSON.stringify(data),
    };
  });
};

/** The partition of an event, and its record without the offset. */
export const encoded = (event: StoredEvent, catalog: Catalog = declaredCatalog): EncodedEvent =>
  cloudEventEncoder({ catalog, mode: 'structured', schemaBaseUrl: 'urn:test', storeId: STORE_ID })(event);

/** A store file that holds these events, with the store id of the tests' records. */
export const fillStore = async (file: string, events: ReadonlyArray<StoredEvent>, catalog?: Catalog): Promise<void> => {
  const lines = Readable.from(events.map((event) => encoded(event, catalog).value)) as AsyncIterable<string>;
  await importEvents({
    file,
    lines,
    clock: ownClock,
    leaseTtlMs: 5_000,
    keepStoreId: true,
    onProgress: () => undefined,
    check: { acceptIncomplete: true, allowUnknown: true, unknownOf: () => undefined },
  });
};

/** The record of an event at an offset. */
export const recordAt = (event: StoredEvent, offset: number, catalog?: Catalog): LogRecord => {
  recorded.set(event.position, event);
  const { topic, partition, key, value, headers } = encoded(event, catalog);
  return {
    topic,
    partition,
    offset,
    key: Buffer.from(key),
    value: Buffer.from(value),
    headers: recordHeaders(headers),
    timestampMs: Date.parse(event.recordedAt),
  };
};

/** The log of the events: the records of each partition, with offsets from 0. */
export const logOf = (events: ReadonlyArray<StoredEvent>, catalog?: Catalog): ReadonlyArray<LogRecord> => {
  const ends = new Map<string, number>();
  return events.map((event) => {
    const { topic, partition } = destinationOf(catalog ?? declaredCatalog)(event.stream);
    const offset = ends.get(`${topic}/${partition}`) ?? 0;
    ends.set(`${topic}/${partition}`, offset + 1);
    return recordAt(event, offset, catalog);
  });
};

/** The moves of a batch whose checkpoints were all right before the first record. */
export const movesOf = (records: ReadonlyArray<LogRecord>): ReadonlyArray<OpenMove> => {
  const moves = new Map<string, OpenMove>();
  for (const { topic, partition, offset } of records) {
    const key = `${topic}/${partition}`;
    const fromOffset = moves.get(key)?.fromOffset ?? offset;
    moves.set(key, { topic, partition, logId: LOG_ID, nextOffset: offset + 1, fromLogId: LOG_ID, fromOffset });
  }
  return [...moves.values()];
};

/** The records of the topics that a projection reads. */
export const readBy = (
  { handles }: Projection,
  records: ReadonlyArray<LogRecord>,
  catalog: Catalog = declaredCatalog,
): ReadonlyArray<LogRecord> =>
  records.filter(({ topic }) => handles.some(({ type }) => catalog.byTopic(topic)?.events.has(type) === true));

/** Applies records to a projection in one batch. */
export const deliver = async (
  { operations }: Pick<Views, 'operations'>,
  projection: string,
  records: ReadonlyArray<LogRecord>,
): Promise<OutcomeCounts> => countsOf(await deliverBatch(operations, projection, records));

/** What became of the events of a batch, apart from how long that took. */
export const countsOf = ({ durationMs, ...counts }: TimedCounts): OutcomeCounts => {
  if (durationMs === undefined || durationMs < 0) throw new Error(`the handler took ${durationMs} ms`);
  return counts;
};

const deliverBatch = async (operations: ViewsOperations, projection: string, records: ReadonlyArray<LogRecord>) =>
  operations.apply({ projection, batch: packBatch({ records, moves: movesOf(records) }) });

/** Raises a group's high-water position in every partition. */
export const advanceHighWater = async (
  { operations }: Pick<Views, 'operations'>,
  consumer: string,
  position: number,
): Promise<void> => {
  const marks = (await operations.checkpoints({ consumer })).map((each) => ({ ...each, highWaterPosition: position }));
  await operations.advanceHighWater({ consumer, marks });
};

/** Every row of a generation, in key order. */
export const rowsOf = (database: Database, projection: string, generation = 1): ReadonlyArray<unknown> =>
  database.prepare(`SELECT * FROM "${projection}#${generation}"`).all();

/** Every row of every table of a generation. */
export const allRowsOf = (database: Database, projection: Projection, generation = 1): ReadonlyArray<unknown> =>
  tablesOf(projection, generation).flatMap(({ name }) => database.prepare(`SELECT * FROM "${name}"`).all());
