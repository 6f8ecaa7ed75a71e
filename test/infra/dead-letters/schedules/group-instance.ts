/** One instance of the group: its real loop on a process, fed through a gate. */
import { checkpointAt } from '../../../../infra/consumption/checkpoints/checkpoint';
import type { ConsumerGroup } from '../../../../infra/consumption/loop/consumer-group';
import { startConsumerGroup } from '../../../../infra/consumption/loop/start-consumer-group';
import { NOTHING_TO_DO, type RedriveStep } from '../../../../infra/dead-letters/redrive/process-requests';
import { systemClock, type Clock } from '../../../../infra/clock';
import { silentLogger } from '../../../../infra/logger';
import { projectionHandler } from '../../../../projections/engine/groups/projection-handler';
import { topicsOf } from '../../../../projections/engine/definitions/projection-topics';
import { gateTo } from './gate';
import type { Lane, PerPartition } from './lane';
import { GROUP } from './note-book';
import type { CrashPoint, ViewsProcess } from './views-process';

/** How an instance has ended: killed, or with the error that says that another one runs the group. */
export type Ending = 'crashed' | 'CheckpointMoved' | 'LeaseLost';

export interface GroupInstance {
  readonly process: ViewsProcess;
  readonly group: ConsumerGroup;
  readonly ending: () => Ending | undefined;
  /** Lets batches through and waits until they are dealt with, or it has ended. */
  readonly take: (batches: ReadonlyArray<PerPartition>, crash: CrashPoint | null) => Promise<void>;
  /** The connection is lost in the middle of a poll; it begins another session. */
  readonly loseConnection: () => Promise<void>;
  /** One step of what is to be redriven. Rejects where it should be tried again. */
  readonly redrive: (crash: CrashPoint | null) => Promise<RedriveStep>;
  /** Stops in order, where it still runs. */
  readonly stop: () => Promise<void>;
  /** Takes away what a dead one has left open. */
  readonly abandon: () => Promise<void>;
}

const ANSWER_TIMEOUT_MS = 15_000;

/** Starts it on a process and waits until it polls. */
export const startInstance = async (lane: Lane, process: ViewsProcess, clock: Clock): Promise<GroupInstance> => {
  const gate = gateTo(lane);
  const topics = topicsOf(process.catalog, process.projection);
  const group = startConsumerGroup({
    log: gate.log,
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
  await settled(gate.isIdle());
  return {
    process,
    group,
    ending: () => ending,
    take: async (batches, crash) => {
      if (crash !== null) process.crashAt(crash);
      await gate.letThrough(batches);
      await settled(gate.isIdle());
    },
    loseConnection: async () => {
      gate.cut();
      await settled(gate.isIdle());
    },
    redrive: async (crash) => {
      if (crash !== null) process.crashAt(crash);
      const step = group.pausedWhile(() => process.client.redriveStep({ projection: GROUP }));
      return (await settled(step)) ?? NOTHING_TO_DO;
    },
    stop: async () => {
      const stopped = group.stop();
      gate.open();
      await settled(stopped);
    },
    abandon: gate.abandon,
  };
};

/** Whether the group has read everything that the lane holds. */
export const hasReadAll = async (lane: Lane, { client }: ViewsProcess): Promise<boolean> => {
  const checkpoints = await client.checkpoints({ consumer: GROUP });
  return lane
    .ends()
    .every((end, partition) => checkpointAt(checkpoints, { topic: lane.topic, partition })?.nextOffset === end);
};
