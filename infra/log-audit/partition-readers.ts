/** Reads the partitions of a log independently of each other, with a bounded number of records in memory. */
import type { Clock } from '../clock';
import type { LogConsumer, LogRecord } from '../kafka/event-log';
import type { OffsetGap } from '../kafka/offset-gaps';
import { byPartition, partitionName, type TopicPartition } from '../topic-partition';

/** A partition with its watermarks when reading began. */
export interface LogRange extends TopicPartition {
  readonly low: number;
  readonly high: number;
}

export interface PartitionReaders {
  /** The next record of a partition; undefined at its end. */
  readonly peek: (at: TopicPartition) => Promise<LogRecord | undefined>;
  /** Moves past that record. */
  readonly advance: (at: TopicPartition) => void;
  /** The offsets without a record that were found so far. */
  readonly gaps: () => ReadonlyArray<OffsetGap>;
}

/** Above this number of buffered records, partitions that are far ahead of the others are paused. */
const MAX_BUFFERED_RECORDS = 12_000;
const FAR_AHEAD_RECORDS = 2_000;
/**
 * Partitions with fewer buffered records are assigned: an assignment costs a round of fetches, which has to bring many more.
 */
const MIN_BUFFERED_RECORDS = 500;
const RECORDS_PER_POLL = 2_000;
/** How long to wait for a record before giving up. */
const TIMEOUT_MS = 30_000;

interface PartitionBuffer extends LogRange {
  /** Fetched records; the first `consumed` of them are past already. */
  records: LogRecord[];
  consumed: number;
  nextOffset: number;
}

/** Starts at the low watermark of each partition. */
export const partitionReaders = (
  consumer: LogConsumer,
  ranges: ReadonlyArray<LogRange>,
  clock: Clock,
): PartitionReaders => {
  const buffers = byPartition(
    ranges.map((range): PartitionBuffer => ({ ...range, records: [], consumed: 0, nextOffset: range.low })),
  );
  let assigned = new Set<PartitionBuffer>();
  const gaps = new Map<string, OffsetGap>();

  const buffered = ({ records, consumed }: PartitionBuffer): number => records.length - consumed;
  const allBuffered = (): number => buffers.values().reduce((sum, each) => sum + buffered(each), 0);

  const assign = (partitions: ReadonlyArray<PartitionBuffer>): void => {
    assigned = new Set(partitions);
    consumer.assign(partitions.map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset })));
  };

  const fill = async (buffer: PartitionBuffer): Promise<void> => {
    const isFull = allBuffered() > MAX_BUFFERED_RECORDS;
    const isAhead = isFull && [...assigned].some((each) => buffered(each) > FAR_AHEAD_RECORDS);
    if (isAhead || !assigned.has(buffer)) {
      assign(buffers.values().filter((each) => each.nextOffset < each.high && buffered(each) < MIN_BUFFERED_RECORDS));
    }
    for (const record of await consumer.poll(RECORDS_PER_POLL)) {
      const at = buffers.get(record);
      // Records that were fetched before an assignment may still arrive after it.
      if (at === undefined || record.offset < at.nextOffset) continue;
      at.nextOffset = record.offset + 1;
      if (record.offset < at.high) at.records.push(record);
    }
    for (const gap of consumer.gaps()) noteGap(gap);
  };

  const noteGap = (gap: OffsetGap): void => {
    const at = buffers.get(gap);
    if (at === undefined || gap.expectedOffset >= at.high) return;
    const foundOffset = Math.min(gap.foundOffset, at.high);
    gaps.set(`${partitionName(gap)} ${gap.expectedOffset}`, { ...gap, foundOffset });
    // A gap up to the end of the partition is not followed by any record.
    at.nextOffset = Math.max(at.nextOffset, foundOffset);
  };

  const bufferOf = (at: TopicPartition): PartitionBuffer => {
    const buffer = buffers.get(at);
    if (buffer === undefined) throw new Error(`${partitionName(at)} is not read`);
    return buffer;
  };

  return {
    gaps: () => [...gaps.values()],
    peek: async (at) => {
      const buffer = bufferOf(at);
      const sinceMs = clock.monotonicMs();
      while (buffer.consumed >= buffer.records.length && buffer.nextOffset < buffer.high) {
        await fill(buffer);
        if (clock.monotonicMs() - sinceMs > TIMEOUT_MS) {
          throw new Error(
            `no record of ${partitionName(at)} from offset ${buffer.nextOffset} on within ${TIMEOUT_MS} ms, although it ends at ${buffer.high}`,
          );
        }
      }
      return buffer.records[buffer.consumed];
    },
    advance: (at) => {
      const buffer = bufferOf(at);
      buffer.consumed += 1;
      if (buffer.consumed < 1_000 && buffer.consumed < buffer.records.length) return;
      buffer.records = buffer.records.slice(buffer.consumed);
      buffer.consumed = 0;
    },
  };
};
