/** The relay's life: hold the lease, find out what Kafka has, publish, and begin again after every fault that may pass. */
import { backoffMs } from '../backoff';
import type { CloudEventsMode } from '../configuration';
import { cloudEventEncoder } from '../kafka/cloud-events';
import { topicWatch, TopicsUnsafe, type TopicCheckIntervals, type TopicWatch } from '../kafka/topic-watch';
import type { WriteVersions } from '../kafka/written-version';
import type { EventReader } from '../sqlite/event-reader';
import { placeCheck } from '../consumption/place-check';
import { checkpointAndClose } from '../sqlite/database';
import { otherStoreReason, replacedReason } from '../sqlite/store-identity';
import { LeaseLost, type Lease } from '../sqlite/lease';
import { openLeasedDatabase } from '../sqlite/leased-database';
import { historyRefusal, type EndRecord, type HistoryCause } from './published-history';
import { highestPositions, readEndRecords } from './published-positions';
import { DeliveryFailed, openPublisher, Unpublishable, type Publisher } from './publisher';
import { relayFile, relayMigrations, type RelayFile } from './relay-file';
import { relayMonitor, type RelayMonitor } from './relay-monitor';
import { topicDecision } from './topic-check';
import type { RoleOptions } from '../role-options';

export interface RelayOptions extends RoleOptions {
  /** The relay's own file. */
  readonly file: string;
  /** Opens the store for reading. */
  readonly outbox: () => EventReader;
  readonly cloudEventsMode: CloudEventsMode;
  /** Where consumers find the schemas that `dataschema` names. */
  readonly schemaBaseUrl: string;
  /** What `source` says; absent: `/tidemark/<store id>/<category>`. */
  readonly eventSource?: string | undefined;
  /** Events to be published in an older version, until consumers are ready. */
  readonly writeVersions?: WriteVersions;
  /** How often the settings of the topics are looked at. */
  readonly topicChecks?: TopicCheckIntervals;
}

export interface Relay {
  /** Waits for delivery reports, saves the cursor, and lets the next relay in. */
  readonly stop: () => Promise<void>;
  /** Resolves after `stop`; rejects when another process has taken the relay over. */
  readonly done: Promise<void>;
}

/** Kafka and the store contradict each other: going on would hide it. */
class RelayHalted extends Error {
  override readonly name = 'RelayHalted';
  constructor(
    reason: string,
    readonly historyCause: HistoryCause | null = null,
  ) {
    super(reason);
  }
}

interface Running extends RelayOptions {
  readonly stopping: AbortSignal;
  readonly lease: Lease;
  readonly state: RelayFile;
  readonly reader: EventReader;
  readonly monitor: RelayMonitor;
  readonly watch: TopicWatch;
}

/** Starts the relay; it waits by itself for the lease and for a broker. */
export const startRelay = (options: RelayOptions): Relay => {
  const stopping = new AbortController();
  const stopWithProgram = (): void => stopping.abort();
  options.signal.addEventListener('abort', stopWithProgram);
  const done = run(options, stopping).finally(() => options.signal.removeEventListener('abort', stopWithProgram));
  // Whoever awaits `done` learns of it; without anybody it must not end the process.
  done.catch(() => undefined);
  return {
    stop: async () => {
      stopping.abort();
      await done.catch(() => undefined);
    },
    done,
  };
};

const run = async (options: RelayOptions, stopping: AbortController): Promise<void> => {
  let lost: LeaseLost | undefined;
  const opened = await openLeasedDatabase({
    file: options.file,
    synchronous: 'NORMAL',
    migrations: relayMigrations,
    clock: options.clock,
    ttlMs: options.leaseTtlMs,
    signal: stopping.signal,
    onWaiting: (owner) => options.logger.info({ owner }, 'another relay holds the lease: this one waits'),
    onLost: (reason) => {
      lost = reason;
      stopping.abort();
    },
  }).catch((error: unknown) => {
    if (stopping.signal.aborted) return undefined;
    throw error;
  });
  if (opened === undefined) return;
  const { database, lease } = opened;
  const reader = options.outbox();
  const state = relayFile(database, lease);
  const monitor = relayMonitor({ ...options, state, reader });
  const topics = options.catalog.aggregates.map(({ topic }) => topic);
  const watch = topicWatch({ ...options, topics, intervals: options.topicChecks, onWarning: monitor.warn });
  try {
    await publishForever({ ...options, stopping: stopping.signal, lease, state, reader, monitor, watch });
    if (lost === undefined) monitor.become('stopped', null);
    else throw lost;
  } finally {
    reader.close();
    lease.release();
    checkpointAndClose(database);
  }
};

const publishForever = async (running: Running): Promise<void> => {
  const { stopping, monitor, clock, logger } = running;
  let attempts = 0;
  // Once: between two attempts the relay stands where the first has left it, with its reason.
  monitor.become('starting', null);
  while (!stopping.aborted) {
    try {
      await session(running, () => (attempts = 0));
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof RelayHalted || error instanceof Unpublishable) {
        await halt(running, reason, error instanceof RelayHalted ? error.historyCause : null);
        return;
      }
      if (error instanceof TopicsUnsafe) {
        await haltUntilSafe(running, error);
        continue;
      }
      attempts += 1;
      const delayMs = backoffMs(clock, attempts);
      monitor.fail(error instanceof DeliveryFailed ? error.failureClass : 'unreachable');
      monitor.become('retrying', reason);
      logger.warn({ reason, delayMs }, 'the relay tries again');
      await clock.sleep(delayMs, stopping);
    }
  }
};

const halt = async (
  { monitor, logger, clock, stopping }: Running,
  reason: string,
  cause: HistoryCause | null,
): Promise<void> => {
  logger.error({ reason }, 'the relay is halted');
  monitor.fail('halted');
  while (!stopping.aborted) {
    monitor.become('halted', reason, cause);
    await clock.sleep(1_000, stopping);
  }
};

/** Until an operator has set the topics right: the next session looks again. */
const haltUntilSafe = async (
  { monitor, logger, watch, stopping }: Running,
  { message }: TopicsUnsafe,
): Promise<void> => {
  if (monitor.state() !== 'halted') {
    logger.error({ reason: message }, 'the relay is halted');
    monitor.fail('halted');
  }
  monitor.become('halted', message);
  await watch.pause(stopping);
};

// -------------------------------------------------------------------------------------
// One session: from the look at Kafka to the first fault
// -------------------------------------------------------------------------------------

const session = async (running: Running, onProgress: () => void): Promise<void> => {
  const { log, monitor } = running;
  refuseOtherStore(running);
  // Halted for its topics, it stays so until they are found to be right.
  if (monitor.state() !== 'halted') monitor.become('starting', null);
  const cursor = await settleTopics(running);
  const topics = running.state.topics();
  const check = placeCheck(running.catalog, () => running.reader);
  const records = await readEndRecords(log, topics, check, running.clock);
  refuseForeignLog(running, records);
  const positions = highestPositions(records);
  const publisher = await openPublisher({
    log,
    clock: running.clock,
    cursor,
    encode: cloudEventEncoder({
      ...running,
      mode: running.cloudEventsMode,
      storeId: running.reader.identity.storeId,
    }),
    publishedPosition: (topic, partition) => positions.get(`${topic}/${partition}`) ?? 0,
    readPage: running.reader.readAll,
  });
  monitor.become('running', null);
  onProgress();
  try {
    await publish(running, publisher);
  } finally {
    monitor.addCounts(publisher.counts());
    await publisher.close();
  }
};

/** Makes the topics, holds them against those that the cursor counts on, and answers where to go on. */
const settleTopics = async ({
  log,
  catalog,
  state,
  acceptNewLog,
  logger,
  monitor,
  watch,
}: Running): Promise<number> => {
  const declared = catalog.aggregates.map(({ topic }) => topic);
  const found = await log.ensureTopics(declared);
  monitor.topics(found);
  const decision = topicDecision({ declared, found, known: state.topics(), cursor: state.cursor(), acceptNewLog });
  if (decision._tag === 'Refuse') throw new RelayHalted(decision.reason);
  await watch.check();
  if (decision.note !== undefined) logger.info({ cursor: decision.cursor }, decision.note);
  state.saveTopics(found, decision.cursor);
  return decision.cursor;
};

/** What Kafka holds must be what the store says at that position: else they are not the same history. */
const refuseForeignLog = ({ reader, state, logger }: Running, records: ReadonlyArray<EndRecord>): void => {
  const { storeId } = reader.identity;
  const refused = historyRefusal({ storeId, lastPosition: reader.lastPosition(), cursor: state.cursor(), records });
  if (refused !== undefined) throw new RelayHalted(refused.reason, refused.cause);
  const passed = records.filter((record) => record.refused !== undefined);
  const [first] = passed;
  if (first !== undefined)
    logger.warn({ records: passed.length, first: first.id, reason: first.refused?.reason }, 'passed by in the log');
};

/** The relay's file has to be this store's, and behind it, as long as the relay runs. */
const refuseOtherStore = ({ reader, state, file }: Running): void => {
  const { storeId } = reader.identity;
  const bound = state.bindTo(storeId);
  if (bound !== storeId) throw new RelayHalted(otherStoreReason(file, bound, storeId), 'other-store');
  if (!reader.isInPlace()) throw new RelayHalted(replacedReason, 'store-behind');
  const refused = historyRefusal({ storeId, lastPosition: reader.lastPosition(), cursor: state.cursor(), records: [] });
  if (refused !== undefined) throw new RelayHalted(refused.reason, refused.cause);
};

/** The outbox is looked at this often; the look costs two microseconds. */
const POLL_MS = 5;
const SAVE_INTERVAL_MS = 250;

const publish = async (running: Running, publisher: Publisher): Promise<void> => {
  const { reader, clock, stopping, lease, monitor, watch } = running;
  let seenVersion = -1;
  let savedAtMs = clock.monotonicMs();
  while (!stopping.aborted) {
    watch.checkWhenDue();
    const version = reader.dataVersion();
    // A holder that was frozen does not know yet whether it was replaced: it sends nothing until its lease is renewed.
    const mayHaveNews = version !== seenVersion && lease.isFresh();
    const hasMore = mayHaveNews && (await publisher.pass(stopping));
    if (mayHaveNews && !hasMore) seenVersion = version;
    if (clock.monotonicMs() - savedAtMs >= SAVE_INTERVAL_MS) {
      savedAtMs = clock.monotonicMs();
      saveProgress(running, publisher);
      refuseOtherStore(running);
    }
    if (!hasMore) await wait(running, publisher);
  }
  await publisher.flush();
  saveProgress(running, publisher);
  monitor.become('stopped', null);
};

const wait = async ({ clock, stopping }: Running, publisher: Publisher): Promise<void> => {
  publisher.throwFailure();
  await clock.sleep(POLL_MS, stopping);
};

const saveProgress = ({ state, monitor }: Running, publisher: Publisher): void => {
  const cursor = publisher.cursor();
  if (cursor !== state.cursor()) state.saveCursor(cursor);
  monitor.report(publisher.counts());
};
