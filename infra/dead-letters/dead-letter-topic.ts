/**
 * The dead-letter topics, for outsiders and other tools: `<group>.dlt` holds every dead letter at least once, as it came,
 * with headers that say why. Nothing is ever read back from them.
 */
import type { EventLog, LogProducer } from '../kafka/event-log';
import { outgoingHeaders } from '../kafka/record-headers';
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import type { DeadLetterCopy } from './dead-letter-copies';

export interface CopyingOptions {
  readonly calls: {
    readonly copiesWaiting: (group: string, limit: number) => Promise<ReadonlyArray<DeadLetterCopy>>;
    readonly copiesDone: (seqs: ReadonlyArray<number>) => Promise<void>;
  };
  readonly groups: ReadonlyArray<string>;
  readonly log: Pick<EventLog, 'ensureTopics' | 'openProducer' | 'kind'>;
  readonly topicPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const COPIES_AT_ONCE = 500;
const FLUSH_TIMEOUT_MS = 10_000;
/** What the embedded broker gives every topic. */
const EMBEDDED_PARTITIONS = 4;

/** The name of a group's dead-letter topic. */
export const deadLetterTopic = (topicPrefix: string, group: string): string => `${topicPrefix}${group}.dlt`;

/** Copies everything that waits. Rejects where Kafka does not take it: it waits on then. */
export const copyToTopics = async (options: CopyingOptions): Promise<void> => {
  for (const group of options.groups) {
    for (;;) {
      const copies = await options.calls.copiesWaiting(group, COPIES_AT_ONCE);
      if (copies.length === 0) break;
      await copyAll(options, group, copies);
      await options.calls.copiesDone(copies.map(({ seq }) => seq));
    }
  }
};

const copyAll = async (
  { log, topicPrefix, clock, logger }: CopyingOptions,
  group: string,
  copies: ReadonlyArray<DeadLetterCopy>,
): Promise<void> => {
  const topic = deadLetterTopic(topicPrefix, group);
  await log.ensureTopics([
    {
      name: topic,
      // One, so that the order of failing is kept; there are few of them.
      partitions: log.kind === 'embedded' ? EMBEDDED_PARTITIONS : 1,
      retention: 'forever',
      key: { is: 'the key of the record that failed', because: 'a copy stands where its original stood' },
    },
  ]);
  let failure: string | undefined;
  const producer = await log.openProducer({
    onDelivered: () => undefined,
    onFailed: ({ reason }) => (failure = reason),
  });
  try {
    for (const copy of copies) send(producer, topic, clock.nowMs(), copy);
    const isDone = await producer.flush(FLUSH_TIMEOUT_MS);
    if (failure !== undefined || !isDone) throw new Error(failure ?? `${topic} takes no records for now`);
  } finally {
    await producer.close();
  }
  logger.info({ topic, copies: copies.length }, 'dead letters are copied to their topic');
};

const send = (
  producer: LogProducer,
  topic: string,
  timestampMs: number,
  { seq, key, value, headers }: DeadLetterCopy,
): void => {
  const answer = producer.send({
    topic,
    partition: 0,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: outgoingHeaders(headers),
    timestampMs,
    sequence: seq,
  });
  if (answer === 'queue-full') throw new Error(`the queue to ${topic} is full`);
};

/** Between threads buffers become plain byte arrays. */
const bytesOf = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
