/** The relay's life: hold the lease, find out what Kafka has, publish, and begin again after every fault that may pass. */
import { isAboutRecord } from '../kafka/record-failures';
import { leasedSession, type LeasedSession } from '../running/leased-session';
import { startRole, type Role } from '../running/role';
import { directiveFor, supervise, type Directive } from '../running/supervise';
import { FileReplaced } from '../sqlite/file-identity';
import { relayFile, relayMigrations } from '../sqlite/relay-file/relay-file';
import { topicWatch, TopicsUnsafe } from '../kafka/topic-watch';
import { DeliveryFailed } from './publisher';
import { relayMonitor } from './relay-monitor';
import type { RelayContext, RelayOptions } from './relay-context';
import { RelayHalted, relaySession } from './relay-session';
import { recordSuspects } from './suspects';

export type { RelayOptions };

/** Starts the relay; it waits by itself for the lease and for a broker. Stopping waits for delivery reports and saves the cursor. */
export const startRelay = (options: RelayOptions): Role =>
  startRole({
    ...options,
    role: 'relay',
    session: (stopping, onStarted) =>
      leasedSession(
        {
          ...options,
          migrations: relayMigrations,
          stopping,
          waitsForLease: 'another relay holds the lease: this one waits',
          waitsForFile: 'the relay waits for its file',
        },
        (leased) => {
          onStarted();
          return run(options, leased);
        },
      ),
  });

const run = async (options: RelayOptions, leased: LeasedSession): Promise<void> => {
  const { lease, ending, isLost } = leased;
  const reader = await options.outbox();
  try {
    const { state, holes } = relayFile(leased, options.clock);
    const monitor = relayMonitor({ ...options, state, holes, reader });
    const suspects = recordSuspects();
    const topics = options.catalog.aggregates.map(({ topic }) => topic);
    const watch = topicWatch({ ...options, topics, intervals: options.topicChecks, onWarning: monitor.warn });
    const held = { lease, state, holes, reader, monitor, suspects, watch };
    await publishForever({ ...options, ...held, stopping: ending });
    if (!isLost()) monitor.become('stopped', null);
  } finally {
    await reader.close();
  }
};

const publishForever = async (running: RelayContext): Promise<void> => {
  const { clock, logger, stopping, monitor, lease } = running;
  // Once: between two attempts the relay stands where the first has left it, with its reason.
  monitor.become('starting', null);
  await supervise({
    clock,
    stopping,
    session: async ({ attempts, onProgress }) => {
      // What it says of the store is as of now, where that can be read.
      if (attempts > 0) await monitor.look().catch(() => undefined);
      monitor.repeat();
      while (!stopping.aborted) {
        lease.assertInPlace();
        await relaySession(running, onProgress);
      }
    },
    onFault: (error) => decide(running, error),
    onRetry: ({ error, reason, attempts, delayMs }) => {
      monitor.fail(error instanceof DeliveryFailed ? error.failure.class : 'unreachable');
      monitor.become('retrying', reason);
      logger.warn({ reason, attempts, delayMs }, 'the relay tries again');
    },
  });
};

/** What follows a fault of a session; halts for as long as the fault asks for it. */
const decide = async (running: RelayContext, error: unknown): Promise<Directive> => {
  // The relay's own file, not the store's: that one is opened again by its reader.
  if (error instanceof FileReplaced) running.lease.assertInPlace();
  if (error instanceof RelayHalted) {
    await halt(running, error);
    return 'stop';
  }
  if (error instanceof TopicsUnsafe) {
    await haltUntilSafe(running, error);
    return 'restart';
  }
  if (error instanceof DeliveryFailed && (await isExplained(running, error))) return 'restart';
  return directiveFor(error);
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
