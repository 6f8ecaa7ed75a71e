/** Executes the moves of offsets that operators request, never while the group runs. An impossible one ends as failed. */
import * as E from 'fp-ts/Either';
import type { Clock } from '../../../infra/clock';
import {
  CheckpointMoved,
  type OffsetMove,
  type OffsetRequest,
} from '../../../infra/consumption/checkpoints/checkpoints';
import { failureOf } from '../../../infra/consumption/intake/intake';
import { RequestRefused } from '../../../infra/commands/operation-requests';
import type { EventLog } from '../../../infra/kafka/event-log';
import type { Logger } from '../../../infra/logger';
import { retrySchedule } from '../../../infra/running/retry-schedule';
import { storageFaultKind } from '../../../infra/storage-fault';
import { LeaseLost } from '../../../infra/sqlite/lease';
import type { ProjectionGroups } from '../groups/groups';
import type { ViewsClient } from '../writer-thread/writer-thread';
import { isSamePartition, partitionName } from '../../../infra/topic-partition';

export interface OffsetQueueOptions {
  readonly client: ViewsClient;
  readonly groups: Pick<ProjectionGroups, 'stoppedWhile' | 'topics'>;
  readonly log: Pick<EventLog, 'openConsumer'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface OffsetQueue {
  /** Executes the open requests; those that met a transient fault stay open. Returns whether any is left. */
  readonly executeOffsetRequests: () => Promise<boolean>;
}

/** A fault that persists after this many attempts, some minutes in total, is not transient. */
const MAX_ATTEMPTS = 30;

/** Makes the queue; it has no state but the retries. */
export const offsetQueue = (options: OffsetQueueOptions): OffsetQueue => {
  const { client, clock, logger } = options;
  const retries = retrySchedule<number>(clock);

  const fail = async (id: number, reason: string): Promise<void> => {
    logger.error({ request: id, reason }, 'moving offsets has failed');
    retries.forget(id);
    await client.failOffsetRequest({ id, reason });
  };

  /** Executes one request; returns whether it has ended. */
  const attempt = async (request: OffsetRequest): Promise<boolean> => {
    try {
      await move(options, request);
      retries.forget(request.id);
      return true;
    } catch (error) {
      if (error instanceof LeaseLost) throw error;
      const { reason } = failureOf(error);
      const delayMs = retries.failed(request.id);
      if (error instanceof CheckpointMoved) {
        // The group has advanced since the operator looked.
        await fail(request.id, `${reason}; nothing was moved: check the offsets again`);
      } else if (
        error instanceof RequestRefused ||
        isRefusedByFile(error) ||
        retries.attempts(request.id) >= MAX_ATTEMPTS
      ) {
        await fail(request.id, reason);
      } else {
        logger.warn({ request: request.id, reason, delayMs }, 'moving offsets is retried');
        return false;
      }
      return true;
    }
  };

  return {
    executeOffsetRequests: async () => {
      let isAnyLeft = false;
      for (const request of await client.openOffsetRequests({})) {
        if (E.isLeft(request)) await fail(request.left.id, request.left.reason);
        else if (!retries.isDue(request.right.id)) isAnyLeft = true;
        else isAnyLeft = !(await attempt(request.right)) || isAnyLeft;
      }
      return isAnyLeft;
    },
  };
};

/** Whether the file cannot hold a value of the request. */
const isRefusedByFile = (error: unknown): boolean => storageFaultKind(error) === 'refused';

const move = async ({ client, groups, log, logger }: OffsetQueueOptions, request: OffsetRequest): Promise<void> => {
  const { group, moves } = request.order;
  const topics = groups.topics(group);
  if (topics.length === 0) throw new RequestRefused(`this program has no projection '${group}'`);
  for (const { topic } of moves) {
    if (!topics.includes(topic))
      throw new RequestRefused(`${group} reads no topic '${topic}', but ${topics.join(', ')}`);
  }
  const known = await client.checkpoints({ consumer: group });
  for (const move of moves) {
    if (known.some((each) => isSamePartition(each, move))) continue;
    throw new RequestRefused(`${group} has no checkpoint of ${partitionName(move)}`);
  }
  await assertInLog(log, moves);
  // Stopped, not only paused: a group caches its offsets, and reads them only when it starts.
  await groups.stoppedWhile(group, () => client.moveOffsets(request));
  logger.warn({ group, actor: request.actor, moves }, 'offsets were moved by hand');
};

const assertInLog = async (
  log: OffsetQueueOptions['log'],
  moves: ReadonlyArray<Pick<OffsetMove, 'topic' | 'partition' | 'toOffset'>>,
): Promise<void> => {
  const consumer = await log.openConsumer('offset-moves');
  try {
    for (const { topic, partition, toOffset } of moves) {
      const { low, high } = await consumer.watermarks(topic, partition);
      if (toOffset >= low && toOffset <= high) continue;
      throw new RequestRefused(
        `offset ${toOffset} of ${partitionName({ topic, partition })} is not in the log, which holds ${low} to ${high}; nothing was moved`,
      );
    }
  } finally {
    await consumer.close();
  }
};
