/** What the engine needs of Kafka, in its own words: a log of topics that can be described and read. */

/** A record as it came out of Kafka, undecoded. */
export interface LogRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  /** Header names in lower case; a name that came twice keeps its last value. */
  readonly headers: Readonly<Record<string, Buffer>>;
  readonly timestampMs: number;
}

/** One topic as the broker holds it now. */
export interface LogTopic {
  readonly topic: string;
  readonly partitions: number;
  /**
   * The identity of this very log: Kafka's topic id, which changes when a topic is deleted and made again and differs
   * between clusters; for the embedded broker `embedded:<uuid>`, new at every start.
   */
  readonly logId: string;
}

/** Logs of the embedded broker vanish with it; the store stands in for what they no longer hold. */
export const isEmbeddedLog = (logId: string): boolean => logId.startsWith('embedded:');

export interface PartitionOffset {
  readonly topic: string;
  readonly partition: number;
  /** The offset of the next record to read. */
  readonly offset: number;
}

/** The offset asked for is no longer, or not yet, in the log. */
export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
  constructor(
    readonly topic: string,
    readonly partition: number,
    detail: string,
  ) {
    super(`${topic}/${partition}: ${detail}`);
  }
}

/** A consumer with partitions assigned by hand; offsets are the caller's to keep. */
export interface LogConsumer {
  /** Replaces the whole assignment. */
  readonly assign: (from: ReadonlyArray<PartitionOffset>) => void;
  /**
   * Up to `maxRecords` records, in offset order within each partition; an empty list when none came within the (short)
   * consume time-out. One call at a time. Rejects with {@link OffsetOutOfRange}.
   */
  readonly poll: (maxRecords: number) => Promise<ReadonlyArray<LogRecord>>;
  /** The first offset that is still there and the one that the next record will get. */
  readonly watermarks: (topic: string, partition: number) => Promise<{ readonly low: number; readonly high: number }>;
  readonly close: () => Promise<void>;
}

/** A Kafka cluster, real or embedded. */
export interface EventLog {
  readonly kind: 'embedded' | 'real';
  /** `host:port` list for clients. */
  readonly bootstrapServers: string;
  /** The topics as they are now; rejects where one is missing. */
  readonly describe: (topics: ReadonlyArray<string>) => Promise<ReadonlyArray<LogTopic>>;
  readonly openConsumer: (group: string) => Promise<LogConsumer>;
  /** Ends what this process started (the embedded broker); a real cluster goes on. */
  readonly close: () => Promise<void>;
}
