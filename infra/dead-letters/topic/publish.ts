/**
 * The dead-letter topics, for outsiders and other tools: `<group>.dlt` holds every dead letter at least once, as it came,
 * with headers that say why. Nothing is ever read back from them.
 */
import { deadLetterTopic } from '../../consumption/loop/loop';
import { RecordTooLarge, type DeliveryFailure, type EventLog, type LogProducer } from '../../kafka/event-log';
import { isAboutRecord } from '../../kafka/record-failures';
import { outgoingHeaders } from '../../kafka/record-headers';
import type { Clock } from '../../clock';
import type { Logger } from '../../logger';
import type { CopyAttempt, DeadLetterCopy } from './outbox';

/** What copying asks of whoever writes the file; each call is one transaction. */
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
/** Longer than a producer takes to find out that it has stalled: its own words say more. */
const FLUSH_TIMEOUT_MS = 40_000;
/** A copy has the original's size and more headers: whatever another producer could write has to fit. */
const MAX_COPY_BYTES = 16_777_216;

/** Copies everything that waits, of all groups. Rejects where Kafka takes nothing: it waits on then. */
export const copyToTopics = async (options: CopyingOptions): Promise<void> => {
  for (const group of options.groups) await copyGroup(options, group);
};

/** The same of one group. A copy that its topic does not take is noted, and the others go on. */
export const copyGroup = async (options: CopyingOptions, group: string): Promise<void> => {
  const { calls, logger } = options;
  for (;;) {
    const copies = await calls.copiesWaiting(group, COPIES_AT_ONCE);
    if (copies.length === 0) return;
    const topic = await ensureTopic(options, group);
    const { copied, refused, failure } = await copyAll(options, topic, copies);
    if (copied.length > 0) await calls.copiesDone(copied);
    if (refused.length > 0) {
      logger.error({ group, topic, refused }, 'dead letters that their topic does not take');
      await calls.noteCopying(group, { refused, fault: null });
    }
    if (failure !== undefined) throw new Error(`${topic} takes no copies: ${failure}`);
    logger.info({ topic, copies: copied.length }, 'dead letters are copied to their topic');
  }
};

const ensureTopic = async ({ log, topicPrefix }: CopyingOptions, group: string): Promise<string> => {
  const topic = deadLetterTopic(topicPrefix, group);
  await log.ensureTopics([
    {
      name: topic,
      // One, so that the order of failing is kept; there are few of them.
      partitions: log.fixedPartitions ?? 1,
      retention: 'forever',
      key: { is: 'the key of the record that failed', because: 'a copy stands where its original stood' },
      maxMessageBytes: MAX_COPY_BYTES,
    },
  ]);
  return topic;
};

/** How an attempt went: what Kafka has, what can't go there, and why the others did not go through. */
interface Copied {
  readonly copied: ReadonlyArray<number>;
  readonly refused: CopyAttempt['refused'];
  readonly failure: string | undefined;
}

/** All at once; where the broker refuses the batch, one by one, so that the refusal is for the one that was meant. */
const copyAll = async (
  options: CopyingOptions,
  topic: string,
  copies: ReadonlyArray<DeadLetterCopy>,
): Promise<Copied> => {
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

interface Attempt extends Omit<Copied, 'failure'> {
  readonly failure: DeliveryFailure | undefined;
}

const resultOf = (attempts: ReadonlyArray<Attempt>): Copied => ({
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
    if (!isDone) failure ??= { class: 'stalled', reason: `nothing came back within ${FLUSH_TIMEOUT_MS / 1_000} s` };
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
