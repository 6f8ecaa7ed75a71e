/**
 * Lets processes learn that their deadlines have passed: once the wall clock says so, and once they have learned everything
 * that the store had recorded by then. A relay or a broker that is behind holds deadlines up instead of letting them judge
 * by half of what happened; and in a replay all that made a deadline pointless is learned before it.
 */
import type { Catalog } from '../../domain/kernel/aggregate';
import { categoryOf } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import { checkpointAt, type Checkpoint } from '../consumption/checkpoints/checkpoints';
import { destinationOf } from '../kafka/cloud-events';
import type { Logger } from '../logger';
import { MAX_PAGE_BYTES, type EventFeed } from '../event-store/event-feed';
import { supervise } from '../running/supervise';
import { partitionMap, type TopicPartition } from '../topic-partition';

/** Says whether a group has learned everything that the store holds. */
export interface CatchUpCheck {
  /** Looks at the store, and returns whether nothing in it is beyond the checkpoints. */
  readonly isCovered: (topics: ReadonlyArray<string>, checkpoints: ReadonlyArray<Checkpoint>) => Promise<boolean>;
}

const EVENTS_PER_LOOK = 5_000;

/** Remembers the last position of every partition; each event is looked at once. */
export const catchUpCheck = (
  reader: Pick<EventFeed, 'readAll' | 'lastPosition'>,
  catalog: Catalog,
  clock: Clock,
): CatchUpCheck => {
  const destination = destinationOf(catalog);
  const lastOf = partitionMap<TopicPartition & { readonly position: number }>();
  let seenPosition = 0;

  const lookOn = async (untilPosition: number): Promise<void> => {
    while (seenPosition < untilPosition) {
      const page = await reader.readAll({
        afterPosition: seenPosition,
        limit: EVENTS_PER_LOOK,
        maxBytes: MAX_PAGE_BYTES,
      });
      for (const { stream, position } of page) {
        seenPosition = position;
        if (catalog.byCategory(categoryOf(stream)) === undefined) continue;
        const { topic, partition } = destination(stream);
        lastOf.set({ topic, partition }, { topic, partition, position });
      }
      // Others have the thread between two pages.
      await clock.sleep(0);
    }
  };

  return {
    isCovered: async (topics, checkpoints) => {
      await lookOn(await reader.lastPosition());
      for (const last of lastOf.values()) {
        if (!topics.includes(last.topic)) continue;
        const at = checkpointAt(checkpoints, last);
        if (at === undefined || at.highWaterPosition < last.position) return false;
      }
      return true;
    },
  };
};

export interface DeadlineOptions {
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  readonly logger: Logger;
  readonly checkpoints: () => Promise<ReadonlyArray<Checkpoint>>;
  readonly topics: ReadonlyArray<string>;
  readonly watch: CatchUpCheck;
  /** Whether any deadline has passed by then. */
  readonly isAnyDue: (nowMs: number) => boolean;
  /** Lets the process learn of those that had passed at that time, some at a time; returns how many. */
  readonly learnDue: (nowMs: number) => Promise<number>;
}

const LOOK_MS = 500;

/** Looks again and again, until the signal aborts; rejects when this process may no longer write. */
export const watchDeadlines = async (options: DeadlineOptions): Promise<void> => {
  const { clock, stopping, logger } = options;
  await supervise({
    clock,
    stopping,
    session: async ({ onProgress }) => {
      while (!stopping.aborted) {
        await look(options);
        onProgress();
        await clock.sleep(LOOK_MS, stopping);
      }
    },
    onRetry: ({ error }) => logger.warn({ error }, 'deadlines are looked at again in a moment'),
  });
};

const look = async (options: DeadlineOptions): Promise<void> => {
  const { clock, stopping, watch, topics } = options;
  const nowMs = clock.nowMs();
  if (!options.isAnyDue(nowMs)) return;
  // The store is looked at after the time was taken: what is not in it by now was not recorded before the deadline.
  if (!(await watch.isCovered(topics, await options.checkpoints()))) return;
  while (!stopping.aborted && (await options.learnDue(nowMs)) > 0);
};
