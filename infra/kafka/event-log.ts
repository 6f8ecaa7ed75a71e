/** What the engine needs of Kafka, in its own words: a log of topics that can be described, written and read. */
import type { Topic } from '../../domain/kernel/topic';
import type { OffsetGap } from './offset-gaps';
import type { TopicConfig } from './topic-configs';
import { partitionName, type TopicPartition } from '../topic-partition';

/**
 * The headers of a record in their order, names and duplicates as they came. A value that is null comes as an empty one:
 * the client can't tell them apart.
 */
export type RecordHeaders = ReadonlyArray<readonly [name: string, value: Buffer]>;

/** A record as it came out of Kafka, undecoded. */
export interface LogRecord extends TopicPartition {
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: RecordHeaders;
  readonly timestampMs: number;
}

/** One topic as the broker holds it now. */
export interface LogTopic {
  readonly topic: string;
  readonly partitions: number;
  /**
   * The identity of this very log: Kafka's topic id, which changes when a topic is deleted and made again and differs
   * between clusters; for a broker that keeps no history `embedded:<uuid>`, new at every start.
   */
  readonly logId: string;
}

/** How the identity of a log begins that vanishes with its broker. */
export const VANISHING_LOG = 'embedded:';

/**
 * Whether the log of an identity, which may be one from an earlier run, is expected to be found again with all its records. The
 * store stands in for what the others no longer hold.
 */
export const keepsHistory = (logId: string): boolean => !logId.startsWith(VANISHING_LOG);

export interface PartitionOffset extends TopicPartition {
  /** The offset of the next record to read. */
  readonly offset: number;
}

/** A topic is not there (yet): the relay makes it when it starts. */
export class TopicMissing extends Error {
  override readonly name = 'TopicMissing';
}

/** The offset asked for is no longer, or not yet, in the log. */
export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
  constructor(
    readonly topic: string,
    readonly partition: number,
    detail: string,
  ) {
    super(`${partitionName({ topic, partition })}: ${detail}`);
  }
}

/** A client has something to do and gets nothing done: close it, and begin again with a new one. */
export class LogStalled extends Error {
  override readonly name = 'LogStalled';
}

/** The record is larger than the client may send: trying again can't help. */
export class RecordTooLarge extends Error {
  override readonly name = 'RecordTooLarge';
  constructor(
    readonly topic: string,
    readonly partition: number,
    readonly sizeBytes: number,
    readonly limitBytes: number,
  ) {
    super(
      `${partitionName({ topic, partition })}: a value of ${sizeBytes} bytes makes a record larger than the Kafka client may send (${limitBytes} bytes)`,
    );
  }
}

/** A consumer with partitions assigned by hand; offsets are the caller's to keep. */
export interface LogConsumer {
  /** Replaces the whole assignment. */
  readonly assign: (from: ReadonlyArray<PartitionOffset>) => void;
  /**
   * Up to `maxRecords` records, in offset order within each partition; an empty list when none came within the (short)
   * consume time-out. One call at a time. Rejects with {@link OffsetOutOfRange}, and with {@link LogStalled} where there is
   * something to read and nothing comes, or nobody answers what there is.
   */
  readonly poll: (maxRecords: number) => Promise<ReadonlyArray<LogRecord>>;
  /** What offsets the log has left out since the last assignment, as far as it was read: between records, and at its end. */
  readonly gaps: () => ReadonlyArray<OffsetGap>;
  /** The first offset that is still there and the one that the next record will get. */
  readonly watermarks: (topic: string, partition: number) => Promise<{ readonly low: number; readonly high: number }>;
  /**
   * Tells Kafka under the group's name how far the caller is, for Kafka's own tools to show: nothing is ever read back. Rejects
   * where the broker refuses; the answer comes with a later poll. Absent where nobody could look.
   */
  readonly commit?: (offsets: ReadonlyArray<PartitionOffset>) => Promise<void>;
  readonly close: () => Promise<void>;
}

/** A record on its way into Kafka. */
export interface OutgoingRecord extends TopicPartition {
  readonly key: string | Buffer | null;
  readonly value: string | Buffer | null;
  /** One name and value each, in order. */
  readonly headers: ReadonlyArray<Readonly<Record<string, string | Buffer>>>;
  /**
   * Kafka forgets a producer by the time of its records: when a broker is killed, one whose last record is dated a day
   * back (`producer.id.expiration.ms`) is unknown to it afterwards, and what was in flight may then be stored twice.
   */
  readonly timestampMs: number;
  /** Comes back with the delivery report. */
  readonly sequence: number;
}

/** Why a producer is over. */
export interface DeliveryFailure {
  /** As failures are counted; `stalled` where records are in flight and nothing was acknowledged for too long. */
  readonly class: string;
  readonly reason: string;
  /** The record that was reported as refused. A broker refuses whole batches: it may be any record sent with it. */
  readonly record?: TopicPartition & { readonly sequence: number };
}

export interface ProducerOptions {
  /** Upper limit on one record; absent for what the topics of events are made for. */
  readonly maxRecordBytes?: number;
}

/** What a producer tells: calls come on the event loop, those of one partition in the order of sending. */
export interface DeliveryListener {
  /** Kafka has the record, acknowledged by all in-sync replicas. */
  readonly onDelivered: (sequence: number, topic: string) => void;
  /**
   * A record was not delivered, or the client is beyond repair: close this producer, open another, and go on from the
   * last contiguous acknowledgement.
   */
  readonly onFailed: (failure: DeliveryFailure) => void;
}

/** An idempotent producer: acks=all, no time-out, so that a record is either delivered or the producer has failed. */
export interface LogProducer {
  /**
   * Queues a record. `queue-full`: it was not queued; come again with the same record after some acknowledgements, unless
   * the listener is told of a failure meanwhile.
   * Throws {@link RecordTooLarge} where the record can never be sent.
   */
  readonly send: (record: OutgoingRecord) => 'queued' | 'queue-full';
  /** Waits until everything queued is reported on, at most so long; true where nothing is outstanding. */
  readonly flush: (timeoutMs: number) => Promise<boolean>;
  readonly close: () => Promise<void>;
}

/** A topic to be made. */
export interface TopicSpec extends Topic {
  /** Upper limit on a record; absent for what the topics of events take. */
  readonly maxMessageBytes?: number;
}

/** A broker of Kafka's kind: topics with partitions, offsets and timestamps. Whoever uses it asks what it can do, never which one it is. */
export interface EventLog {
  /** Whether what was published is still there after a restart of this process; else the store stands in for it. */
  readonly keepsHistory: boolean;
  /** The partitions that each topic gets, whatever is declared; undefined where the declaration counts. */
  readonly fixedPartitions: number | undefined;
  /** The partition of a topic that the records of a key belong to. */
  readonly partitionOf: (topic: Pick<Topic, 'partitions'>, key: string) => number;
  /** `host:port` list for clients. */
  readonly bootstrapServers: string;
  /** The topics as they are now; rejects where one is missing. */
  readonly describe: (topics: ReadonlyArray<string>) => Promise<ReadonlyArray<LogTopic>>;
  /**
   * Creates the topics that are missing, with their declared partition count and retention, and describes them all as
   * they are (which may differ from the declaration where they existed before). Rejects while no broker answers.
   */
  readonly ensureTopics: (topics: ReadonlyArray<TopicSpec>) => Promise<ReadonlyArray<LogTopic>>;
  /**
   * The settings of topics as the brokers hold them; rejects with ConfigsUnavailable. Absent where a broker has none, as the
   * embedded one.
   */
  readonly settings?: (topics: ReadonlyArray<string>) => Promise<ReadonlyMap<string, TopicConfig>>;
  /** Deletes topics with all their records, and waits until their names are free again. */
  readonly deleteTopics: (topics: ReadonlyArray<string>) => Promise<void>;
  /** The first offset of each partition whose record is at or after a time; its end where there is none. */
  readonly offsetsAtTime: (
    partitions: ReadonlyArray<TopicPartition>,
    timeMs: number,
  ) => Promise<ReadonlyArray<PartitionOffset>>;
  readonly openProducer: (listener: DeliveryListener, options?: ProducerOptions) => Promise<LogProducer>;
  readonly openConsumer: (group: string) => Promise<LogConsumer>;
  /** Why no broker is reached, in the words of the last client that failed; undefined where nothing is known. */
  readonly trouble?: () => string | undefined;
  /** Ends what this process started (the embedded broker); a real cluster goes on. */
  readonly close: () => Promise<void>;
}
