/** The embedded broker as the engine's log: for trying out and for smoke tests; it forgets everything when it ends. */
import type { Topic } from '../../../domain/kernel/topic';
import type { Clock } from '../../clock';
import { ConfigurationError } from '../../configuration';
import type { Logger } from '../../logger';
import { connectionSettings } from '../client-settings';
import { TopicMissing, VANISHING_LOG, type EventLog, type LogTopic } from '../event-log';
import { openLogConsumer } from '../log-consumer';
import { openLogOffsets } from '../log-offsets';
import { openLogProducer } from '../log-producer';
import { partitionFor } from '../placement';
import { EMBEDDED_PARTITIONS, embeddedMismatch } from './embedded-partitions';
import { startEmbeddedBroker, type EmbeddedBroker } from './embedded-broker';

/** The mock cluster answers a fetch that found nothing only when this has passed, whatever has come in meanwhile. */
const FETCH_WAIT_MS = 20;

/** Starts a broker of its own and opens it. */
export const openEmbeddedLog = async ({
  clock,
  logger,
}: {
  readonly clock: Clock;
  readonly logger: Logger;
}): Promise<EventLog> => embeddedLogOn(await startEmbeddedBroker(), clock, logger);

/** The log of a broker that runs. */
export const embeddedLogOn = (broker: EmbeddedBroker, clock: Clock, logger: Logger): EventLog => {
  const settings = connectionSettings({ brokers: broker.servers, securityProtocol: 'plaintext' });
  const offsets = openLogOffsets(settings, clock, logger);
  const logId = `${VANISHING_LOG}${clock.newId()}`;
  const made = new Set<string>();
  let closed = false;
  let end: string | undefined;
  void broker.ended.then((reason) => {
    end = reason;
    if (!closed) logger.error({ pid: broker.pid }, `${reason}: start the program again, the store has every event`);
  });
  const refuseWhenEnded = (): void => {
    if (end !== undefined) throw new Error(end);
  };
  const describeOne = (topic: string): LogTopic => ({
    topic,
    partitions: EMBEDDED_PARTITIONS,
    logId: `${logId}:${topic}`,
  });
  return {
    keepsHistory: false,
    fixedPartitions: EMBEDDED_PARTITIONS,
    partitionOf: partitionFor,
    bootstrapServers: broker.servers,
    describe: async (topics) => {
      refuseWhenEnded();
      const missing = topics.filter((topic) => !made.has(topic));
      if (missing.length > 0) throw new TopicMissing(`the embedded broker has no topic ${missing.join(', ')}`);
      return Promise.resolve(topics.map(describeOne));
    },
    ensureTopics: async (topics) => {
      refuseWhenEnded();
      refuseOtherPartitions(topics);
      for (const { name } of topics) {
        const partitions = await broker.makeTopic(name);
        if (partitions !== EMBEDDED_PARTITIONS)
          throw new Error(`the embedded broker gave ${name} ${partitions} partitions`);
        made.add(name);
      }
      return topics.map(({ name }) => describeOne(name));
    },
    deleteTopics: async () => Promise.reject(new Error('the embedded broker keeps its topics until it ends')),
    offsetsAtTime: offsets.atTime,
    openProducer: (listener, options) => openLogProducer({ settings, listener, clock, logger, ...options }),
    openConsumer: (group) =>
      openLogConsumer({
        settings,
        group,
        readWatermarks: offsets.readWatermarks,
        clock,
        logger,
        fetchWaitMs: FETCH_WAIT_MS,
      }),
    close: async () => {
      if (closed) return;
      closed = true;
      await offsets.close();
      await broker.stop();
    },
  };
};

const refuseOtherPartitions = (topics: ReadonlyArray<Topic>): void => {
  const mismatch = embeddedMismatch(topics);
  if (mismatch !== undefined) throw new ConfigurationError(mismatch);
};
