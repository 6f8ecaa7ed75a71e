/** Reads a log a second time: from given offsets exactly up to others, with a consumer of its own, for one or several. */
import type { Clock } from '../../infra/clock';
import { OffsetOutOfRange, type LogConsumer, type LogRecord } from '../../infra/kafka/event-log';
import type { OpenMove } from './packed-batch';

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
  /** Takes a batch; the next one is fetched meanwhile, but not handed over before this one is done. */
  readonly apply: (records: ReadonlyArray<LogRecord>, moves: ReadonlyArray<OpenMove>) => Promise<void>;
  /** Once it aborts, the others go on without this one. */
  readonly signal: AbortSignal;
}

export interface ReplayOptions {
  readonly consumer: LogConsumer;
  readonly readers: ReadonlyArray<LogReader>;
  readonly clock: Clock;
}

const RECORDS_PER_BATCH = 1_000;
/** When nothing came for so long, the log's ends are looked at. */
const SILENCE_MS = 3_000;

interface Cursor extends ReplayPartition {
  nextOffset: number;
}

interface Reading extends LogReader {
  readonly cursors: ReadonlyArray<Cursor>;
}

/** Resolves when every reader has read its partitions, or has aborted. Throws {@link ReplayImpossible}. */
export const replayLog = async ({ consumer, readers, clock }: ReplayOptions): Promise<void> => {
  const readings = readers.map((reader): Reading => ({ ...reader, cursors: openCursors(reader) }));
  if (!readings.some(isOpen)) return;
  consumer.assign(lowestOffsets(readings.filter(isOpen)));
  let applying: Promise<unknown> = Promise.resolve();
  let heardAtMs = clock.monotonicMs();
  try {
    while (readings.some(isOpen)) {
      const records = await poll(consumer);
      await applying;
      const batches = readings.filter(isOpen).map((reading) => ({ reading, batch: take(records, reading.cursors) }));
      const due = batches.filter(({ batch }) => batch.moves.length > 0);
      if (due.length > 0) {
        heardAtMs = clock.monotonicMs();
        applying = Promise.all(due.map(({ reading, batch }) => applyTo(reading, batch)));
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

const openCursors = ({ partitions }: LogReader): ReadonlyArray<Cursor> =>
  partitions.map((each): Cursor => ({ ...each })).filter(isCursorOpen);

const isCursorOpen = ({ nextOffset, untilOffset }: ReplayPartition): boolean => nextOffset < untilOffset;

const isOpen = ({ cursors, signal }: Reading): boolean => !signal.aborted && cursors.some(isCursorOpen);

/** Where the first of the readers stands in each partition. */
const lowestOffsets = (readings: ReadonlyArray<Reading>): Parameters<LogConsumer['assign']>[0] => {
  const lowest = new Map<string, { readonly topic: string; readonly partition: number; readonly offset: number }>();
  for (const { topic, partition, nextOffset: offset } of readings.flatMap(({ cursors }) => cursors)) {
    const place = `${topic}/${partition}`;
    if (offset < (lowest.get(place)?.offset ?? Infinity)) lowest.set(place, { topic, partition, offset });
  }
  return [...lowest.values()];
};

const poll = async (consumer: LogConsumer): Promise<ReadonlyArray<LogRecord>> => {
  try {
    return await consumer.poll(RECORDS_PER_BATCH);
  } catch (error) {
    if (error instanceof OffsetOutOfRange) throw new ReplayImpossible(error.message, { cause: error });
    throw error;
  }
};

interface Batch {
  readonly records: ReadonlyArray<LogRecord>;
  readonly moves: ReadonlyArray<OpenMove>;
}

/** A reader that has aborted meanwhile may have lost its tables, and the others go on. */
const applyTo = async ({ apply, signal }: Reading, { records, moves }: Batch): Promise<void> => {
  try {
    await apply(records, moves);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
};

/** The records before the ends, with a move for each partition that came further; moves the cursors. */
const take = (records: ReadonlyArray<LogRecord>, cursors: ReadonlyArray<Cursor>): Batch => {
  const byPlace = new Map(cursors.map((cursor) => [`${cursor.topic}/${cursor.partition}`, cursor]));
  const from = cursors.map(({ nextOffset }) => nextOffset);
  const taken = records.filter(({ topic, partition, offset }) => {
    const cursor = byPlace.get(`${topic}/${partition}`);
    if (cursor === undefined || offset < cursor.nextOffset) return false;
    // Beyond the end: then everything before it has come, whatever offsets the log has left out.
    cursor.nextOffset = Math.min(offset + 1, cursor.untilOffset);
    return offset < cursor.untilOffset;
  });
  const moves = cursors.flatMap(({ topic, partition, logId, nextOffset }, index) => {
    const fromOffset = from[index] ?? nextOffset;
    return fromOffset === nextOffset ? [] : [{ topic, partition, logId, nextOffset, fromLogId: logId, fromOffset }];
  });
  return { records: taken, moves };
};

const refuseShortLog = async (consumer: LogConsumer, cursors: ReadonlyArray<Cursor>): Promise<void> => {
  for (const { topic, partition, nextOffset, untilOffset } of cursors) {
    const { low, high } = await consumer.watermarks(topic, partition);
    if (nextOffset >= low && untilOffset <= high) continue;
    throw new ReplayImpossible(
      `${topic}/${partition} was to be read from offset ${nextOffset} to ${untilOffset}, ` +
        `but the log now holds ${low} to ${high}`,
    );
  }
};
