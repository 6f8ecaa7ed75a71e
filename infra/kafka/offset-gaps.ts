/**
 * Offsets that a partition should have and does not. Nothing of this engine writes in transactions, so the offsets of its
 * topics have no gaps: where there is one, records were lost (compaction, a transactional producer's markers among them).
 */
import { isSamePartition, partitionName, type TopicPartition } from '../topic-partition';

/** Records that are not in the log, though their offsets were given away. */
export interface OffsetGap extends TopicPartition {
  /** The first offset that is missing, and the next one that is there or will be. */
  readonly expectedOffset: number;
  readonly foundOffset: number;
}

/** Where the next record of a partition has to stand. */
export interface ExpectedOffset extends TopicPartition {
  next: number;
}

/**
 * Notes that a partition has come to an offset: that of a record, or its end. What comes once more, as after a new assignment,
 * is no gap. Returns the gap before it.
 */
export const passTo = (at: ExpectedOffset, offset: number): OffsetGap | undefined => {
  const { topic, partition, next } = at;
  at.next = Math.max(next, offset);
  return offset > next ? { topic, partition, expectedOffset: next, foundOffset: offset } : undefined;
};

/** The gaps that a consumer has met since its assignment. */
export const gapNotes = () => {
  let gaps: OffsetGap[] = [];
  let ends: PartitionEnd[] = [];
  const pass = (at: ExpectedOffset, offset: number): void => {
    const gap = passTo(at, offset);
    if (gap !== undefined) gaps.push(gap);
  };
  return {
    all: (): ReadonlyArray<OffsetGap> => gaps,
    clear: (): void => {
      gaps = [];
    },
    /** Notes a record's offset. */
    pass,
    noteEnd: (end: PartitionEnd): void => void ends.push(end),
    /** After the records of the same poll: an end that was met among them lies behind them. */
    passEnds: (find: (end: PartitionEnd) => ExpectedOffset | undefined): void => {
      for (const end of ends) {
        const at = find(end);
        if (at !== undefined) pass(at, end.offset);
      }
      ends = [];
    },
  };
};

/** The offset at which a partition ends for now. */
interface PartitionEnd extends TopicPartition {
  readonly offset: number;
}

/** The records that stand before any gap of their partition. */
export const beforeGaps = <At extends TopicPartition & { readonly offset: number }>(
  records: ReadonlyArray<At>,
  gaps: ReadonlyArray<OffsetGap>,
): ReadonlyArray<At> =>
  gaps.length === 0
    ? records
    : records.filter(
        (record) => !gaps.some((gap) => isSamePartition(gap, record) && record.offset >= gap.expectedOffset),
      );

/** What is missing, in numbers. */
export const gapText = (gap: OffsetGap): string => {
  const { expectedOffset, foundOffset } = gap;
  const missing = foundOffset - expectedOffset;
  return (
    `${partitionName(gap)}: after offset ${expectedOffset - 1} the log goes on at ${foundOffset}, where ${expectedOffset} was ` +
    `expected: ${missing} ${missing === 1 ? 'record is' : 'records are'} missing`
  );
};

/** Where gaps come from, for whoever has to look. */
export const GAP_CAUSES =
  'nothing of this program leaves gaps, so a cleanup policy with compaction has removed records, or another producer has ' +
  'written to the topic in transactions (its markers take offsets too)';
