/** The sources of a rebuild's events: the log from offset zero, or the store. Both end at the live group's checkpoints. */
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
  /** Of a copy: the last position that it includes. */
  readonly untilPosition: number | null;
}

/** The events that the candidate has not applied yet. */
export interface RebuildEvents {
  /** Applies events up to the group's current checkpoints; after an abort it may end earlier. */
  readonly catchUp: () => Promise<void>;
  /** By how many events the group is ahead now. */
  readonly behind: () => Promise<number>;
}

/** The checkpoints of the group and of the candidate. */
interface Progress {
  readonly live: ReadonlyArray<Checkpoint>;
  readonly candidate: ReadonlyArray<Checkpoint>;
}

const readProgress = async ({ client, id, projection, topics }: RebuildReading): Promise<Progress> => {
  const consumer = rebuildConsumer(id);
  const live = (await client.checkpoints({ consumer: projection })).filter(({ topic }) => topics.includes(topic));
  await client.begin({
    consumer,
    checkpoints: live.map((each) => ({ ...each, nextOffset: 0, highWaterPosition: 0 })),
  });
  return { live, candidate: await client.checkpoints({ consumer }) };
};

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((total, each) => total + each, 0);

// -------------------------------------------------------------------------------------
// The log
// -------------------------------------------------------------------------------------

/** One consumer of the log, shared by all rebuilds of a pass. */
export interface SharedLog {
  /** Throws ReplayImpossible where the log does not begin at offset zero. */
  readonly assertComplete: (reading: RebuildReading) => Promise<void>;
  /** Catches several rebuilds up with their groups' current checkpoints; each record is read once. */
  readonly catchUpTogether: (readings: ReadonlyArray<RebuildReading>) => Promise<void>;
  readonly eventsFor: (reading: RebuildReading) => RebuildEvents;
  readonly close: () => Promise<void>;
}

/** Opens a consumer of the log under the given name. */
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
    assertComplete: (reading) => assertCompleteLog(reading, log, consumer),
    catchUpTogether,
    eventsFor: (reading) => ({
      catchUp: () => catchUpTogether([reading]),
      behind: async () => {
        const { live, candidate } = await readProgress(reading);
        return sum(live.map((each) => Math.max(0, each.nextOffset - (checkpointAt(candidate, each)?.nextOffset ?? 0))));
      },
    }),
    close: consumer.close,
  };
};

interface RebuildReader extends LogReader {
  readonly id: number;
  readonly advance: (records: number) => Promise<void>;
}

const readerFor = async (reading: RebuildReading): Promise<RebuildReader> => {
  const { live, candidate } = await readProgress(reading);
  const partitions = candidate.map((each) => ({
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
    advance: async (records) => {
      done += records;
      await progress.at(done, total);
    },
  };
};

/** Packs the records once for all readers; the returned function sends them to the writer thread. */
const prepareFor = (
  client: ViewsClient,
  records: ReadonlyArray<LogRecord>,
  shares: ReadonlyArray<ReaderShare<RebuildReader>>,
): (() => Promise<void>) => {
  const places = byPartition(shares.flatMap(({ moves }) => moves));
  const batch = packBatch({ records, moves: places.values() });
  const takers = shares.map(({ reader: { id }, moves }) => ({ id, moves }));
  return async () => {
    await client.applyToCandidates({ takers, batch }, transferable(batch));
    for (const { reader, moves } of shares) {
      await reader.advance(sum(moves.map(({ fromOffset, nextOffset }) => nextOffset - fromOffset)));
    }
  };
};

const assertCompleteLog = async (reading: RebuildReading, log: EventLog, consumer: LogConsumer): Promise<void> => {
  const { live, candidate } = await readProgress(reading);
  for (const { topic, partitions, logId } of await log.describe(reading.topics)) {
    if ([...live, ...candidate].some((each) => each.topic === topic && each.logId !== logId)) {
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

/** Events from the store. */
export interface StoredEvents extends RebuildEvents {
  /** How many events were applied; a rebuild from the log reports how many it had to read from the store. */
  readonly applied: () => number;
}

/**
 * Reads from the store what the candidate lacks, in each partition up to the group's high-water position. For a rebuild
 * from the store that is everything; for one from the log, the events that an earlier log held and this one does not.
 */
export const eventsOfStore = (reading: RebuildReading): StoredEvents => {
  let applied = 0;
  const boundedProgress = async (): Promise<Progress> => {
    const { live, candidate } = await readProgress(reading);
    const { untilPosition } = reading;
    if (untilPosition === null) return { live, candidate };
    // A copy ends at its point in time in every partition, whatever the group's checkpoints are.
    const ends = live.map((each) => ({ ...each, highWaterPosition: untilPosition }));
    // If the log has delivered an event beyond the point in time, it has delivered everything up to it.
    const reached = candidate.map((each) => {
      const read = checkpointAt(live, each);
      const isAtEnd = read !== undefined && each.nextOffset >= read.nextOffset && each.nextOffset > 0;
      return isAtEnd && read.highWaterPosition >= untilPosition ? { ...each, highWaterPosition: untilPosition } : each;
    });
    return { live: ends, candidate: reached };
  };
  const gap = ({ live, candidate }: Progress): { readonly after: number; readonly until: number } => {
    const open = live.filter((each) => highWaterAt(candidate, each) < each.highWaterPosition);
    return {
      after: Math.min(...open.map((each) => highWaterAt(candidate, each))),
      until: Math.max(...open.map((each) => each.highWaterPosition)),
    };
  };
  return {
    catchUp: async () => {
      const progress = await boundedProgress();
      const bounds = progress.live;
      const { after, until } = gap(progress);
      let position = after;
      while (position < until) {
        if (reading.signal.aborted) return;
        await reading.progress.at(position, until);
        const page = await reading.client.applyStoreToCandidate({ id: reading.id, afterPosition: position, bounds });
        applied += page.outcome.applied;
        position = page.reachedPosition;
      }
      // Only at the end: a high-water position asserts that everything up to it was applied.
      if (after < until) await reading.client.advanceCandidate({ id: reading.id, bounds });
    },
    behind: async () => {
      const { after, until } = gap(await boundedProgress());
      return Math.max(0, until - after);
    },
    applied: () => applied,
  };
};
