/** The relay's role: takes the lease, reads what Kafka has, publishes, and restarts after every transient fault. */
import { systemClock } from '../clock';
import { reportSilence, watchAnswers } from '../kafka/answer-watch';
import { isAboutRecord } from '../kafka/record-failures';
import { eventFields } from '../log-fields';
import { leasedSession, type LeasedSession } from '../running/leased-session';
import { startRole, type Role } from '../running/role';
import { directiveFor, supervise, type Directive } from '../supervise';
import { FileReplaced } from '../sqlite/file-identity';
import { relayFile, relayMigrations } from '../sqlite/relay-file/relay-file';
import { topicWatch, TopicsUnsafe } from '../kafka/topic-watch';
import { DeliveryFailed } from './publisher';
import { relayMonitor } from './relay-monitor';
import type { RelayContext, RelayOptions } from './relay-context';
import { RelayHalted, relaySession } from './relay-session';
import { relayHeartbeats } from './relay-heartbeats';
import { recordSuspects } from './suspects';

export type { RelayOptions };

/** Starts the relay; it waits for the lease and for a broker. Stopping waits for delivery reports and saves the cursor. */
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
    // How long a broker is silent is a matter of real time, whatever clock the relay goes by.
    const answers = watchAnswers(options.log, systemClock);
    const heartbeats = relayHeartbeats({ ...options, log: answers.log });
    const monitor = relayMonitor({ ...options, state, holes, reader, heartbeats });
    const suspects = recordSuspects();
    const topics = options.catalog.aggregates.map(({ topic }) => topic);
    const watch = topicWatch({ ...options, topics, intervals: options.topicChecks, onWarning: monitor.warn });
    const parts = { log: answers.log, answers, heartbeats, lease, state, holes, reader, monitor, suspects, watch };
    await whileReportingSilence(parts, ending, () => publishForever({ ...options, ...parts, stopping: ending }));
    if (!isLost()) monitor.setState('stopped', null);
  } finally {
    await reader.close();
  }
};

/** Keeps the status correct during the work while Kafka does not respond: `retrying` with the reason, and a current date. */
const whileReportingSilence = async (
  { answers, monitor }: Pick<RelayContext, 'answers' | 'monitor'>,
  stopping: AbortSignal,
  work: () => Promise<void>,
): Promise<void> => {
  const ended = new AbortController();
  const silence = reportSilence({
    watched: answers,
    clock: systemClock,
    stopping: AbortSignal.any([stopping, ended.signal]),
    onSilence: async (reason) => {
      await monitor.readStoreEnd().catch(() => undefined);
      const state = monitor.state();
      // The reason of a halt or of a blocked partition is reported already, and is more specific.
      if (state === 'running' || state === 'starting') monitor.setState('retrying', reason);
      else monitor.refresh();
    },
  });
  try {
    await work();
  } finally {
    ended.abort();
    await silence;
  }
};

const publishForever = async (running: RelayContext): Promise<void> => {
  const { clock, logger, stopping, monitor, lease } = running;
  // Only once, so that the state and the reason of a fault remain between attempts.
  monitor.setState('starting', null);
  await supervise({
    clock,
    stopping,
    session: async ({ attempts, onProgress }) => {
      // Keeps the status current during retries, where the store can be read.
      if (attempts > 0) await monitor.readStoreEnd().catch(() => undefined);
      monitor.refresh();
      while (!stopping.aborted) {
        lease.assertInPlace();
        await relaySession(running, onProgress);
      }
    },
    onFault: (error) => directiveForRelay(running, error),
    onRetry: ({ error, reason, attempts, delayMs }) => {
      monitor.countFailure(error instanceof DeliveryFailed ? error.failure.class : 'unreachable');
      monitor.setState('retrying', reason);
      logger.warn({ reason, attempts, delayMs }, 'the relay retries');
    },
  });
};

/** What follows a fault of a session; waits here as long as the fault halts the relay. */
const directiveForRelay = async (running: RelayContext, error: unknown): Promise<Directive> => {
  // Ends the session where the relay's own file was replaced; a replaced store is reopened by its reader.
  if (error instanceof FileReplaced) running.lease.assertInPlace();
  if (error instanceof RelayHalted) {
    await halt(running, error);
    return 'stop';
  }
  if (error instanceof TopicsUnsafe) {
    await haltUntilSafe(running, error);
    return 'restart';
  }
  if (error instanceof DeliveryFailed && (await handleRejection(running, error))) return 'restart';
  return directiveFor(error);
};

/**
 * Handles the rejection of a record; returns false for any other failure. A broker rejects the whole batch of a record, so the
 * records of its partition are sent one by one next time; the one that is rejected alone blocks the partition, and all others
 * continue.
 */
const handleRejection = async (
  { holes, suspects, logger, monitor, reader, heartbeats }: RelayContext,
  failed: DeliveryFailed,
): Promise<boolean> => {
  const { failure, alonePosition, lastPosition } = failed;
  const { record } = failure;
  if (record !== undefined && record.topic === heartbeats.topic) {
    heartbeats.suspend(failure.reason);
    return true;
  }
  if (record === undefined || !isAboutRecord(failure.class)) return false;
  monitor.countFailure(failure.class);
  if (record.sequence !== alonePosition) {
    logger.warn(
      { reason: failure.reason, topic: record.topic, partition: record.partition },
      'a batch was rejected: searching for the event',
    );
    suspects.suspect(record, lastPosition);
    monitor.setState('retrying', `${failure.reason}: searching for the event`);
    return true;
  }
  const [event] = await reader.readAll({ afterPosition: record.sequence - 1, limit: 1 });
  if (event === undefined) return false;
  const sizeBytes = Buffer.byteLength(event.payload);
  const reason = `${event.id} at position ${event.position}, a payload of ${sizeBytes} bytes, is rejected: ${failure.reason}`;
  logger.error(
    { ...eventFields(event), topic: record.topic, partition: record.partition, reason },
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
  monitor.countFailure('halted');
  while (!stopping.aborted) {
    lease.assertInPlace();
    monitor.setState('halted', reason, cause);
    await clock.sleep(1_000, stopping);
  }
};

/** Lasts until the next check of the topics, which an operator has to correct; the next session checks them again. */
const haltUntilSafe = async (
  { monitor, logger, watch, stopping }: RelayContext,
  { message }: TopicsUnsafe,
): Promise<void> => {
  if (monitor.state() !== 'halted') {
    logger.error({ reason: message }, 'the relay is halted');
    monitor.countFailure('halted');
  }
  monitor.setState('halted', message);
  await watch.pause(stopping);
};
