/**
 * The dead-letter topics, for outside consumers and other tools: `<group>.dlt` contains every dead letter at least once, unchanged
 * but for added headers with the reason. The engine never reads them.
 */
import { deadLetterTopic } from '../../consumption/loop/loop';
import { RecordTooLarge, type DeliveryFailure, type EventLog, type LogProducer } from '../../kafka/event-log';
import { isAboutRecord } from '../../kafka/record-failures';
import { outgoingHeaders } from '../../kafka/record-headers';
import type { Clock } from '../../clock';
import type { Logger } from '../../logger';
import type { CopyAttempt, DeadLetterCopy } from './outbox';

/** The calls of copying to the writer of the file; each is one transaction. */
export interface CopyingCalls {
  readonly copiesWaiting: (group: string, limit: number) => Promise<ReadonlyArray<DeadLetterCopy>>;
  readonly copiesDone: (seqs: ReadonlyArray<number>) => Promise<void>;
  readonly noteCopying: (group: string, attempt: CopyAttempt) => Promise<void>;
}

export interface CopyingOptions {
  readonly calls: CopyingCalls;
  readonly groups: ReadonlyArray<string>;
  readonly log: Pick<EventLog, 'ensureTopics' | 'openProducer' | 'fixedPartitions'>;
  readonly topicPrefix: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

const COPIES_AT_ONCE = 500;
/** Longer than a producer needs to detect a stall, so that its more specific error is reported. */
const FLUSH_TIMEOUT_MS = 40_000;
/** The original's size plus the headers; each record that another producer could write has to fit. */
const MAX_COPY_BYTES = 16_777_216;

/** Copies all pending dead letters of all groups. Rejects where Kafka accepts none; they stay pending then. */
export const copyToTopics = async (options: CopyingOptions): Promise<void> => {
  for (const group of options.groups) await copyGroup(options, group);
};

/** The same for one group. A copy that the topic rejects is recorded, and does not affect the others. */
export const copyGroup = async (options: CopyingOptions, group: string): Promise<void> => {
  const { calls, logger } = options;
  for (;;) {
    const copies = await calls.copiesWaiting(group, COPIES_AT_ONCE);
    if (copies.length === 0) return;
    const topic = await ensureTopic(options, group);
    const { copied, refused, failure } = await copyAll(options, topic, copies);
    if (copied.length > 0) await calls.copiesDone(copied);
    if (refused.length > 0) {
      logger.error({ group, topic, refused }, 'the dead-letter topic rejects copies');
      await calls.noteCopying(group, { refused, fault: null });
    }
    if (failure !== undefined) throw new Error(`${topic} accepts no copies: ${failure}`);
    logger.info({ topic, copies: copied.length }, 'dead letters are copied to their topic');
  }
};

const ensureTopic = async ({ log, topicPrefix }: CopyingOptions, group: string): Promise<string> => {
  const topic = deadLetterTopic(topicPrefix, group);
  await log.ensureTopics([
    {
      name: topic,
      // A single partition keeps the order of the failures, and is enough for their number.
      partitions: log.fixedPartitions ?? 1,
      retention: 'forever',
      key: {
        is: 'the key of the record that failed',
        because: 'a copy keeps the key of its original',
        concurrency: 'One consumer is enough for failures.',
        skew: 'None that matters: there is one partition.',
      },
      maxMessageBytes: MAX_COPY_BYTES,
    },
  ]);
  return topic;
};

/** The result of an attempt: what Kafka has acknowledged, what it rejects, and why the others were not copied. */
interface CopyResult {
  readonly copied: ReadonlyArray<number>;
  readonly refused: CopyAttempt['refused'];
  readonly failure: string | undefined;
}

/** Copies all in one batch; where the broker rejects that, one by one, to find the copies that it rejects. */
const copyAll = async (
  options: CopyingOptions,
  topic: string,
  copies: ReadonlyArray<DeadLetterCopy>,
): Promise<CopyResult> => {
  const together = await copyOnce(options, topic, copies);
  if (together.failure === undefined || !isAboutRecord(together.failure.class)) return resultOf([together]);
  const attempts = [{ ...together, failure: undefined }];
  const settled = new Set([...together.copied, ...together.refused.map(({ seq }) => seq)]);
  for (const copy of copies.filter(({ seq }) => !settled.has(seq))) {
    const alone = await copyOnce(options, topic, [copy]);
    const { failure } = alone;
    if (failure !== undefined && !isAboutRecord(failure.class)) return resultOf([...attempts, alone]);
    const refused = failure === undefined ? alone.refused : [{ seq: copy.seq, reason: failure.reason }];
    attempts.push({ ...alone, refused, failure: undefined });
  }
  return resultOf(attempts);
};

interface Attempt extends Omit<CopyResult, 'failure'> {
  readonly failure: DeliveryFailure | undefined;
}

const resultOf = (attempts: ReadonlyArray<Attempt>): CopyResult => ({
  copied: attempts.flatMap(({ copied }) => copied),
  refused: attempts.flatMap(({ refused }) => refused),
  failure: attempts.at(-1)?.failure?.reason,
});

const copyOnce = async (
  { log, clock }: CopyingOptions,
  topic: string,
  copies: ReadonlyArray<DeadLetterCopy>,
): Promise<Attempt> => {
  let failure: DeliveryFailure | undefined;
  const copied: number[] = [];
  const refused: { readonly seq: number; readonly reason: string }[] = [];
  const listener = {
    onDelivered: (seq: number): void => void copied.push(seq),
    onFailed: (failed: DeliveryFailure): void => void (failure = failed),
  };
  const producer = await log.openProducer(listener, { maxRecordBytes: MAX_COPY_BYTES });
  try {
    for (const copy of copies) {
      try {
        send(producer, topic, clock.nowMs(), copy);
      } catch (error) {
        if (!(error instanceof RecordTooLarge)) throw error;
        refused.push({ seq: copy.seq, reason: error.message });
      }
    }
    const isDone = await producer.flush(FLUSH_TIMEOUT_MS);
    if (!isDone) failure ??= { class: 'stalled', reason: `no acknowledgement within ${FLUSH_TIMEOUT_MS / 1_000} s` };
  } finally {
    await producer.close();
  }
  if (failure !== undefined) return { copied, refused, failure };
  const isRefused = (seq: number): boolean => refused.some((each) => each.seq === seq);
  return { copied: copies.map(({ seq }) => seq).filter((seq) => !isRefused(seq)), refused, failure };
};

const send = (
  producer: LogProducer,
  topic: string,
  timestampMs: number,
  { seq, key, value, headers }: DeadLetterCopy,
): void => {
  const result = producer.send({
    topic,
    partition: 0,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: outgoingHeaders(headers),
    timestampMs,
    sequence: seq,
  });
  if (result === 'queue-full') throw new Error(`the queue to ${topic} is full`);
};

/** Buffers arrive from the other thread as plain byte arrays. */
const bytesOf = (bytes: Uint8Array | null): Buffer | null => (bytes === null ? null : Buffer.from(bytes));
