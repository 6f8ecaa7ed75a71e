/**
 * Reads from the store what the log does not have, for all partitions in one pass. A partition with an event that cannot be
 * applied for now is left behind, and the caller blocks it; the pass continues without it.
 */
import type { ConsumerGroupOptions } from './consumer-group';
import { checkpointAt, type Checkpoint, type HighWaterPosition } from '../checkpoints/checkpoints';
import { TransientEventError, type StorePage, type StorePageQuery } from '../intake/intake';
import type { Exclusive } from '../../exclusive';
import type { GroupProgress } from './progress';
import type { Pending } from './blocked-partitions';
import type { TopicPartition } from '../../topic-partition';

export interface CatchUpOptions extends Pick<ConsumerGroupOptions, 'handler' | 'storeLastPosition'> {
  readonly progress: GroupProgress;
  readonly oneAtATime: Exclusive;
  readonly stopping: AbortSignal;
  /** Called before the first page. */
  readonly onBegin: (range: { readonly fromPosition: number; readonly untilPosition: number }) => Promise<void>;
  readonly onPage: () => Promise<unknown>;
}

/** A partition that was left behind, and why. */
export interface Behind extends TopicPartition {
  readonly reached: number;
  readonly untilPosition: number;
  readonly fault: TransientEventError;
}

/**
 * Applies the store's events up to its last position. The log's watermarks were read before that position, so every event
 * published after them is in the log, and every earlier one is at or below that position: none can be missed in between.
 * Returns the partitions that were left behind; undefined where the group was stopped meanwhile.
 */
export const catchUpFromStore = async (options: CatchUpOptions): Promise<ReadonlyArray<Behind> | undefined> => {
  const { handler, stopping } = options;
  const untilPosition = await options.storeLastPosition();
  // The checkpoints of topics that the group no longer reads are kept.
  let open: ReadonlyArray<Checkpoint> = (await handler.checkpoints()).filter(({ topic }) =>
    handler.topics.includes(topic),
  );
  let reached = Math.min(untilPosition, ...open.map((each) => each.highWaterPosition));
  const behind: Behind[] = [];
  if (reached < untilPosition) await options.onBegin({ fromPosition: reached, untilPosition });
  while (reached < untilPosition && open.length > 0) {
    if (stopping.aborted) return undefined;
    const order = { afterPosition: reached, untilPosition };
    try {
      // A page without bounds throws where a partition has no checkpoint.
      const page = await apply(
        options,
        behind.length === 0 ? order : { ...order, bounds: marksAt(open, untilPosition) },
      );
      reached = page.reachedPosition;
    } catch (error) {
      if (!(error instanceof TransientEventError)) throw error;
      const apart = await applyEachPartition(options, order, open, error);
      behind.push(...apart.behind);
      open = apart.open;
      reached = apart.reached;
    }
    await options.onPage();
  }
  await handler.advanceHighWater(marksAt(open, untilPosition));
  return behind;
};

/** The rest of the catch-up of a partition that was left behind; at its end the partition switches to the log. */
export const pendingCatchUp = (
  options: Pick<CatchUpOptions, 'handler' | 'progress' | 'oneAtATime'>,
  { topic, partition, untilPosition, ...from }: Behind,
  switchToLog: () => Promise<void>,
): Pending => {
  const bounds = [{ topic, partition, highWaterPosition: untilPosition }];
  let { reached } = from;
  return {
    doing: `events up to position ${untilPosition} are read from the store`,
    step: async (exhaustedAttempts) => {
      const order = { afterPosition: reached, untilPosition, bounds };
      const attempts = exhaustedAttempts === undefined ? {} : { exhaustedAttempts };
      if (reached < untilPosition) reached = (await apply(options, { ...order, ...attempts })).reachedPosition;
      if (reached < untilPosition) return false;
      await options.handler.advanceHighWater(bounds);
      await switchToLog();
      return true;
    },
  };
};

const apply = async (
  { handler, progress, oneAtATime }: Pick<CatchUpOptions, 'handler' | 'progress' | 'oneAtATime'>,
  order: StorePageQuery,
): Promise<StorePage> => {
  const page = await oneAtATime(() => handler.applyFromStore(order));
  progress.count(page.outcome);
  return page;
};

/** Applies one page for each partition separately, to find the ones with the fault. */
const applyEachPartition = async (
  options: CatchUpOptions,
  order: StorePageQuery,
  partitions: ReadonlyArray<Checkpoint>,
  fault: TransientEventError,
): Promise<{
  readonly open: ReadonlyArray<Checkpoint>;
  readonly reached: number;
  readonly behind: ReadonlyArray<Behind>;
}> => {
  const { afterPosition, untilPosition } = order;
  const behind: Behind[] = [];
  let reached = afterPosition;
  if (partitions.length > 1) options.progress.countRetry(fault);
  for (const { topic, partition } of partitions) {
    const bounds = [{ topic, partition, highWaterPosition: untilPosition }];
    try {
      // The only partition: the fault is known to be its own.
      if (partitions.length === 1) throw fault;
      reached = (await apply(options, { ...order, bounds })).reachedPosition;
    } catch (error) {
      if (!(error instanceof TransientEventError)) throw error;
      behind.push({ topic, partition, reached: afterPosition, untilPosition, fault: error });
    }
  }
  return { open: partitions.filter((each) => checkpointAt(behind, each) === undefined), reached, behind };
};

const marksAt = (
  partitions: ReadonlyArray<TopicPartition>,
  highWaterPosition: number,
): ReadonlyArray<HighWaterPosition> =>
  partitions.map(({ topic, partition }) => ({ topic, partition, highWaterPosition }));
