/** Reads partitions of a log side by side, each at its own pace, with a bounded number of records in memory. */
import type { Clock } from '../clock';
import type { LogConsumer, LogRecord } from '../kafka/event-log';
import type { OffsetGap } from '../kafka/offset-gaps';
import { byPartition, partitionName, type TopicPartition } from '../topic-partition';

/** A partition from one offset up to another, as it was when reading began. */
export interface LogRange extends TopicPartition {
  readonly low: number;
  readonly high: number;
}

export interface PartitionReaders {
  /** The next record of a partition; undefined at its end. */
  readonly head: (at: TopicPartition) => Promise<LogRecord | undefined>;
  /** Steps over that record. */
  readonly advance: (at: TopicPartition) => void;
  /** The offsets that were missing so far between the ends. */
  readonly gaps: () => ReadonlyArray<OffsetGap>;
}

/** Above so many records in all, partitions that are far ahead of the others are not read on. */
const MAX_RECORDS = 12_000;
const FAR_AHEAD_RECORDS = 2_000;
/**
 * Partitions that hold fewer are read on: an assignment costs a round of fetches, so that it must bring many more than this.
 */
const MIN_RECORDS = 500;
const RECORDS_PER_POLL = 2_000;
/** A log that gives nothing for so long is not read any further. */
const SILENCE_MS = 30_000;

interface Reading extends LogRange {
  /** Read, and not stepped over. */
  waiting: LogRecord[];
  taken: number;
  next: number;
}

/** Starts at the low end of each range. */
export const partitionReaders = (
  consumer: LogConsumer,
  ranges: ReadonlyArray<LogRange>,
  clock: Clock,
): PartitionReaders => {
  const readings = byPartition(ranges.map((range): Reading => ({ ...range, waiting: [], taken: 0, next: range.low })));
  let assigned = new Set<Reading>();
  const gaps = new Map<string, OffsetGap>();

  const held = ({ waiting, taken }: Reading): number => waiting.length - taken;
  const allHeld = (): number => readings.values().reduce((sum, each) => sum + held(each), 0);

  const assign = (wanted: ReadonlyArray<Reading>): void => {
    assigned = new Set(wanted);
    consumer.assign(wanted.map(({ topic, partition, next: offset }) => ({ topic, partition, offset })));
  };

  const fill = async (reading: Reading): Promise<void> => {
    const isFull = allHeld() > MAX_RECORDS;
    const isAhead = isFull && [...assigned].some((each) => held(each) > FAR_AHEAD_RECORDS);
    if (isAhead || !assigned.has(reading)) {
      assign(readings.values().filter((each) => each.next < each.high && held(each) < MIN_RECORDS));
    }
    for (const record of await consumer.poll(RECORDS_PER_POLL)) {
      const at = readings.get(record);
      // What was fetched before an assignment may still come after it.
      if (at === undefined || record.offset < at.next) continue;
      at.next = record.offset + 1;
      if (record.offset < at.high) at.waiting.push(record);
    }
    for (const gap of consumer.gaps()) noteGap(gap);
  };

  const noteGap = (gap: OffsetGap): void => {
    const at = readings.get(gap);
    if (at === undefined || gap.expectedOffset >= at.high) return;
    const foundOffset = Math.min(gap.foundOffset, at.high);
    gaps.set(`${partitionName(gap)} ${gap.expectedOffset}`, { ...gap, foundOffset });
    // Where nothing stands up to the end, nothing will come.
    at.next = Math.max(at.next, foundOffset);
  };

  const readingOf = (at: TopicPartition): Reading => {
    const reading = readings.get(at);
    if (reading === undefined) throw new Error(`${partitionName(at)} is not read`);
    return reading;
  };

  return {
    gaps: () => [...gaps.values()],
    head: async (at) => {
      const reading = readingOf(at);
      const sinceMs = clock.monotonicMs();
      while (reading.taken >= reading.waiting.length && reading.next < reading.high) {
        await fill(reading);
        if (clock.monotonicMs() - sinceMs > SILENCE_MS) {
          throw new Error(
            `${partitionName(at)} gave nothing from offset ${reading.next} on, and ends at ${reading.high}`,
          );
        }
      }
      return reading.waiting[reading.taken];
    },
    advance: (at) => {
      const reading = readingOf(at);
      reading.taken += 1;
      if (reading.taken < 1_000 && reading.taken < reading.waiting.length) return;
      reading.waiting = reading.waiting.slice(reading.taken);
      reading.taken = 0;
    },
  };
};
