/** Replays the log: reads it from given offsets exactly up to others, with a separate consumer, for one or several readers. */
import type { Clock } from '../../../infra/clock';
import {
  OffsetOutOfRange,
  type LogConsumer,
  type LogRecord,
  type PartitionOffset,
} from '../../../infra/kafka/event-log';
import { GAP_CAUSES, gapText } from '../../../infra/kafka/offset-gaps';
import type { OpenMove } from '../apply/apply';
import { isSamePartition, partitionMap, partitionName, type TopicPartition } from '../../../infra/topic-partition';

/** A partition to read: the next offset to apply, and the offset at which to stop. */
export interface ReplayPartition extends TopicPartition {
  readonly logId: string;
  readonly nextOffset: number;
  readonly untilOffset: number;
}

/** The log does not hold the records to be read, and never will. */
export class ReplayImpossible extends Error {
  override readonly name = 'ReplayImpossible';
}

/** A reader with its own offsets, which receives no record twice. */
export interface LogReader {
  readonly partitions: ReadonlyArray<ReplayPartition>;
  /** When it aborts, the other readers continue without this one. */
  readonly signal: AbortSignal;
}

/** One reader's share of a batch: the records between the offsets of its moves. */
export interface ReaderShare<Reader extends LogReader> {
  readonly reader: Reader;
  readonly moves: ReadonlyArray<OpenMove>;
}

export interface ReplayOptions<Reader extends LogReader> {
  readonly consumer: LogConsumer;
  readonly readers: ReadonlyArray<Reader>;
  /**
   * Prepares the records that any reader still lacks, with a share for each reader that advances; the returned function
   * applies them. One batch is applied at a time, while the next one is fetched and prepared.
   */
  readonly prepare: (
    records: ReadonlyArray<LogRecord>,
    shares: ReadonlyArray<ReaderShare<Reader>>,
  ) => () => Promise<void>;
  readonly clock: Clock;
}

const RECORDS_PER_BATCH = 1_000;
/** After this long without records the log's watermarks are checked. */
const SILENCE_MS = 3_000;

interface Cursor extends ReplayPartition {
  nextOffset: number;
}

interface ReaderState<Reader extends LogReader> {
  readonly reader: Reader;
  readonly cursors: ReadonlyArray<Cursor>;
}

/** Resolves when every reader has read its partitions, or has aborted. Throws {@link ReplayImpossible}. */
export const replayLog = async <Reader extends LogReader>(options: ReplayOptions<Reader>): Promise<void> => {
  const { consumer, readers, prepare, clock } = options;
  const states = readers.map((reader): ReaderState<Reader> => ({ reader, cursors: openCursors(reader) }));
  if (!states.some(isOpen)) return;
  consumer.assign(lowestOffsets(states.filter(isOpen)));
  let applying: Promise<unknown> = Promise.resolve();
  let lastRecordsAtMs = clock.monotonicMs();
  try {
    while (states.some(isOpen)) {
      const { records, shares } = splitRecords(await poll(consumer), states.filter(isOpen));
      const apply = shares.length === 0 ? undefined : prepare(records, shares);
      await applying;
      // When all have aborted, this batch is not applied.
      if (!states.some(({ reader }) => !reader.signal.aborted)) return;
      if (apply !== undefined) {
        lastRecordsAtMs = clock.monotonicMs();
        applying = unlessAborted(apply(), shares);
        // Awaited before the next batch; until then a rejection must not count as unhandled.
        applying.catch(() => undefined);
      } else if (clock.monotonicMs() - lastRecordsAtMs > SILENCE_MS) {
        await assertInLog(
          consumer,
          states.filter(isOpen).flatMap(({ cursors }) => cursors.filter(isCursorOpen)),
        );
        lastRecordsAtMs = clock.monotonicMs();
      }
    }
  } finally {
    await applying;
  }
};

/** Ignores a failure if all readers have aborted meanwhile: their tables may be gone. */
const unlessAborted = async (applying: Promise<void>, shares: ReadonlyArray<ReaderShare<LogReader>>): Promise<void> => {
  try {
    await applying;
  } catch (error) {
    if (!shares.every(({ reader }) => reader.signal.aborted)) throw error;
  }
};

const openCursors = ({ partitions }: LogReader): ReadonlyArray<Cursor> =>
  partitions.map((each): Cursor => ({ ...each })).filter(isCursorOpen);

const isCursorOpen = ({ nextOffset, untilOffset }: ReplayPartition): boolean => nextOffset < untilOffset;

const isOpen = ({ cursors, reader }: ReaderState<LogReader>): boolean =>
  !reader.signal.aborted && cursors.some(isCursorOpen);

/** The lowest next offset of the readers in each partition. */
const lowestOffsets = (states: ReadonlyArray<ReaderState<LogReader>>): Parameters<LogConsumer['assign']>[0] => {
  const lowest = partitionMap<PartitionOffset>();
  for (const { topic, partition, nextOffset: offset } of states.flatMap(({ cursors }) => cursors)) {
    const at = { topic, partition, offset };
    if (offset < (lowest.get(at)?.offset ?? Infinity)) lowest.set(at, at);
  }
  return lowest.values();
};

const poll = async (consumer: LogConsumer): Promise<ReadonlyArray<LogRecord>> => {
  try {
    const records = await consumer.poll(RECORDS_PER_BATCH);
    const gaps = consumer.gaps();
    if (gaps.length > 0) throw new ReplayImpossible(`${gaps.map(gapText).join('; ')}; ${GAP_CAUSES}`);
    return records;
  } catch (error) {
    if (error instanceof OffsetOutOfRange) throw new ReplayImpossible(error.message, { cause: error });
    throw error;
  }
};

/** The records that any reader lacks, with each reader's moves in the partitions in which it advances. Advances the cursors. */
const splitRecords = <Reader extends LogReader>(
  polled: ReadonlyArray<LogRecord>,
  states: ReadonlyArray<ReaderState<Reader>>,
): { readonly records: ReadonlyArray<LogRecord>; readonly shares: ReadonlyArray<ReaderShare<Reader>> } => {
  const before = states.map(({ cursors }) => cursors.map(({ nextOffset }) => nextOffset));
  const cursorsAt = cursorFinder(states.flatMap(({ cursors }) => cursors));
  const records = polled.filter((record) => {
    const { offset } = record;
    let isNeeded = false;
    for (const cursor of cursorsAt(record)) {
      if (offset < cursor.nextOffset) continue;
      // A record beyond the end shows that every record before the end has come, even if the log skips offsets.
      cursor.nextOffset = Math.min(offset + 1, cursor.untilOffset);
      isNeeded ||= offset < cursor.untilOffset;
    }
    return isNeeded;
  });
  const shares = states.map(({ reader, cursors }, index) => ({
    reader,
    moves: movesOf(cursors, before[index] ?? []),
  }));
  return { records, shares: shares.filter(({ moves }) => moves.length > 0) };
};

/** Records of one partition come in runs, so the last result is usually the next one too. */
const cursorFinder = (cursors: ReadonlyArray<Cursor>) => {
  let last: TopicPartition = { topic: '', partition: -1 };
  let found: ReadonlyArray<Cursor> = [];
  return (record: LogRecord): ReadonlyArray<Cursor> => {
    if (!isSamePartition(record, last)) {
      last = { topic: record.topic, partition: record.partition };
      found = cursors.filter((cursor) => isSamePartition(cursor, record));
    }
    return found;
  };
};

const movesOf = (cursors: ReadonlyArray<Cursor>, before: ReadonlyArray<number>): ReadonlyArray<OpenMove> =>
  cursors.flatMap(({ topic, partition, logId, nextOffset }, index) => {
    const fromOffset = before[index] ?? nextOffset;
    return fromOffset === nextOffset ? [] : [{ topic, partition, logId, nextOffset, fromLogId: logId, fromOffset }];
  });

const assertInLog = async (consumer: LogConsumer, cursors: ReadonlyArray<Cursor>): Promise<void> => {
  for (const { topic, partition, nextOffset, untilOffset } of cursors) {
    const { low, high } = await consumer.watermarks(topic, partition);
    if (nextOffset >= low && untilOffset <= high) continue;
    throw new ReplayImpossible(
      `${partitionName({ topic, partition })} was to be read from offset ${nextOffset} to ${untilOffset}, ` +
        `but the log holds only ${low} to ${high}`,
    );
  }
};
