/** Reads a log a second time: from given offsets exactly up to others, with a consumer of its own, for one or several. */
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

/** A partition that is read: where the replay stands, and the offset before which it ends. */
export interface ReplayPartition {
  readonly topic: string;
  readonly partition: number;
  readonly logId: string;
  readonly nextOffset: number;
  readonly untilOffset: number;
}

/** The log does not hold what was to be read, and waiting would not bring it. */
export class ReplayImpossible extends Error {
  override readonly name = 'ReplayImpossible';
}

/** Who reads: each stands where it stands, and gets no record twice. */
export interface LogReader {
  readonly partitions: ReadonlyArray<ReplayPartition>;
  /** Once it aborts, the others go on without this one. */
  readonly signal: AbortSignal;
}

/** What of a batch is one reader's: the records between its own offsets. */
export interface ReaderShare<Reader extends LogReader> {
  readonly reader: Reader;
  readonly moves: ReadonlyArray<OpenMove>;
}

export interface ReplayOptions<Reader extends LogReader> {
  readonly consumer: LogConsumer;
  readonly readers: ReadonlyArray<Reader>;
  /**
   * Gets the records that any reader still lacks ready, with a share for each reader that comes further with them; what it
   * answers applies them. One batch is applied at a time, the next one fetched and made ready meanwhile.
   */
  readonly prepare: (
    records: ReadonlyArray<LogRecord>,
    shares: ReadonlyArray<ReaderShare<Reader>>,
  ) => () => Promise<void>;
  readonly clock: Clock;
}

const RECORDS_PER_BATCH = 1_000;
/** When nothing came for so long, the log's ends are looked at. */
const SILENCE_MS = 3_000;

interface Cursor extends ReplayPartition {
  nextOffset: number;
}

interface Reading<Reader extends LogReader> {
  readonly reader: Reader;
  readonly cursors: ReadonlyArray<Cursor>;
}

/** Resolves when every reader has read its partitions, or has aborted. Throws {@link ReplayImpossible}. */
export const replayLog = async <Reader extends LogReader>(options: ReplayOptions<Reader>): Promise<void> => {
  const { consumer, readers, prepare, clock } = options;
  const readings = readers.map((reader): Reading<Reader> => ({ reader, cursors: openCursors(reader) }));
  if (!readings.some(isOpen)) return;
  consumer.assign(lowestOffsets(readings.filter(isOpen)));
  let applying: Promise<unknown> = Promise.resolve();
  let heardAtMs = clock.monotonicMs();
  try {
    while (readings.some(isOpen)) {
      const { records, shares } = take(await poll(consumer), readings.filter(isOpen));
      const apply = shares.length === 0 ? undefined : prepare(records, shares);
      await applying;
      // Where all have aborted, what they stand at is what was applied before.
      if (!readings.some(({ reader }) => !reader.signal.aborted)) return;
      if (apply !== undefined) {
        heardAtMs = clock.monotonicMs();
        applying = unlessAborted(apply(), shares);
        // Awaited before the next batch; a failure must not count as unhandled until then.
        applying.catch(() => undefined);
      } else if (clock.monotonicMs() - heardAtMs > SILENCE_MS) {
        await refuseShortLog(
          consumer,
          readings.filter(isOpen).flatMap(({ cursors }) => cursors.filter(isCursorOpen)),
        );
        heardAtMs = clock.monotonicMs();
      }
    }
  } finally {
    await applying;
  }
};

/** Readers that have aborted meanwhile may have lost what they write to. */
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

const isOpen = ({ cursors, reader }: Reading<LogReader>): boolean =>
  !reader.signal.aborted && cursors.some(isCursorOpen);

/** Where the first of the readers stands in each partition. */
const lowestOffsets = (readings: ReadonlyArray<Reading<LogReader>>): Parameters<LogConsumer['assign']>[0] => {
  const lowest = partitionMap<PartitionOffset>();
  for (const { topic, partition, nextOffset: offset } of readings.flatMap(({ cursors }) => cursors)) {
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

/** The records that any reader lacks, with each reader's moves for the partitions in which it came further; moves the cursors. */
const take = <Reader extends LogReader>(
  polled: ReadonlyArray<LogRecord>,
  readings: ReadonlyArray<Reading<Reader>>,
): { readonly records: ReadonlyArray<LogRecord>; readonly shares: ReadonlyArray<ReaderShare<Reader>> } => {
  const before = readings.map(({ cursors }) => cursors.map(({ nextOffset }) => nextOffset));
  const cursorsAt = cursorFinder(readings.flatMap(({ cursors }) => cursors));
  const records = polled.filter((record) => {
    const { offset } = record;
    let isTaken = false;
    for (const cursor of cursorsAt(record)) {
      if (offset < cursor.nextOffset) continue;
      // Beyond the end: then everything before it has come, whatever offsets the log has left out.
      cursor.nextOffset = Math.min(offset + 1, cursor.untilOffset);
      isTaken ||= offset < cursor.untilOffset;
    }
    return isTaken;
  });
  const shares = readings.map(({ reader, cursors }, index) => ({
    reader,
    moves: movesOf(cursors, before[index] ?? []),
  }));
  return { records, shares: shares.filter(({ moves }) => moves.length > 0) };
};

/** Records of one partition come in runs: the place that was found last is usually the next one. */
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

const refuseShortLog = async (consumer: LogConsumer, cursors: ReadonlyArray<Cursor>): Promise<void> => {
  for (const { topic, partition, nextOffset, untilOffset } of cursors) {
    const { low, high } = await consumer.watermarks(topic, partition);
    if (nextOffset >= low && untilOffset <= high) continue;
    throw new ReplayImpossible(
      `${partitionName({ topic, partition })} was to be read from offset ${nextOffset} to ${untilOffset}, ` +
        `but the log now holds ${low} to ${high}`,
    );
  }
};
