/** A real Kafka cluster as the engine's log. */
import type { Clock } from '../clock';
import { settingsFor, type KafkaConnection } from '../configuration';
import type { Logger } from '../logger';
import { renewableAdmin } from './admin-client';
import { connectionSettings } from './client-settings';
import { connectionTrouble, type ConnectionTrouble } from './connection-trouble';
import type { EventLog } from './event-log';
import { openLogConsumer } from './log-consumer';
import { openLogOffsets, type ReadWatermarks } from './log-offsets';
import { openLogProducer } from './log-producer';
import { partitionFor } from './placement';
import { logTopicsOn, type LogTopics } from './log-topics';
import { tokensFrom } from './oauth-tokens';
import { tryClients } from './trial-clients';
import { topicConfigs } from './topic-configs';

const FIRST_ANSWER_TIMEOUT_MS = 3_000;
const ANSWER_POLL_MS = 2_000;
const REMIND_MS = 30_000;

export interface RealLogOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long a client may get nothing done before it is given up; absent for the usual bound. */
  readonly stallTimeoutMs?: number;
}

/**
 * Opens a cluster. Resolves also while no broker answers, after a line in the log that says so: calls reject until one
 * does, and whoever makes them tries again. Throws ConfigurationError where the settings are impossible.
 */
export const openRealLog = async (options: RealLogOptions): Promise<EventLog> => {
  const { connection, clock, logger, stallTimeoutMs } = options;
  const stall = stallTimeoutMs === undefined ? {} : { stallTimeoutMs };
  const { oauth } = connection;
  const askForToken = oauth?._tag === 'TokenEndpoint' ? tokensFrom(oauth, clock) : undefined;
  const settings = connectionSettings(connection, undefined, askForToken);
  await tryClients(connection);
  const producing = { ...settingsFor(connection, 'producer'), ...settings };
  const consuming = { ...settingsFor(connection, 'consumer'), ...settings };
  const trouble = connectionTrouble({ connection, clock, logger });
  const { explain } = trouble;
  const admin = renewableAdmin(settings, logger, trouble);
  const offsets = openLogOffsets(settings, clock, logger, trouble);
  const topics = logTopicsOn(admin, clock, logger);
  const closed = new AbortController();
  const watching = { topics, servers: connection.brokers, trouble, clock, logger, signal: closed.signal };
  const reached = await answers(topics, FIRST_ANSWER_TIMEOUT_MS);
  const watch = reached ? Promise.resolve() : waitForBroker(watching);
  const readWatermarks: ReadWatermarks = (partitions) => explain(() => offsets.readWatermarks(partitions));
  return {
    keepsHistory: true,
    fixedPartitions: undefined,
    partitionOf: partitionFor,
    bootstrapServers: connection.brokers,
    describe: (names) => explain(() => topics.describe(names)),
    ensureTopics: (declared) => explain(() => topics.ensureTopics(declared)),
    settings: (names) => topicConfigs(settings, names, clock.nowMs),
    deleteTopics: (names) => explain(() => topics.deleteTopics(names)),
    offsetsAtTime: (partitions, timeMs) => explain(() => offsets.atTime(partitions, timeMs)),
    openProducer: (listener, own) =>
      explain(() => openLogProducer({ settings: producing, listener, clock, logger, trouble, ...stall, ...own })),
    openConsumer: (group) =>
      explain(() =>
        openLogConsumer({
          settings: consuming,
          group,
          readWatermarks,
          clock,
          logger,
          trouble,
          commitsOffsets: true,
          ...stall,
        }),
      ),
    trouble: trouble.current,
    close: async () => {
      if (closed.signal.aborted) return;
      closed.abort();
      await watch;
      admin.close();
      await offsets.close();
    },
  };
};

const answers = async (topics: LogTopics, timeoutMs: number): Promise<boolean> =>
  topics.brokers(timeoutMs).then(
    (brokers) => brokers.length > 0,
    () => false,
  );

interface Watch {
  readonly topics: LogTopics;
  readonly servers: string;
  readonly trouble: ConnectionTrouble;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
}

/** Says again and again that no broker answers, until one does. */
const waitForBroker = async ({ topics, servers, trouble, clock, logger, signal }: Watch): Promise<void> => {
  const sinceMs = clock.monotonicMs();
  let remindAtMs = sinceMs;
  while (!signal.aborted) {
    const nowMs = clock.monotonicMs();
    if (nowMs >= remindAtMs) {
      logger.warn(
        { servers, forMs: Math.round(nowMs - sinceMs), reason: trouble.current() ?? 'no answer' },
        'Kafka: no broker answers at KAFKA_BROKERS; trying on',
      );
      remindAtMs = nowMs + REMIND_MS;
    }
    if (await answers(topics, ANSWER_POLL_MS)) {
      logger.info({ servers }, 'Kafka: a broker answers now');
      return;
    }
    await clock.sleep(ANSWER_POLL_MS, signal);
  }
};
