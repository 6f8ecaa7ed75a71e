/** The relay's life: hold the lease, find out what Kafka has, publish, and begin again after every fault that may pass. */
import { backoffMs } from '../backoff';
import type { CloudEventsMode } from '../configuration';
import { cloudEventEncoder } from '../kafka/cloud-events';
import type { WriteVersions } from '../kafka/written-version';
import type { EventReader } from '../sqlite/event-reader';
import { beginAnew } from '../sqlite/begin-anew';
import { checkpointAndClose, isBusy } from '../sqlite/database';
import { FileReplaced } from '../sqlite/file-identity';
import { LeaseLost, type Lease } from '../sqlite/lease';
import { openLeasedDatabase } from '../sqlite/leased-database';
import { readPublishedEvents, type PublishedEvent } from './published-positions';
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
  /** Events to be published in an older version, until consumers are ready. */
  readonly writeVersions?: WriteVersions;
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
}

interface Running extends RelayOptions {
  readonly stopping: AbortSignal;
  readonly lease: Lease;
  readonly state: RelayFile;
  readonly reader: EventReader;
  readonly monitor: RelayMonitor;
}

/** Starts the relay; it waits by itself for the lease and for a broker. */
export const startRelay = (options: RelayOptions): Relay => {
  const stopping = new AbortController();
  const stopWithProgram = (): void => stopping.abort();
  options.signal.addEventListener('abort', stopWithProgram);
  const { clock, logger } = options;
  const done = beginAnew({ clock, logger, role: 'relay', stopping: stopping.signal }, () =>
    run(options, stopping),
  ).finally(() => options.signal.removeEventListener('abort', stopWithProgram));
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
    onFault: (reason) => options.logger.warn({ reason }, 'the relay waits for its file'),
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
  let reader: EventReader | undefined;
  try {
    reader = options.outbox();
    const state = relayFile(database, lease);
    const monitor = relayMonitor({ ...options, state, reader });
    await publishForever({ ...options, stopping: stopping.signal, lease, state, reader, monitor });
    if (lost === undefined) monitor.become('stopped', null);
    else throw lost;
  } finally {
    reader?.close();
    lease.release();
    checkpointAndClose(database);
  }
};

const publishForever = async (running: Running): Promise<void> => {
  const { stopping, monitor, clock, logger } = running;
  let attempts = 0;
  while (!stopping.aborted) {
    running.lease.assertInPlace();
    try {
      await session(running, () => (attempts = 0));
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      // The relay's own file, not the store's: that one is opened again by its reader.
      if (error instanceof FileReplaced) running.lease.assertInPlace();
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof RelayHalted || error instanceof Unpublishable) {
        await halt(running, reason);
        return;
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

const halt = async ({ monitor, logger, clock, stopping, lease }: Running, reason: string): Promise<void> => {
  logger.error({ reason }, 'the relay is halted');
  monitor.fail('halted');
  while (!stopping.aborted) {
    lease.assertInPlace();
    monitor.become('halted', reason);
    await clock.sleep(1_000, stopping);
  }
};

// -------------------------------------------------------------------------------------
// One session: from the look at Kafka to the first fault
// -------------------------------------------------------------------------------------

const session = async (running: Running, onProgress: () => void): Promise<void> => {
  const { log, monitor } = running;
  monitor.become('starting', null);
  const cursor = await settleTopics(running);
  const topics = running.state.topics();
  const published = await readPublishedEvents(log, topics, running.clock);
  refuseForeignLog(running.reader, published);
  const positions = new Map(published.map((each) => [`${each.topic}/${each.partition}`, each.position]));
  const publisher = await openPublisher({
    log,
    clock: running.clock,
    cursor,
    encode: cloudEventEncoder({ ...running, mode: running.cloudEventsMode }),
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
const settleTopics = async ({ log, catalog, state, acceptNewLog, logger, monitor }: Running): Promise<number> => {
  const declared = catalog.aggregates.map(({ topic }) => topic);
  const found = await log.ensureTopics(declared);
  monitor.topics(found);
  const decision = topicDecision({ declared, found, known: state.topics(), cursor: state.cursor(), acceptNewLog });
  if (decision._tag === 'Refuse') throw new RelayHalted(decision.reason);
  if (decision.note !== undefined) logger.info({ cursor: decision.cursor }, decision.note);
  state.saveTopics(found, decision.cursor);
  return decision.cursor;
};

/** What Kafka holds must be what the store says at that position: else they are not the same history. */
const refuseForeignLog = (reader: EventReader, published: ReadonlyArray<PublishedEvent>): void => {
  const last = reader.lastPosition();
  for (const { topic, partition, id, position } of published) {
    const place = `${topic}/${partition}`;
    if (position > last) {
      throw new RelayHalted(
        `${place} holds ${id} at position ${position}, but the store ends at ${last}: the store is older than the log (a ` +
          'restored backup?), and going on would give positions away twice. Restore the newest store, or start on fresh ' +
          'topics with KAFKA_TOPIC_PREFIX, with the views and reactors files moved away',
      );
    }
    const [stored] = reader.readAll({ afterPosition: position - 1, limit: 1 });
    if (stored?.id === id) continue;
    throw new RelayHalted(
      `${place} holds ${id} at position ${position}, where the store has ${stored?.id ?? 'nothing'}: the topics belong to ` +
        'another store. Start on topics of its own with KAFKA_TOPIC_PREFIX',
    );
  }
};

/** The outbox is looked at this often; the look costs two microseconds. */
const POLL_MS = 5;
const SAVE_INTERVAL_MS = 250;

const publish = async (running: Running, publisher: Publisher): Promise<void> => {
  const { reader, clock, stopping, lease, monitor } = running;
  let seenVersion = -1;
  let savedAtMs = clock.monotonicMs();
  while (!stopping.aborted) {
    const version = reader.dataVersion();
    // A holder that was frozen does not know yet whether it was replaced: it sends nothing until its lease is renewed.
    const mayHaveNews = version !== seenVersion && lease.isFresh();
    const hasMore = mayHaveNews && (await publisher.pass(stopping));
    if (mayHaveNews && !hasMore) seenVersion = version;
    if (clock.monotonicMs() - savedAtMs >= SAVE_INTERVAL_MS) {
      savedAtMs = clock.monotonicMs();
      lease.assertInPlace();
      saveWhatCanBe(running, publisher);
    }
    if (!hasMore) await wait(running, publisher);
  }
  await publisher.flush();
  saveWhatCanBe(running, publisher);
  monitor.become('stopped', null);
};

const wait = async ({ clock, stopping }: Running, publisher: Publisher): Promise<void> => {
  publisher.throwFailure();
  await clock.sleep(POLL_MS, stopping);
};

/** A cursor that lags behind is safe, for Kafka tells what it holds: a full disk or a locked file must not stop the relay. */
const saveWhatCanBe = (running: Running, publisher: Publisher): void => {
  try {
    saveProgress(running, publisher);
  } catch (error) {
    if (error instanceof LeaseLost || error instanceof FileReplaced) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    if (!isBusy(error)) running.logger.warn({ reason }, "the relay's cursor was not kept: it is tried again");
  }
};

const saveProgress = ({ state, monitor }: Running, publisher: Publisher): void => {
  const cursor = publisher.cursor();
  if (cursor !== state.cursor()) state.saveCursor(cursor);
  monitor.report(publisher.counts());
};
