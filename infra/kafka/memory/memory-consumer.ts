/** The reading side of the log in memory. */
import type { Clock } from '../../clock';
import type { TopicPartition } from '../../topic-partition';
import { OffsetOutOfRange, type LogConsumer, type LogRecord } from '../event-log';

/** The partitions of the topics that there are. */
export type MemoryTopics = Map<string, { readonly logId: string; readonly partitions: LogRecord[][] }>;

/** How long a poll waits for the first record. */
const POLL_MS = 10;

/** Opens one with nothing assigned. */
export const memoryConsumer = (topics: MemoryTopics, clock: Pick<Clock, 'sleep'>): LogConsumer => {
  let positions: (TopicPartition & { next: number })[] = [];
  const recordsOf = (topic: string, partition: number): ReadonlyArray<LogRecord> =>
    topics.get(topic)?.partitions[partition] ?? [];

  const take = (maxRecords: number): ReadonlyArray<LogRecord> => {
    const taken: LogRecord[] = [];
    for (const at of positions) {
      const records = recordsOf(at.topic, at.partition);
      if (at.next > records.length) {
        const detail = `the offset ${at.next} is asked for, and the log ends at ${records.length}`;
        throw new OffsetOutOfRange(at.topic, at.partition, detail);
      }
      const page = records.slice(at.next, at.next + maxRecords - taken.length);
      at.next += page.length;
      taken.push(...page);
    }
    // Whoever was last is first next time: a busy partition keeps none of the others waiting.
    positions = [...positions.slice(1), ...positions.slice(0, 1)];
    return taken;
  };

  return {
    assign: (from) => {
      positions = from.map(({ topic, partition, offset }) => ({ topic, partition, next: offset }));
    },
    poll: async (maxRecords) => {
      await Promise.resolve();
      const taken = take(maxRecords);
      if (taken.length > 0) return taken;
      await clock.sleep(POLL_MS);
      return take(maxRecords);
    },
    gaps: () => [],
    watermarks: async (topic, partition) => Promise.resolve({ low: 0, high: recordsOf(topic, partition).length }),
    close: async () => {
      positions = [];
      return Promise.resolve();
    },
  };
};
