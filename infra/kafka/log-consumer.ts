/** The consumer: partitions assigned by hand, records pulled in batches, offsets committed for Kafka's own tools alone. */
import type { KafkaConsumer as Client, LibrdKafkaError, Message } from '@confluentinc/kafka-javascript';
import type { Clock } from '../clock';
import { exclusive } from '../exclusive';
import type { Logger } from '../logger';
import { answerOf, errorCodes, KafkaError, kafkaError } from './client-errors';
import { clientTokens } from './client-tokens';
import { connectClient, disconnect, watchClient } from './client-lifecycle';
import { settingsOfKind, type ClientSettings } from './client-settings';
import type { ConnectionTrouble } from './connection-trouble';
import { LogStalled, OffsetOutOfRange, type LogConsumer, type LogRecord, type PartitionOffset } from './event-log';
import type { ReadWatermarks } from './log-offsets';
import { KafkaConsumer } from './native-client';
import { gapNotes, type ExpectedOffset } from './offset-gaps';
import { recordHeaders } from './record-headers';
import { stallWatch, type WatchedPosition } from './stall-watch';
import { byPartition, partitionMap, partitionName } from '../topic-partition';

const consumerPromises = {
  'enable.auto.commit': false,
  'enable.auto.offset.store': false,
  offset_commit_cb: true,
  'auto.offset.reset': 'error',
  // Tells how far a partition goes, also where its last offsets hold no record.
  'enable.partition.eof': true,
} as const;

const consumerDefaults = {
  // A full queue is looked at again after so long; the default of a second would set the pace of a rebuild.
  'fetch.queue.backoff.ms': 5,
  // The fetch settings decide the memory of a consumer, for a fetch is unpacked whole: with 8 MB of lz4 in one, four groups
  // came to 600 MB, with these to half of that, and none was slower. A rebuild with four times as much in its one consumer
  // was no faster either, and took 80 MB more.
  'queued.max.messages.kbytes': 2_048,
  'fetch.max.bytes': 1_048_576,
  'max.partition.fetch.bytes': 131_072,
} as const;

/** Makes a client that is not connected yet. Throws where a setting can't be. */
export const makeConsumer = (settings: ClientSettings, group: string, defaults: ClientSettings = {}): Client =>
  // No second argument: with one, even an empty one, the client drops the topic settings of the first.
  new KafkaConsumer(
    settingsOfKind(settings, { ...consumerDefaults, ...defaults }, { ...consumerPromises, 'group.id': group }),
  );

const POLL_TIMEOUT_MS = 100;
/** With something to read and nothing read for so long, or nobody who says what there is, a consumer is given up. */
const STALL_TIMEOUT_MS = 20_000;

export interface LogConsumerOptions {
  readonly settings: ClientSettings;
  readonly group: string;
  readonly readWatermarks: ReadWatermarks;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How long the broker may hold a fetch that finds nothing; a real one answers as soon as there is something. */
  readonly fetchWaitMs?: number;
  /** Whether there is anybody who could look at them. */
  readonly commitsOffsets?: boolean;
  readonly trouble?: ConnectionTrouble;
  /** How long there may be something to read and nothing come; absent for the usual bound. */
  readonly stallTimeoutMs?: number;
}

/** Connects a consumer. Rejects where no broker answers. */
export const openLogConsumer = async (options: LogConsumerOptions): Promise<LogConsumer> => {
  const { settings, group, readWatermarks, clock, logger, trouble } = options;
  const fetchWait = options.fetchWaitMs === undefined ? {} : { 'fetch.wait.max.ms': options.fetchWaitMs };
  const tokens = clientTokens(settings);
  const client = makeConsumer(tokens.settings, group, fetchWait);
  client.on('connection.failure', tokens.end);
  const name = `consumer ${group}`;
  watchClient(client, name, logger, trouble === undefined ? {} : { trouble });
  await connectClient(client, name);
  client.setDefaultConsumeTimeout(POLL_TIMEOUT_MS);
  // What has been fetched is handed out at once, not held until the time-out. The types leave the method out.
  (client as TimeoutOnlyForFirst).setDefaultIsTimeoutOnlyForFirstMessage(true);
  const { stallTimeoutMs = STALL_TIMEOUT_MS } = options;
  const reading = assignedReading({ client, clock, readWatermarks, stallTimeoutMs });
  // Polls that overlapped would starve libuv's threads, and one in flight must not meet the disconnection.
  const inTurn = exclusive();
  let closing: Promise<void> | undefined;
  return {
    assign: reading.assign,
    ...(options.commitsOffsets === true ? { commit: commitsOf(client) } : {}),
    gaps: reading.gaps,
    poll: (maxRecords) => inTurn(() => reading.poll(maxRecords)),
    watermarks: async (topic, partition) => {
      const [bounds] = await readWatermarks([{ topic, partition }]);
      if (bounds === undefined) throw new Error(`no answer about ${partitionName({ topic, partition })}`);
      return { low: bounds.low, high: bounds.high };
    },
    close: () => {
      tokens.end();
      closing ??= inTurn(() => disconnect(name, logger, (callback) => client.disconnect(callback)));
      return closing;
    },
  };
};

/** Each answer is that of the oldest commit that has none yet: the client sends them one after another. */
const commitsOf = (client: Client): NonNullable<LogConsumer['commit']> => {
  const waiting: ((error: LibrdKafkaError | null | undefined) => void)[] = [];
  client.on('offset.commit', (error: LibrdKafkaError | null | undefined) => waiting.shift()?.(error));
  return (offsets) =>
    new Promise((resolve, reject) => {
      client.commit(offsets.map((each) => ({ ...each })));
      waiting.push((error) => {
        if (error === null || error === undefined) resolve();
        else reject(kafkaError('commit', error));
      });
    });
};

type TimeoutOnlyForFirst = Client & {
  readonly setDefaultIsTimeoutOnlyForFirstMessage: (only: boolean) => void;
};

interface ReadingOptions {
  readonly client: Client;
  readonly clock: Clock;
  readonly readWatermarks: ReadWatermarks;
  readonly stallTimeoutMs: number;
}

interface Position extends ExpectedOffset, WatchedPosition {
  next: number;
  /** Whether a record came since the last look. */
  moved: boolean;
}

const startingPosition = ({ topic, partition, offset }: PartitionOffset): Position => ({
  topic,
  partition,
  next: offset,
  moved: false,
  behindSinceMs: undefined,
});

const advance = (position: Position, offset: number): void => {
  position.next = Math.max(position.next, offset + 1);
  position.moved = true;
  position.behindSinceMs = undefined;
};

/**
 * Partitions that were read before are being stopped after an assignment. Another one that met one in between would end the
 * whole process: the client stops it twice and aborts at the second answer. Questions wait in the same queue: the first one is
 * answered behind the stop, the second one behind its answer.
 */
const waitBehindStops = (client: Client): void => {
  client.assignments();
  client.assignments();
};

/**
 * Reads what is assigned and finds the partitions whose offset the broker does not have. The client's error for that
 * names no partition, and it is dropped without a word where the same batch holds records of other partitions: so
 * partitions that stand still are compared with the broker's watermarks, at the first poll and from time to time.
 */
const assignedReading = ({ client, clock, readWatermarks, stallTimeoutMs }: ReadingOptions) => {
  let positions = partitionMap<Position>();
  const gaps = gapNotes();
  client.on('partition.eof', gaps.noteEnd);
  let checkAtMs = 0;
  const watch = stallWatch(clock, stallTimeoutMs);

  const assign = (from: ReadonlyArray<PartitionOffset>): void => {
    positions = byPartition(from.map(startingPosition));
    gaps.clear();
    checkAtMs = clock.monotonicMs();
    client.assign(from.map((each) => ({ ...each })));
    waitBehindStops(client);
  };

  /** Throws OffsetOutOfRange for the first partition that stands outside of the broker's log. */
  const checkStanding = async (): Promise<void> => {
    const unmoved = positions.values().filter(({ moved }) => !moved);
    const bounds = await readWatermarks(unmoved);
    unmoved.forEach(({ topic, partition, next }, index) => {
      const { low, high } = bounds[index] ?? { low: next, high: next };
      if (next >= low && next <= high) return;
      throw new OffsetOutOfRange(topic, partition, `offset ${next} is not in the log, which holds ${low} to ${high}`);
    });
    unmoved.forEach((position, index) => watch.failIfBehind(position, bounds[index]?.high ?? position.next));
  };

  const checkInTime = async (): Promise<void> => {
    const nowMs = clock.monotonicMs();
    if (nowMs < checkAtMs) return;
    try {
      await checkStanding();
      watch.answered();
    } catch (error) {
      if (error instanceof OffsetOutOfRange || error instanceof LogStalled) throw error;
      watch.failIfUnanswered(error);
    }
    const all = positions.values();
    checkAtMs = clock.monotonicMs() + watch.pauseMs(all);
    for (const position of all) position.moved = false;
  };

  const explained = async (error: unknown): Promise<ReadonlyArray<LogRecord>> => {
    if (!(error instanceof KafkaError) || error.code !== errorCodes.ERR__AUTO_OFFSET_RESET) throw error;
    for (const position of positions.values()) position.moved = false;
    await checkStanding();
    // The log has come round (a broker that was behind, say): read on from where each partition stands.
    assign(positions.values().map(({ topic, partition, next }) => ({ topic, partition, offset: next })));
    return [];
  };

  const poll = async (maxRecords: number): Promise<ReadonlyArray<LogRecord>> => {
    await checkInTime();
    try {
      const messages = await answerOf<Message[]>('poll', (callback) => {
        client.consume(maxRecords, callback);
      });
      watch.polled(messages.length, maxRecords);
      for (const message of messages) {
        const position = positions.get(message);
        if (position === undefined) continue;
        gaps.pass(position, message.offset);
        advance(position, message.offset);
      }
      gaps.passEnds(positions.get);
      return messages.map(recordOf);
    } catch (error) {
      return explained(error);
    }
  };

  return { assign, poll, gaps: gaps.all };
};

const recordOf = ({ topic, partition, offset, key, value, timestamp, headers }: Message): LogRecord => ({
  topic,
  partition,
  offset,
  key: bytesOf(key),
  value,
  headers: recordHeaders(headers),
  timestampMs: timestamp ?? 0,
});

/** The types allow a key that is text; the binding hands out bytes. */
const bytesOf = (key: Buffer | string | null | undefined): Buffer | null =>
  typeof key === 'string' ? Buffer.from(key) : (key ?? null);
