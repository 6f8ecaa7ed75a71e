/**
 * Stands between a group's loop and its log: what comes out of a poll, and when, is the schedule's to say. So every life is
 * the same each time that it is led, although a broker, a loop and timers are in it.
 */
import type { EventLog, LogConsumer, LogRecord, PartitionOffset } from '../../../../infra/kafka/event-log';
import type { Lane, PerPartition } from './lane';

export interface Gate {
  readonly log: EventLog;
  /**
   * Lets the next polls return so many records of each partition, as far as there are any, one batch after the other: the
   * second is fetched before the first is applied. Nothing more comes then until the next call.
   */
  readonly letThrough: (batches: ReadonlyArray<PerPartition>) => Promise<void>;
  /** Lets the poll that waits fail. */
  readonly cut: () => void;
  /** Lets every poll return at once, with nothing. */
  readonly open: () => void;
  /** Resolves as soon as the loop has dealt with all that was let through and polls again. */
  readonly isIdle: () => Promise<void>;
  /** Gives the consumer back in the place of a process that is no more. */
  readonly abandon: () => Promise<void>;
}

interface WaitingPoll {
  readonly resolve: (records: ReadonlyArray<LogRecord>) => void;
  readonly reject: (error: Error) => void;
}

/** Puts a gate before the lane's log. */
export const gateTo = (lane: Lane): Gate => {
  let reading: Reading | undefined;
  let answers: ReadonlyArray<LogRecord>[] = [];
  let waiting: WaitingPoll | undefined;
  let onIdle: () => void = () => undefined;
  let isOpen = false;

  const poll = async (): Promise<ReadonlyArray<LogRecord>> => {
    const answer = isOpen ? [] : answers.shift();
    if (answer !== undefined) return Promise.resolve(answer);
    return new Promise((resolve, reject) => {
      waiting = { resolve, reject };
      onIdle();
    });
  };
  const answerWaiting = (answer: (poll: WaitingPoll) => void): void => {
    const known = waiting;
    waiting = undefined;
    if (known !== undefined) answer(known);
  };
  const abandon = async (): Promise<void> => {
    const known = reading;
    reading = undefined;
    await known?.consumer.close();
  };

  return {
    log: {
      ...lane.log,
      openConsumer: async (group) => {
        const own = readingOf(lane, await lane.log.openConsumer(group));
        reading = own;
        return { ...own.consumer, assign: own.assign, poll, close: abandon };
      },
    },
    letThrough: async (batches) => {
      answers = [];
      for (const counts of batches) answers.push((await reading?.take(counts)) ?? []);
      // The poll after this one is asked for when all before it has been dealt with.
      answers.push([]);
      const first = answers.shift() ?? [];
      answerWaiting(({ resolve }) => resolve(first));
    },
    cut: () => answerWaiting(({ reject }) => reject(new Error('the connection to the broker is lost'))),
    open: () => {
      isOpen = true;
      answerWaiting(({ resolve }) => resolve([]));
    },
    isIdle: async () => (waiting === undefined ? new Promise((resolve) => (onIdle = resolve)) : Promise.resolve()),
    abandon,
  };
};

// -------------------------------------------------------------------------------------
// What the consumer has read ahead
// -------------------------------------------------------------------------------------

interface Reading {
  readonly consumer: LogConsumer;
  readonly assign: LogConsumer['assign'];
  readonly take: (counts: PerPartition) => Promise<ReadonlyArray<LogRecord>>;
}

interface ReadPartition {
  next: number;
  readonly ahead: LogRecord[];
}

const MAX_RECORDS = 1_000;

const readingOf = (lane: Lane, consumer: LogConsumer): Reading => {
  let partitions = new Map<number, ReadPartition>();
  const readAhead = async (wanted: ReadonlyMap<number, number>): Promise<void> => {
    const isMissing = (): boolean =>
      [...wanted].some(([partition, count]) => (partitions.get(partition)?.ahead.length ?? 0) < count);
    while (isMissing()) {
      for (const record of await consumer.poll(MAX_RECORDS)) partitions.get(record.partition)?.ahead.push(record);
    }
  };
  return {
    consumer,
    assign: (from: ReadonlyArray<PartitionOffset>) => {
      partitions = new Map(from.map(({ partition, offset }) => [partition, { next: offset, ahead: [] }]));
      consumer.assign(from);
    },
    take: async (counts) => {
      const ends = lane.ends();
      const wanted = new Map(
        [...partitions].map(([partition, { next }]) => {
          const at = partition === 0 ? 0 : 1;
          return [partition, Math.min(counts[at], ends[at] - next)];
        }),
      );
      await readAhead(wanted);
      return [...partitions].flatMap(([partition, read]) => {
        const count = wanted.get(partition) ?? 0;
        read.next += count;
        return read.ahead.splice(0, count);
      });
    },
  };
};
