/** The relay's life: hold the lease, find out what Kafka has, publish, and begin again after every fault that may pass. */
import { backoffMs } from '../backoff';
import { checkpointAndClose } from '../sqlite/database';
import { isAboutRecord } from '../kafka/record-failures';
import { beginAnew } from '../running/begin-anew';
import type { EventFeed } from '../event-store/event-feed';
import { FileReplaced } from '../sqlite/file-identity';
import { LeaseLost } from '../sqlite/lease';
import { openLeasedDatabase } from '../sqlite/leased-database';
import { topicWatch, TopicsUnsafe } from '../kafka/topic-watch';
import { DeliveryFailed } from './publisher';
import { relayFile, relayMigrations } from './relay-file';
import { relayHoles } from './relay-holes';
import { relayMonitor } from './relay-monitor';
import type { RelayContext, RelayOptions } from './relay-context';
import { RelayHalted, relaySession } from './relay-session';
import { recordSuspects } from './suspects';

export type { RelayOptions };

export interface Relay {
  /** Waits for delivery reports, saves the cursor, and lets the next relay in. */
  readonly stop: () => Promise<void>;
  /** Resolves after `stop`; rejects when another process has taken the relay over. */
  readonly done: Promise<void>;
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
  let reader: EventFeed | undefined;
  try {
    reader = await options.outbox();
    const state = relayFile(database, lease);
    const holes = relayHoles(database, lease, options.clock);
    const monitor = relayMonitor({ ...options, state, holes, reader });
    const suspects = recordSuspects();
    const topics = options.catalog.aggregates.map(({ topic }) => topic);
    const watch = topicWatch({ ...options, topics, intervals: options.topicChecks, onWarning: monitor.warn });
    const held = { lease, state, holes, reader, monitor, suspects, watch };
    await publishForever({ ...options, ...held, stopping: stopping.signal });
    if (lost === undefined) monitor.become('stopped', null);
    else throw lost;
  } finally {
    await reader?.close();
    lease.release();
    checkpointAndClose(database);
  }
};

const publishForever = async (running: RelayContext): Promise<void> => {
  const { stopping, monitor } = running;
  let attempts = 0;
  // Once: between two attempts the relay stands where the first has left it, with its reason.
  monitor.become('starting', null);
  while (!stopping.aborted) {
    running.lease.assertInPlace();
    try {
      await relaySession(running, () => (attempts = 0));
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      // The relay's own file, not the store's: that one is opened again by its reader.
      if (error instanceof FileReplaced) running.lease.assertInPlace();
      const reason = error instanceof Error ? error.message : String(error);
      if (error instanceof RelayHalted) {
        await halt(running, error);
        return;
      }
      if (error instanceof TopicsUnsafe) {
        await haltUntilSafe(running, error);
        continue;
      }
      if (error instanceof DeliveryFailed && (await isExplained(running, error))) continue;
      attempts += 1;
      monitor.fail(error instanceof DeliveryFailed ? error.failure.class : 'unreachable');
      monitor.become('retrying', reason);
      await pause(running, attempts, reason);
    }
  }
};

/** Says from time to time that it lives. */
const pause = async (running: RelayContext, attempts: number, reason: string): Promise<void> => {
  const { clock, logger, stopping, monitor } = running;
  const delayMs = backoffMs(clock, attempts);
  logger.warn({ reason, attempts, delayMs }, 'the relay tries again');
  await clock.sleep(delayMs, stopping);
  // What it says of the store is as of now, where that can be read.
  await monitor.look().catch(() => undefined);
  monitor.become('retrying', reason);
};

/**
 * A broker that refuses a record refuses the whole batch. So the records of that partition are sent one by one next time, and
 * the one that is refused alone blocks its partition; all others go on.
 */
const isExplained = async (
  { holes, suspects, logger, monitor, reader }: RelayContext,
  failed: DeliveryFailed,
): Promise<boolean> => {
  const { failure, alonePosition, lastPosition } = failed;
  const { record } = failure;
  if (record === undefined || !isAboutRecord(failure.class)) return false;
  monitor.fail(failure.class);
  if (record.sequence !== alonePosition) {
    logger.warn(
      { reason: failure.reason, topic: record.topic, partition: record.partition },
      'a batch was refused: looks which event it was',
    );
    suspects.suspect(record, lastPosition);
    monitor.become('retrying', `${failure.reason}: looks which event it is`);
    return true;
  }
  const [event] = await reader.readAll({ afterPosition: record.sequence - 1, limit: 1 });
  if (event === undefined) return false;
  const sizeBytes = Buffer.byteLength(event.payload);
  const reason = `${event.id} at position ${event.position}, a payload of ${sizeBytes} bytes, is refused: ${failure.reason}`;
  logger.error(
    { eventId: event.id, topic: record.topic, partition: record.partition, reason },
    'an event blocks its partition',
  );
  holes.block(record, event, reason);
  suspects.clear(record);
  return true;
};

const halt = async (
  { monitor, logger, clock, stopping, lease }: RelayContext,
  { message: reason, historyCause: cause }: RelayHalted,
): Promise<void> => {
  logger.error({ reason }, 'the relay is halted');
  monitor.fail('halted');
  while (!stopping.aborted) {
    lease.assertInPlace();
    monitor.become('halted', reason, cause);
    await clock.sleep(1_000, stopping);
  }
};

/** Until an operator has set the topics right: the next session looks again. */
const haltUntilSafe = async (
  { monitor, logger, watch, stopping }: RelayContext,
  { message }: TopicsUnsafe,
): Promise<void> => {
  if (monitor.state() !== 'halted') {
    logger.error({ reason: message }, 'the relay is halted');
    monitor.fail('halted');
  }
  monitor.become('halted', message);
  await watch.pause(stopping);
};
