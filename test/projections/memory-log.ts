/**
 * A log in memory, for tests that need thousands of small logs: the laws of a rebuild. Rebuilds on a real broker are
 * tested elsewhere.
 */
import type { EventLog, LogConsumer, LogRecord } from '../../infra/kafka/event-log';
import { partitionFor } from '../../infra/kafka/placement';
import { passTo, type ExpectedOffset, type OffsetGap } from '../../infra/kafka/offset-gaps';
import { LOG_ID } from './views-fixture';

export interface MemoryLogOptions {
  readonly keepsHistory?: boolean;
  readonly records: ReadonlyArray<LogRecord>;
  readonly logId?: string;
  /** Records before this offset are deleted. */
  readonly low?: number;
  /** Upper limit on the records of a poll. */
  readonly pollSize?: () => number;
}

/** A log of topics with four partitions each that never changes. */
export const memoryLog = ({
  keepsHistory = true,
  records,
  logId = LOG_ID,
  low = 0,
  pollSize,
}: MemoryLogOptions): EventLog => ({
  keepsHistory,
  fixedPartitions: undefined,
  partitionOf: partitionFor,
  bootstrapServers: '',
  describe: async (topics) => Promise.resolve(topics.map((topic) => ({ topic, partitions: 4, logId }))),
  ensureTopics: async () => Promise.reject(new Error('nobody makes topics here')),
  deleteTopics: async () => Promise.reject(new Error('nobody deletes topics here')),
  offsetsAtTime: async () => Promise.reject(new Error('nobody asks for times here')),
  openProducer: async () => Promise.reject(new Error('nobody produces here')),
  openConsumer: async () => Promise.resolve(consumerOf(records, low, pollSize ?? (() => 5_000))),
  close: async () => Promise.resolve(),
});

const consumerOf = (records: ReadonlyArray<LogRecord>, low: number, pollSize: () => number): LogConsumer => {
  let waiting: LogRecord[] = [];
  let gaps: OffsetGap[] = [];
  let expected: ExpectedOffset[] = [];
  return {
    assign: (from) => {
      gaps = [];
      expected = from.map(({ topic, partition, offset }) => ({ topic, partition, next: Math.max(offset, low) }));
      waiting = records.filter((record) =>
        from.some(
          ({ topic, partition, offset }) =>
            topic === record.topic && partition === record.partition && record.offset >= Math.max(offset, low),
        ),
      );
    },
    poll: async () => {
      const records = waiting.splice(0, pollSize());
      for (const { topic, partition, offset } of records) {
        const at = expected.find((each) => each.topic === topic && each.partition === partition);
        const gap = at === undefined ? undefined : passTo(at, offset);
        if (gap !== undefined) gaps.push(gap);
        if (at !== undefined) at.next = Math.max(at.next, offset + 1);
      }
      return Promise.resolve(records);
    },
    gaps: () => gaps,
    watermarks: async (topic, partition) => {
      const own = records.filter((record) => record.topic === topic && record.partition === partition);
      return Promise.resolve({ low, high: (own.at(-1)?.offset ?? -1) + 1 });
    },
    close: async () => Promise.resolve(),
  };
};
