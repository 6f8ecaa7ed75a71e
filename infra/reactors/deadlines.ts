/**
 * Applies passed deadlines to their processes: once the wall clock has reached them, and once the process has applied every event
 * that the store had recorded by then. So a slow relay or broker delays deadlines instead of making them act on incomplete
 * information, and in a replay an event that makes a deadline irrelevant is applied before it.
 */
import type { Catalog } from '../../domain/kernel/aggregate';
import { categoryOf } from '../../domain/kernel/recorded-event';
import type { Clock } from '../clock';
import { checkpointAt, type Checkpoint } from '../consumption/checkpoints/checkpoints';
import { destinationOf } from '../kafka/cloud-events';
import type { Logger } from '../logger';
import { MAX_PAGE_BYTES, type EventFeed } from '../event-store/event-feed';
import { supervise } from '../supervise';
import { partitionMap, type TopicPartition } from '../topic-partition';

/** Checks whether a group has processed every event of the store. */
export interface CatchUpCheck {
  /** Reads the store's end, and returns whether no event of the topics is beyond the checkpoints. */
  readonly hasProcessed: (topics: ReadonlyArray<string>, checkpoints: ReadonlyArray<Checkpoint>) => Promise<boolean>;
}

const PAGE_EVENTS = 5_000;

/** Makes a check that keeps the last position of every partition, so that it reads each event once. */
export const catchUpCheck = (
  reader: Pick<EventFeed, 'readAll' | 'lastPosition'>,
  catalog: Catalog,
  clock: Clock,
): CatchUpCheck => {
  const destination = destinationOf(catalog);
  const lastOf = partitionMap<TopicPartition & { readonly position: number }>();
  let seenPosition = 0;

  const readOn = async (untilPosition: number): Promise<void> => {
    while (seenPosition < untilPosition) {
      const page = await reader.readAll({
        afterPosition: seenPosition,
        limit: PAGE_EVENTS,
        maxBytes: MAX_PAGE_BYTES,
      });
      for (const { stream, position } of page) {
        seenPosition = position;
        if (catalog.byCategory(categoryOf(stream)) === undefined) continue;
        const { topic, partition } = destination(stream);
        lastOf.set({ topic, partition }, { topic, partition, position });
      }
      // Yields to the event loop between pages.
      await clock.sleep(0);
    }
  };

  return {
    hasProcessed: async (topics, checkpoints) => {
      await readOn(await reader.lastPosition());
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
  readonly catchUp: CatchUpCheck;
  /** Whether any deadline has passed by then. */
  readonly isAnyDue: (nowMs: number) => boolean;
  /** Applies a limited number of the deadlines that had passed at that time; returns how many. */
  readonly applyDue: (nowMs: number) => Promise<number>;
}

const CHECK_INTERVAL_MS = 500;

/** Checks deadlines regularly until the signal aborts; rejects when this process may no longer write. */
export const watchDeadlines = async (options: DeadlineOptions): Promise<void> => {
  const { clock, stopping, logger } = options;
  await supervise({
    clock,
    stopping,
    session: async ({ onProgress }) => {
      while (!stopping.aborted) {
        await applyPassedDeadlines(options);
        onProgress();
        await clock.sleep(CHECK_INTERVAL_MS, stopping);
      }
    },
    onRetry: ({ error }) => logger.warn({ error }, 'checking deadlines is retried'),
  });
};

const applyPassedDeadlines = async (options: DeadlineOptions): Promise<void> => {
  const { clock, stopping, catchUp, topics } = options;
  const nowMs = clock.nowMs();
  if (!options.isAnyDue(nowMs)) return;
  // The store is read after the time was taken, so that every event recorded before the deadline is in it.
  if (!(await catchUp.hasProcessed(topics, await options.checkpoints()))) return;
  while (!stopping.aborted && (await options.applyDue(nowMs)) > 0);
};
