/** Where a rebuild's events come from: the log from offset zero, or the store. Both end where the group in service stands. */
import type { Clock } from '../../../infra/clock';
import { checkpointAt, highWaterAt, type Checkpoint } from '../../../infra/consumption/checkpoints/checkpoints';
import type { EventLog, LogConsumer, LogRecord } from '../../../infra/kafka/event-log';
import { replayLog, ReplayImpossible, type LogReader, type ReaderShare } from './replay-log';
import { packBatch, transferable } from '../apply/apply';
import type { RebuildProgressNotes } from './progress';
import { rebuildConsumer } from '../generations/generations';
import type { ViewsClient } from '../writer-thread/writer-thread';
import { byPartition, partitionName } from '../../../infra/topic-partition';

export interface RebuildReading {
  readonly client: ViewsClient;
  readonly id: number;
  readonly projection: string;
  readonly topics: ReadonlyArray<string>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly progress: RebuildProgressNotes;
  /** Of a copy: the last position that belongs into it. */
  readonly untilPosition: number | null;
}

/** A way to read what the shadow does not hold yet. */
export interface RebuildEvents {
  /** Reads up to where the group stands now; after an abort it may end earlier. */
  readonly catchUp: () => Promise<void>;
  /** How many events the group has come further since. */
  readonly behind: () => Promise<number>;
}

/** How far the group and the shadow have come, partition by partition. */
interface Standing {
  readonly live: ReadonlyArray<Checkpoint>;
  readonly shadow: ReadonlyArray<Checkpoint>;
}

const standing = async ({ client, id, projection, topics }: RebuildReading): Promise<Standing> => {
  const consumer = rebuildConsumer(id);
  const live = (await client.checkpoints({ consumer: projection })).filter(({ topic }) => topics.includes(topic));
  await client.begin({
    consumer,
    checkpoints: live.map((each) => ({ ...each, nextOffset: 0, highWaterPosition: 0 })),
  });
  return { live, shadow: await client.checkpoints({ consumer }) };
};

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0);

// -------------------------------------------------------------------------------------
// The log
// -------------------------------------------------------------------------------------

/** One consumer of the log, for all rebuilds of a pass. */
export interface SharedLog {
  /** Throws ReplayImpossible where the log does not begin at offset zero. */
  readonly refuseIncomplete: (reading: RebuildReading) => Promise<void>;
  /** Brings several up to where their groups stand now, each record read once. */
  readonly catchUpTogether: (readings: ReadonlyArray<RebuildReading>) => Promise<void>;
  readonly eventsFor: (reading: RebuildReading) => RebuildEvents;
  readonly close: () => Promise<void>;
}

/** Opens the log. */
export const openSharedLog = async (log: EventLog, name: string, clock: Clock): Promise<SharedLog> => {
  const consumer = await log.openConsumer(name);
  const catchUpTogether: SharedLog['catchUpTogether'] = async (readings) => {
    const [first] = readings;
    if (first === undefined) return;
    const readers: RebuildReader[] = [];
    for (const reading of readings) readers.push(await readerFor(reading));
    await replayLog({
      consumer,
      readers,
      clock,
      prepare: (records, shares) => prepareFor(first.client, records, shares),
    });
  };
  return {
    refuseIncomplete: (reading) => refuseIncompleteLog(reading, log, consumer),
    catchUpTogether,
    eventsFor: (reading) => ({
      catchUp: () => catchUpTogether([reading]),
      behind: async () => {
        const { live, shadow } = await standing(reading);
        return sum(live.map((each) => Math.max(0, each.nextOffset - (checkpointAt(shadow, each)?.nextOffset ?? 0))));
      },
    }),
    close: consumer.close,
  };
};

interface RebuildReader extends LogReader {
  readonly id: number;
  readonly came: (records: number) => Promise<void>;
}

const readerFor = async (reading: RebuildReading): Promise<RebuildReader> => {
  const { live, shadow } = await standing(reading);
  const partitions = shadow.map((each) => ({
    ...each,
    untilOffset: checkpointAt(live, each)?.nextOffset ?? each.nextOffset,
  }));
  const total = sum(partitions.map(({ untilOffset }) => untilOffset));
  let done = sum(partitions.map(({ nextOffset }) => nextOffset));
  const { id, signal, progress } = reading;
  await progress.at(done, total);
  return {
    id,
    partitions,
    signal,
    came: async (records) => {
      done += records;
      await progress.at(done, total);
    },
  };
};

/** Everything that several read goes over to the thread once. */
const prepareFor = (
  client: ViewsClient,
  records: ReadonlyArray<LogRecord>,
  shares: ReadonlyArray<ReaderShare<RebuildReader>>,
): (() => Promise<void>) => {
  const places = byPartition(shares.flatMap(({ moves }) => moves));
  const batch = packBatch({ records, moves: places.values() });
  const takers = shares.map(({ reader: { id }, moves }) => ({ id, moves }));
  return async () => {
    await client.applyToShadows({ takers, batch }, transferable(batch));
    for (const { reader, moves } of shares) {
      await reader.came(sum(moves.map(({ fromOffset, nextOffset }) => nextOffset - fromOffset)));
    }
  };
};

const refuseIncompleteLog = async (reading: RebuildReading, log: EventLog, consumer: LogConsumer): Promise<void> => {
  const { live, shadow } = await standing(reading);
  for (const { topic, partitions, logId } of await log.describe(reading.topics)) {
    if ([...live, ...shadow].some((each) => each.topic === topic && each.logId !== logId)) {
      throw new ReplayImpossible(
        `${topic} is not the topic that the rows were made from (it was recreated, or this is another cluster)`,
      );
    }
    for (let partition = 0; partition < partitions; partition += 1) {
      const { low } = await consumer.watermarks(topic, partition);
      if (low === 0) continue;
      throw new ReplayImpossible(
        `${partitionName({ topic, partition })} begins at offset ${low}: the ${low} records before it are no longer in Kafka`,
      );
    }
  }
};

// -------------------------------------------------------------------------------------
// The store
// -------------------------------------------------------------------------------------

/** Counts what it had to read, for a rebuild from the log that needs it says so. */
export interface StoredEvents extends RebuildEvents {
  readonly applied: () => number;
}

/**
 * Reads from the store what the shadow lacks, in each partition up to the group's high-water position: for a rebuild from
 * the store that is everything, for one from the log what an earlier log held and this one does not.
 */
export const eventsOfStore = (reading: RebuildReading): StoredEvents => {
  let applied = 0;
  const bounded = async (): Promise<Standing> => {
    const { live, shadow } = await standing(reading);
    const { untilPosition } = reading;
    if (untilPosition === null) return { live, shadow };
    // A copy ends at its moment in every partition, wherever the group stands.
    const ends = live.map((each) => ({ ...each, highWaterPosition: untilPosition }));
    // What the log has delivered beyond the moment says that everything up to it was delivered too.
    const reached = shadow.map((each) => {
      const read = checkpointAt(live, each);
      const isThrough = read !== undefined && each.nextOffset >= read.nextOffset && each.nextOffset > 0;
      return isThrough && read.highWaterPosition >= untilPosition
        ? { ...each, highWaterPosition: untilPosition }
        : each;
    });
    return { live: ends, shadow: reached };
  };
  const gap = ({ live, shadow }: Standing): { readonly after: number; readonly until: number } => {
    const open = live.filter((each) => highWaterAt(shadow, each) < each.highWaterPosition);
    return {
      after: Math.min(...open.map((each) => highWaterAt(shadow, each))),
      until: Math.max(...open.map((each) => each.highWaterPosition)),
    };
  };
  return {
    catchUp: async () => {
      const stand = await bounded();
      const bounds = stand.live;
      const { after, until } = gap(stand);
      let position = after;
      while (position < until) {
        if (reading.signal.aborted) return;
        await reading.progress.at(position, until);
        const page = await reading.client.applyStoreToShadow({ id: reading.id, afterPosition: position, bounds });
        applied += page.outcome.applied;
        position = page.reachedPosition;
      }
      // Only now: a bound says that everything below it is there.
      if (after < until) await reading.client.raiseShadow({ id: reading.id, bounds });
    },
    behind: async () => {
      const { after, until } = gap(await bounded());
      return Math.max(0, until - after);
    },
    applied: () => applied,
  };
};
