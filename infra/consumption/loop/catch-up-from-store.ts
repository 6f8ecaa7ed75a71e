/**
 * The store stands in for what the log does not hold: all partitions in one pass. A partition that meets an event which can't
 * be taken for now stays behind, for whoever called to hold; the pass goes on without it.
 */
import type { ConsumerGroupOptions } from './consumer-group';
import { checkpointAt, type Checkpoint, type Mark } from '../checkpoints/checkpoints';
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

/** A partition that stayed behind, and why. */
export interface Behind extends TopicPartition {
  readonly reached: number;
  readonly untilPosition: number;
  readonly fault: TransientEventError;
}

/**
 * Reads the store. The log's bounds were read before the store's last position, so whatever is not in the log from there on
 * lies at or below that position: between the two nothing can be missed. Undefined where the group was stopped meanwhile.
 */
export const catchUpFromStore = async (options: CatchUpOptions): Promise<ReadonlyArray<Behind> | undefined> => {
  const { handler, stopping } = options;
  const untilPosition = await options.storeLastPosition();
  // A group that no longer reads a topic has its checkpoints still.
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
      // Without bounds a partition that was never begun is noticed.
      const page = await apply(
        options,
        behind.length === 0 ? order : { ...order, bounds: marksAt(open, untilPosition) },
      );
      reached = page.reachedPosition;
    } catch (error) {
      if (!(error instanceof TransientEventError)) throw error;
      const apart = await takeApart(options, order, open, error);
      behind.push(...apart.behind);
      open = apart.open;
      reached = apart.reached;
    }
    await options.onPage();
  }
  await handler.caughtUpTo(marksAt(open, untilPosition));
  return behind;
};

/** The store's next pages for a partition that stayed behind, and at their end its way back to the log. */
export const pendingCatchUp = (
  options: Pick<CatchUpOptions, 'handler' | 'progress' | 'oneAtATime'>,
  { topic, partition, untilPosition, ...from }: Behind,
  goOver: () => Promise<void>,
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
      await options.handler.caughtUpTo(bounds);
      await goOver();
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

/** Each partition for itself over one page. */
const takeApart = async (
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
      // The only one: the fault is its own already.
      if (partitions.length === 1) throw fault;
      reached = (await apply(options, { ...order, bounds })).reachedPosition;
    } catch (error) {
      if (!(error instanceof TransientEventError)) throw error;
      behind.push({ topic, partition, reached: afterPosition, untilPosition, fault: error });
    }
  }
  return { open: partitions.filter((each) => checkpointAt(behind, each) === undefined), reached, behind };
};

const marksAt = (partitions: ReadonlyArray<TopicPartition>, highWaterPosition: number): ReadonlyArray<Mark> =>
  partitions.map(({ topic, partition }) => ({ topic, partition, highWaterPosition }));
