/**
 * A topic that many runs use one after another, each from where the one before it has ended. Its clients are opened once, so that
 * thousands of runs cost little more than their records.
 */
import { cloudEventEncoder, type EncodedEvent } from '../../../../infra/kafka/cloud-events';
import type { Catalog } from '../../../../domain/kernel/aggregate';
import type { StoredEvent } from '../../../../domain/kernel/recorded-event';
import { systemClock } from '../../../../infra/clock';
import { connectionSettings } from '../../../../infra/kafka/client-settings';
import type { EventLog, LogConsumer, LogProducer, OutgoingRecord } from '../../../../infra/kafka/event-log';
import { openLogConsumer } from '../../../../infra/kafka/log-consumer';
import { openLogOffsets } from '../../../../infra/kafka/log-offsets';
import { silentLogger } from '../../../../infra/logger';
import { deadLetterTopic } from '../../../../infra/consumption/loop/dead-letter-topic-name';
import { STORE_ID } from '../../../projections/views-fixture';
import { logAt } from '../../kafka/log-fixture';
import { newRelease, noteReleases } from '../notes';
import { GROUP } from './notes-projection';

/** A value for each of the two partitions of the notes. */
export type PerPartition = readonly [number, number];

/** A record without its time and its sequence. */
export type TopicRecord = Pick<OutgoingRecord, 'partition' | 'key' | 'value' | 'headers'>;

export interface SharedTopic {
  readonly releases: { readonly old: Catalog; readonly new: Catalog };
  readonly topic: string;
  readonly topicPrefix: string;
  readonly logId: string;
  /** The log for the processes; its consumers come from a pool and are returned to it. */
  readonly log: EventLog;
  readonly recordOf: (event: StoredEvent) => TopicRecord;
  /** Resolves when the log holds the records. */
  readonly publish: (records: ReadonlyArray<TopicRecord>) => Promise<void>;
  /** The offsets that the next records will get. */
  readonly ends: () => PerPartition;
  readonly close: () => Promise<void>;
}

const FLUSH_TIMEOUT_MS = 20_000;
/** Short, as each assignment has to wait for the end of a pending fetch. */
const FETCH_WAIT_MS = 20;

/** Opens a shared topic on a real broker. */
export const openSharedTopic = async (brokers: string, topicPrefix: string): Promise<SharedTopic> => {
  const releases = noteReleases(`${topicPrefix}${newRelease.aggregates[0]?.topic.name ?? ''}`);
  const topics = releases.new.aggregates.map((each) => each.topic);
  const settings = connectionSettings({ brokers, securityProtocol: 'plaintext' });
  const log = await logAt(brokers);
  const offsets = openLogOffsets(settings, systemClock, silentLogger);
  const consumers = clientPool(() =>
    openLogConsumer({
      settings,
      group: GROUP,
      readWatermarks: offsets.readWatermarks,
      clock: systemClock,
      logger: silentLogger,
      fetchWaitMs: FETCH_WAIT_MS,
    }),
  );
  const [described] = await log.ensureTopics(topics);
  await log.ensureTopics(
    topics.map((topic) => ({ ...topic, name: deadLetterTopic(topicPrefix, GROUP), partitions: 1 })),
  );
  let failure: string | undefined;
  const producer = await log.openProducer({
    onDelivered: () => undefined,
    onFailed: ({ reason }) => (failure = reason),
  });
  const flush = async (timeoutMs: number): Promise<boolean> => {
    const isDone = await producer.flush(timeoutMs);
    if (failure !== undefined || !isDone) throw new Error(failure ?? 'the sharedTopic takes no records');
    return isDone;
  };
  return sharedTopic({
    releases,
    topicPrefix,
    logId: described?.logId ?? '',
    log: {
      ...log,
      openConsumer: consumers.take,
      // The topics exist already.
      ensureTopics: async (wanted) => log.describe(wanted.map(({ name }) => name)),
      openProducer: async () => Promise.resolve({ ...producer, flush, close: async () => Promise.resolve() }),
    },
    close: async () => {
      await consumers.close();
      await producer.close();
      await offsets.close();
      await log.close();
    },
  });
};

const sharedTopic = async (
  parts: Omit<SharedTopic, 'topic' | 'recordOf' | 'publish' | 'ends'>,
): Promise<SharedTopic> => {
  const topic = parts.releases.new.aggregates[0]?.topic.name ?? '';
  const producer = await parts.log.openProducer({ onDelivered: () => undefined, onFailed: () => undefined });
  const encode = cloudEventEncoder({
    catalog: parts.releases.new,
    mode: 'structured',
    schemaBaseUrl: 'urn:test',
    storeId: STORE_ID,
  });
  const ends: [number, number] = [0, 0];
  let sequence = 0;
  return {
    ...parts,
    topic,
    recordOf: (event): EncodedEvent => encode(event),
    publish: async (records) => {
      for (const record of records) {
        sequence += 1;
        sendTo(producer, { ...record, topic, timestampMs: systemClock.nowMs(), sequence });
        ends[record.partition === 0 ? 0 : 1] += 1;
      }
      await producer.flush(FLUSH_TIMEOUT_MS);
    },
    ends: () => [...ends],
  };
};

const sendTo = (producer: LogProducer, record: OutgoingRecord): void => {
  if (producer.send(record) !== 'queued') throw new Error('the queue is full');
};

interface ClientPool {
  readonly take: () => Promise<LogConsumer>;
  readonly close: () => Promise<void>;
}

/** A pool of consumers: closing one returns it to the pool, where it reads nothing. */
const clientPool = (open: () => Promise<LogConsumer>): ClientPool => {
  const all: LogConsumer[] = [];
  const free: LogConsumer[] = [];
  return {
    take: async () => {
      const known = free.pop();
      const consumer = known ?? (await open());
      if (known === undefined) all.push(consumer);
      return {
        ...consumer,
        close: async () => {
          consumer.assign([]);
          free.push(consumer);
          return Promise.resolve();
        },
      };
    },
    close: async () => {
      for (const consumer of all) await consumer.close();
    },
  };
};
