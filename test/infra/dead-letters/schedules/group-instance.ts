/** One instance of the group: its real loop in a process, on a log with controlled polls. */
import { checkpointAt } from '../../../../infra/consumption/checkpoints/checkpoint';
import type { ConsumerGroup } from '../../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../../infra/consumption/loop/start-consumer-group';
import { NOTHING_TO_DO, type RedriveStep } from '../../../../infra/dead-letters/redrive/process-requests';
import { systemClock, type Clock } from '../../../../infra/clock';
import { silentLogger } from '../../../../infra/logger';
import { projectionHandler } from '../../../../projections/engine/groups/projection-handler';
import { topicsOf } from '../../../../projections/engine/definitions/projection-topics';
import { controlPolls } from './poll-control';
import type { SharedTopic, PerPartition } from './shared-topic';
import { GROUP } from './notes-projection';
import type { CrashPoint, ViewsProcess } from './views-process';

/** How an instance has ended: killed, or with the error because another one owns the group. */
export type Ending = 'crashed' | 'CheckpointMoved' | 'LeaseLost';

export interface GroupInstance {
  readonly process: ViewsProcess;
  readonly group: ConsumerGroup;
  readonly ending: () => Ending | undefined;
  /** Delivers batches and waits until they are processed, or the instance has ended. */
  readonly take: (batches: ReadonlyArray<PerPartition>, crash: CrashPoint | null) => Promise<void>;
  /** Fails a poll, so that another session begins. */
  readonly loseConnection: () => Promise<void>;
  /** Runs one step of a redrive. Rejects where it should be retried. */
  readonly redrive: (crash: CrashPoint | null) => Promise<RedriveStep>;
  /** Stops it gracefully, where it still runs. */
  readonly stop: () => Promise<void>;
  /** Closes what a killed instance has left open. */
  readonly abandon: () => Promise<void>;
}

const ANSWER_TIMEOUT_MS = 15_000;

/** Starts an instance in a process and waits until it polls. */
export const startInstance = async (
  sharedTopic: SharedTopic,
  process: ViewsProcess,
  clock: Clock,
): Promise<GroupInstance> => {
  const polls = controlPolls(sharedTopic);
  const topics = topicsOf(process.catalog, process.projection);
  const group = startConsumerGroup({
    log: polls.log,
    handler: projectionHandler(process.client, process.projection, topics),
    topics,
    clock,
    logger: silentLogger,
    acceptNewLog: false,
    storeLastPosition: async () => Promise.resolve(0),
  });
  let ending: Ending | undefined;
  const end = (how: Ending): void => void (ending ??= how);
  const ended = Promise.race([
    process.crashed.then(() => end('crashed')),
    group.done.then(
      () => undefined,
      (error: unknown) => end((error as Error).name as Ending),
    ),
  ]);
  const settled = async <Result>(work: Promise<Result>): Promise<Result | undefined> => {
    const watch = new AbortController();
    const late = systemClock.sleep(ANSWER_TIMEOUT_MS, watch.signal).then(() => {
      if (!watch.signal.aborted) throw new Error(`the group is stuck: ${JSON.stringify(group.status())}`);
    });
    try {
      return await Promise.race([work, ended.then(() => undefined), late.then(() => undefined)]);
    } finally {
      watch.abort();
    }
  };
  await settled(polls.isIdle());
  return {
    process,
    group,
    ending: () => ending,
    take: async (batches, crash) => {
      if (crash !== null) process.crashAt(crash);
      await polls.deliver(batches);
      await settled(polls.isIdle());
    },
    loseConnection: async () => {
      polls.failPending();
      await settled(polls.isIdle());
    },
    redrive: async (crash) => {
      if (crash !== null) process.crashAt(crash);
      const step = group.pausedWhile(() => process.client.redriveStep({ projection: GROUP }));
      return (await settled(step)) ?? NOTHING_TO_DO;
    },
    stop: async () => {
      const stopped = group.stop();
      polls.returnEmpty();
      await settled(stopped);
    },
    // Nobody waits for it: what was killed answers nothing, and only its timers have to end.
    abandon: async () => {
      void group.stop();
      await polls.abandon();
    },
  };
};

/** Whether the group has read the whole shared topic. */
export const hasReadAll = async (sharedTopic: SharedTopic, { client }: ViewsProcess): Promise<boolean> => {
  const checkpoints = await client.checkpoints({ consumer: GROUP });
  return sharedTopic
    .ends()
    .every((end, partition) => checkpointAt(checkpoints, { topic: sharedTopic.topic, partition })?.nextOffset === end);
};
