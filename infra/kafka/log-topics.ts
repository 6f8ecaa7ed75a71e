/** Topics of a real cluster: made where they are missing, described as the broker holds them. */
import type { Metadata, TopicDescription } from '@confluentinc/kafka-javascript';
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import { MAX_CLIENT_RECORD_BYTES } from '../record-limit';
import type { RenewableAdmin } from './admin-client';
import { answerOf, errorCodes, KafkaError } from './client-errors';
import { TopicMissing, type LogTopic, type TopicSpec } from './event-log';

/** What a broker counts beside the records of a batch. */
const BATCH_HEADER_BYTES = 12;

const REQUEST_TIMEOUT_MS = 5_000;
const MAX_REPLICAS = 3;
/** A topic that was just made is known to every broker after so long, at the latest. */
const PROPAGATION_TIMEOUT_MS = 10_000;
const PROPAGATION_POLL_MS = 50;
const DELETION_GRACE_MS = 1_500;

export interface LogTopics {
  readonly describe: (topics: ReadonlyArray<string>) => Promise<ReadonlyArray<LogTopic>>;
  readonly ensureTopics: (topics: ReadonlyArray<TopicSpec>) => Promise<ReadonlyArray<LogTopic>>;
  readonly deleteTopics: (topics: ReadonlyArray<string>) => Promise<void>;
  /** The ids of the brokers that answer. */
  readonly brokers: (timeoutMs: number) => Promise<ReadonlyArray<number>>;
}

/** The topics of the cluster that an admin client is connected to. */
export const logTopicsOn = ({ ask }: RenewableAdmin, clock: Clock, logger: Logger): LogTopics => {
  const brokers: LogTopics['brokers'] = async (timeoutMs) => {
    const metadata = await ask((admin) =>
      answerOf<Metadata>('ask for the brokers', (callback) => {
        admin.getMetadata({ allTopics: false, timeout: timeoutMs }, callback);
      }),
    );
    return metadata.brokers.map(({ id }) => id);
  };

  /** Each topic, or undefined where the cluster does not have it. */
  const find = async (names: ReadonlyArray<string>): Promise<ReadonlyArray<LogTopic | undefined>> => {
    if (names.length === 0) return [];
    const answer = await ask((admin) =>
      answerOf<TopicDescription[]>(`describe the topics ${names.join(', ')}`, (callback) => {
        admin.describeTopics([...names], { timeout: REQUEST_TIMEOUT_MS }, callback);
      }),
    );
    return names.map((name) => logTopicOf(name, answer));
  };

  const create = topicCreation(ask, logger);

  const describe: LogTopics['describe'] = async (names) => required(names, await find(names));

  const deleteTopics: LogTopics['deleteTopics'] = async (names) => {
    for (const name of names) {
      await ask((admin) =>
        answerOf<unknown>(`delete the topic ${name}`, (callback) => {
          admin.deleteTopic(name, REQUEST_TIMEOUT_MS, (error) => callback(error, undefined));
        }),
      );
    }
    const untilMs = clock.monotonicMs() + PROPAGATION_TIMEOUT_MS;
    while ((await find(names)).some((topic) => topic !== undefined) && clock.monotonicMs() < untilMs) {
      await clock.sleep(PROPAGATION_POLL_MS);
    }
    // The broker lets go of a name a moment after it has stopped to show it.
    await clock.sleep(DELETION_GRACE_MS);
  };

  return {
    brokers,
    describe,
    deleteTopics,
    ensureTopics: async (topics) => {
      const names = topics.map(({ name }) => name);
      const found = await find(names);
      const missing = topics.filter((_, index) => found[index] === undefined);
      if (missing.length === 0) return required(names, found);
      const replicas = Math.min(MAX_REPLICAS, (await brokers(REQUEST_TIMEOUT_MS)).length);
      for (const topic of missing) await create(topic, replicas);
      const untilMs = clock.monotonicMs() + PROPAGATION_TIMEOUT_MS;
      for (;;) {
        const now = await find(names);
        if (!now.includes(undefined) || clock.monotonicMs() > untilMs) return required(names, now);
        await clock.sleep(PROPAGATION_POLL_MS);
      }
    },
  };
};

/** Makes one topic; another process may be faster. */
const topicCreation =
  (ask: RenewableAdmin['ask'], logger: Logger) =>
  async ({ name, partitions, retention, maxMessageBytes }: TopicSpec, replicas: number): Promise<void> => {
    const topic = {
      topic: name,
      num_partitions: partitions,
      replication_factor: replicas,
      config: {
        'cleanup.policy': 'delete',
        'retention.ms': String(retention === 'forever' ? -1 : retention.ms),
        'max.message.bytes': String(maxMessageBytes ?? MAX_CLIENT_RECORD_BYTES + BATCH_HEADER_BYTES),
      },
    };
    try {
      await ask((admin) =>
        answerOf<unknown>(`create the topic ${name}`, (callback) => {
          admin.createTopic(topic, REQUEST_TIMEOUT_MS, (error) => callback(error, undefined));
        }),
      );
      logger.info({ topic: name, partitions, replicas, retention }, 'Kafka: created a topic');
    } catch (error) {
      // Another process was faster.
      if (!(error instanceof KafkaError) || error.code !== errorCodes.ERR_TOPIC_ALREADY_EXISTS) throw error;
    }
  };

const required = (
  names: ReadonlyArray<string>,
  found: ReadonlyArray<LogTopic | undefined>,
): ReadonlyArray<LogTopic> => {
  const topics = found.filter((topic) => topic !== undefined);
  if (topics.length === names.length) return topics;
  const missing = names.filter((_, index) => found[index] === undefined);
  throw new TopicMissing(`Kafka has no topic ${missing.join(', ')}`);
};

const logTopicOf = (name: string, answer: ReadonlyArray<TopicDescription>): LogTopic | undefined => {
  const description = answer.find((each) => each.name === name);
  if (description === undefined) return undefined;
  const { error, partitions, topicId } = description;
  if (error?.code === errorCodes.ERR_UNKNOWN_TOPIC_OR_PART) return undefined;
  if (error !== undefined) throw new KafkaError(error.code, `describe the topic ${name}: ${error.message}`);
  // The types call it base64str; what the binding hands out is base64.
  const { base64 } = topicId as unknown as { readonly base64: string };
  return { topic: name, partitions: partitions.length, logId: `kafka:${base64}` };
};
