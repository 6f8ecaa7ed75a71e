/** A log in memory: for tests and trials of what reads and writes one. It forgets everything when the process ends. */
import type { Clock } from '../../clock';
import { MAX_CLIENT_RECORD_BYTES } from '../../record-limit';
import { partitionName } from '../../topic-partition';
import {
  RecordTooLarge,
  TopicMissing,
  VANISHING_LOG,
  type EventLog,
  type LogProducer,
  type LogTopic,
  type DeliveryListener,
  type OutgoingRecord,
  type ProducerOptions,
} from '../event-log';
import { partitionFor } from '../placement';
import { recordHeaders } from '../record-headers';
import { memoryConsumer, type MemoryTopics } from './memory-consumer';

/** An empty log without topics. */
export const inMemoryLog = ({ clock }: { readonly clock: Clock }): EventLog => {
  const topics: MemoryTopics = new Map();
  const instance = clock.newId();
  let made = 0;
  const describe = (name: string): LogTopic => {
    const topic = topics.get(name);
    if (topic === undefined) throw new TopicMissing(`the log in memory has no topic ${name}`);
    return { topic: name, partitions: topic.partitions.length, logId: topic.logId };
  };
  return {
    keepsHistory: false,
    fixedPartitions: undefined,
    partitionOf: partitionFor,
    bootstrapServers: '',
    describe: async (names) => Promise.resolve().then(() => names.map(describe)),
    ensureTopics: async (wanted) => {
      for (const { name, partitions } of wanted) {
        if (topics.has(name)) continue;
        made += 1;
        const logId = `${VANISHING_LOG}${instance}:${made}:${name}`;
        topics.set(name, { logId, partitions: Array.from({ length: partitions }, () => []) });
      }
      return Promise.resolve(wanted.map(({ name }) => describe(name)));
    },
    deleteTopics: async (names) => {
      for (const name of names) topics.delete(name);
      return Promise.resolve();
    },
    offsetsAtTime: async (partitions, timeMs) =>
      Promise.resolve(
        partitions.map(({ topic, partition }) => {
          const records = topics.get(topic)?.partitions[partition] ?? [];
          const first = records.findIndex((record) => record.timestampMs >= timeMs);
          return { topic, partition, offset: first < 0 ? records.length : first };
        }),
      ),
    openProducer: async (listener, options) => Promise.resolve(memoryProducer(topics, listener, options)),
    openConsumer: async () => Promise.resolve(memoryConsumer(topics, clock)),
    close: async () => Promise.resolve(),
  };
};

/** Records are in the log at once; they are reported in a later turn, as from a broker. */
const memoryProducer = (
  topics: MemoryTopics,
  { onDelivered, onFailed }: DeliveryListener,
  { maxRecordBytes = MAX_CLIENT_RECORD_BYTES }: ProducerOptions = {},
): LogProducer => {
  let reports: Promise<void> = Promise.resolve();
  let isClosed = false;
  const put = (record: OutgoingRecord): void => {
    const { topic, partition, timestampMs } = record;
    const records = topics.get(topic)?.partitions[partition];
    if (records === undefined) {
      onFailed({ class: 'unknown-topic', reason: `the log in memory has no ${partitionName(record)}` });
      return;
    }
    const [key, value] = [bytesOf(record.key), bytesOf(record.value)];
    const headers = recordHeaders(record.headers);
    records.push({ topic, partition, offset: records.length, key, value, headers, timestampMs });
    onDelivered(record.sequence, topic);
  };
  return {
    send: (record) => {
      const { topic, partition, value } = record;
      const bytes = value === null ? 0 : Buffer.byteLength(value);
      if (bytes > maxRecordBytes) throw new RecordTooLarge(topic, partition, bytes, maxRecordBytes);
      reports = reports.then(() => {
        if (!isClosed) put(record);
      });
      return 'queued';
    },
    flush: async () => {
      await reports;
      return true;
    },
    close: async () => {
      isClosed = true;
      await reports;
    },
  };
};

const bytesOf = (text: string | Buffer | null): Buffer | null => (typeof text === 'string' ? Buffer.from(text) : text);
