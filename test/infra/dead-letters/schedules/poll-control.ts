/**
 * A log whose polls the schedule controls: it decides what a poll returns and when. So every run of a schedule is the same,
 * although it includes a broker, a loop and timers.
 */
import type { EventLog, LogConsumer, LogRecord, PartitionOffset } from '../../../../infra/kafka/event-log';
import type { SharedTopic, PerPartition } from './shared-topic';

export interface PollControl {
  readonly log: EventLog;
  /**
   * Lets the next polls return this many records of each partition, as far as there are any, one batch after another: the second
   * is fetched before the first is applied. Later polls wait for the next call.
   */
  readonly deliver: (batches: ReadonlyArray<PerPartition>) => Promise<void>;
  /** Fails the pending poll. */
  readonly failPending: () => void;
  /** Lets every poll return at once, without records. */
  readonly returnEmpty: () => void;
  /** Resolves as soon as the loop has processed all delivered batches and polls again. */
  readonly isIdle: () => Promise<void>;
  /** Closes the consumer of a process that was killed. */
  readonly abandon: () => Promise<void>;
}

interface WaitingPoll {
  readonly resolve: (records: ReadonlyArray<LogRecord>) => void;
  readonly reject: (error: Error) => void;
}

/** Wraps the log of a shared topic. */
export const controlPolls = (sharedTopic: SharedTopic): PollControl => {
  let reading: ReadAhead | undefined;
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
      ...sharedTopic.log,
      openConsumer: async (group) => {
        const own = readAheadOf(sharedTopic, await sharedTopic.log.openConsumer(group));
        reading = own;
        return { ...own.consumer, assign: own.assign, poll, close: abandon };
      },
    },
    deliver: async (batches) => {
      answers = [];
      for (const counts of batches) answers.push((await reading?.take(counts)) ?? []);
      // An empty last batch: the loop polls again only after it has processed the ones before.
      answers.push([]);
      const first = answers.shift() ?? [];
      answerWaiting(({ resolve }) => resolve(first));
    },
    failPending: () => answerWaiting(({ reject }) => reject(new Error('the connection to the broker is lost'))),
    returnEmpty: () => {
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

interface ReadAhead {
  readonly consumer: LogConsumer;
  readonly assign: LogConsumer['assign'];
  readonly take: (counts: PerPartition) => Promise<ReadonlyArray<LogRecord>>;
}

interface ReadPartition {
  next: number;
  readonly ahead: LogRecord[];
}

const MAX_RECORDS = 1_000;

const readAheadOf = (sharedTopic: SharedTopic, consumer: LogConsumer): ReadAhead => {
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
      const ends = sharedTopic.ends();
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
