/** Reads a log a second time: from given offsets exactly up to others, with a consumer of its own. */
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

export interface ReplayOptions {
  readonly consumer: LogConsumer;
  readonly partitions: ReadonlyArray<ReplayPartition>;
  /** Takes a batch; the next one is fetched meanwhile, but not handed over before this one is done. */
  readonly apply: (records: ReadonlyArray<LogRecord>, moves: ReadonlyArray<OpenMove>) => Promise<void>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const RECORDS_PER_BATCH = 5_000;
/** When nothing came for so long, the log's ends are looked at. */
const SILENCE_MS = 3_000;

interface Cursor extends ReplayPartition {
  nextOffset: number;
}

/** Resolves when every partition is read, or when the signal aborts. Throws {@link ReplayImpossible}. */
export const replayLog = async ({ consumer, partitions, apply, clock, signal }: ReplayOptions): Promise<void> => {
  const cursors = partitions.map((each): Cursor => ({ ...each })).filter(isOpen);
  if (cursors.length === 0) return;
  consumer.assign(cursors.map(({ topic, partition, nextOffset: offset }) => ({ topic, partition, offset })));
  let applying: Promise<void> = Promise.resolve();
  let heardAtMs = clock.monotonicMs();
  try {
    while (cursors.some(isOpen) && !signal.aborted) {
      const records = await poll(consumer);
      const batch = take(records, cursors);
      await applying;
      if (batch.moves.length > 0) {
        heardAtMs = clock.monotonicMs();
        applying = apply(batch.records, batch.moves);
        // Awaited before the next batch; a failure must not count as unhandled until then.
        applying.catch(() => undefined);
      } else if (clock.monotonicMs() - heardAtMs > SILENCE_MS) {
        await refuseShortLog(consumer, cursors.filter(isOpen));
        heardAtMs = clock.monotonicMs();
      }
    }
  } finally {
    await applying;
  }
};

const isOpen = ({ nextOffset, untilOffset }: ReplayPartition): boolean => nextOffset < untilOffset;

const poll = async (consumer: LogConsumer): Promise<ReadonlyArray<LogRecord>> => {
  try {
    return await consumer.poll(RECORDS_PER_BATCH);
  } catch (error) {
    if (error instanceof OffsetOutOfRange) throw new ReplayImpossible(error.message, { cause: error });
    throw error;
  }
};

/** The records before the ends, with a move for each partition that came further; moves the cursors. */
const take = (
  records: ReadonlyArray<LogRecord>,
  cursors: ReadonlyArray<Cursor>,
): { readonly records: ReadonlyArray<LogRecord>; readonly moves: ReadonlyArray<OpenMove> } => {
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
