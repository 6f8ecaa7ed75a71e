/**
 * Executes operators' requests for the projections one after another: first rebuilds from an earlier run of the process,
 * then the others by id; rebuilds of one pass together. A request that meets a fault is retried later and delays no other.
 */
import type { Clock } from '../../../infra/clock';
import { CheckpointMoved } from '../../../infra/consumption/checkpoints/checkpoints';
import type { EventLog } from '../../../infra/kafka/event-log';
import type { Logger } from '../../../infra/logger';
import { countChanges, type ChangeCounter } from '../../../infra/event-store/change-counter';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import { retrySchedule, type RetrySchedule } from '../../../infra/running/retry-schedule';
import { isAborted } from '../../../infra/stop-signal';
import { supervise } from '../../../infra/supervise';
import { LeaseLost } from '../../../infra/sqlite/lease';
import { offsetQueue, type OffsetQueue } from './offset-moves';
import type { ProjectionGroups } from '../groups/groups';
import type { OpenRebuild } from '../generations/generations';
import { runPass } from './run';
import type { RebuildTask } from './task';
import type { ViewsClient } from '../writer-thread/writer-thread';

export interface RebuildQueueOptions {
  readonly client: ViewsClient;
  /** The store, where requests are recorded. */
  readonly store: Pick<EventFeed, 'changes'>;
  readonly groups: Pick<ProjectionGroups, 'start' | 'pausedWhile' | 'stoppedWhile' | 'topics'>;
  /** Projections whose version differs from that of their served rows: their groups start after their rebuild. */
  readonly changed: ReadonlySet<string>;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const POLL_MS = 200;
/** A fault that persists after this many attempts, some minutes in total, is not transient. */
const MAX_ATTEMPTS = 30;

interface Queue extends RebuildQueueOptions {
  readonly changes: ChangeCounter;
  readonly changed: Set<string>;
  /** Rebuilds that met a fault: each is retried later and alone, after the others. */
  readonly retries: RetrySchedule<number>;
}

/** Resolves when the signal aborts; rejects when this process may no longer write. */
export const rebuildQueue = async (options: RebuildQueueOptions): Promise<void> => {
  const { clock, logger, stopping } = options;
  const waiting = { changed: new Set(options.changed), retries: retrySchedule<number>(clock) };
  const offsets = offsetQueue(options);
  await supervise({
    clock,
    stopping,
    session: async ({ onProgress }) => {
      const changes = countChanges({ feed: options.store, clock, signal: stopping, withinMs: POLL_MS });
      await processRequests({ ...options, ...waiting, changes }, offsets, onProgress).finally(changes.stop);
    },
    onRetry: ({ error }) => logger.warn({ error }, 'operator requests could not be read; it is retried'),
  });
};

/** Executes requests until the signal aborts; rejects where they cannot be read. */
const processRequests = async (queue: Queue, offsets: OffsetQueue, onProgress: () => void): Promise<void> => {
  const { client, changes, retries, stopping } = queue;
  let seenVersion: number | undefined;
  let isAnyLeft = false;
  while (!stopping.aborted) {
    const version = changes.count();
    const open: ReadonlyArray<OpenRebuild> =
      version === seenVersion && !isAnyLeft ? [] : await readOpenRebuilds(client);
    if (version !== seenVersion || isAnyLeft) isAnyLeft = (await offsets.executeOffsetRequests()) || open.length > 0;
    onProgress();
    const next = open.find(({ id }) => retries.isDue(id));
    if (next === undefined) {
      seenVersion = version;
      await changes.next(POLL_MS);
      continue;
    }
    seenVersion = undefined;
    await runWithRetry(queue, samePass(queue, open, next));
  }
};

/** Picks up new operator requests; returns every rebuild that has not ended. */
const readOpenRebuilds = async (client: Queue['client']): Promise<ReadonlyArray<OpenRebuild>> => {
  await client.takeRebuildRequests({});
  return client.openRebuilds({});
};

/** The rebuilds that share a pass over the log with `next`. One that met a fault runs alone from then on. */
const samePass = (
  { retries }: Queue,
  open: ReadonlyArray<OpenRebuild>,
  next: OpenRebuild,
): ReadonlyArray<OpenRebuild> =>
  retries.attempts(next.id) > 0 || next.pass === null
    ? [next]
    : open.filter(({ id, pass }) => pass === next.pass && retries.attempts(id) === 0);

/** One attempt at the rebuilds of a pass; those that met a fault are retried later, or fail after too many attempts. */
const runWithRetry = async (queue: Queue, rebuilds: ReadonlyArray<OpenRebuild>): Promise<void> => {
  const { client, logger, retries, stopping } = queue;
  const unfinished = new Map(rebuilds.map((rebuild) => [rebuild.id, rebuild]));
  const fault = await runOnce(queue, unfinished);
  for (const { id } of rebuilds) if (!unfinished.has(id)) retries.forget(id);
  if (fault === undefined || isAborted(stopping)) return;
  for (const { id, projection } of unfinished.values()) {
    const delayMs = retries.failed(id);
    if (retries.attempts(id) >= MAX_ATTEMPTS) {
      logger.error({ projection, rebuild: id, reason: fault }, 'the rebuild has failed');
      retries.forget(id);
      await client.failRebuild({ id, reason: fault });
    } else {
      logger.warn({ projection, rebuild: id, reason: fault, delayMs }, 'the rebuild is retried');
      await client.noteFault({ id, fault: `${fault}; it is retried` });
    }
  }
};

/** One attempt; returns the fault that it met, and removes from the map the rebuilds that have ended. */
const runOnce = async (queue: Queue, unfinished: Map<number, OpenRebuild>): Promise<string | undefined> => {
  const { groups, changed, stopping } = queue;
  const cancelling = new Map([...unfinished.keys()].map((id) => [id, new AbortController()]));
  const tasks = [...unfinished.values()].map((rebuild): RebuildTask => {
    const { projection, id } = rebuild;
    const cancelled = cancelling.get(id)?.signal;
    return {
      rebuild,
      isOtherVersion: changed.has(projection),
      topics: groups.topics(projection),
      signal: cancelled === undefined ? stopping : AbortSignal.any([stopping, cancelled]),
      pausedWhile: (work) => groups.pausedWhile(projection, work),
    };
  });
  const over = new AbortController();
  const watching = watchCancellations(queue, cancelling, over.signal);
  try {
    await runPass(queue, tasks, ({ rebuild: { id, projection, kind } }, end) => {
      unfinished.delete(id);
      if (end !== 'done' || kind === 'copy' || kind === 'row') return;
      changed.delete(projection);
      groups.start(projection);
    });
    return undefined;
  } catch (error) {
    if (error instanceof CheckpointMoved || error instanceof LeaseLost) {
      // A cancellation removes the rebuild's checkpoints; that does not mean that another process writes.
      if (![...cancelling.values()].some(({ signal }) => signal.aborted) || error instanceof LeaseLost) throw error;
    }
    return error instanceof Error ? error.message : String(error);
  } finally {
    over.abort();
    await watching;
    for (const [id, { signal }] of cancelling) {
      if (!signal.aborted) continue;
      unfinished.delete(id);
      await queue.client.forgetRebuild({ id });
    }
  }
};

/** Picks up requests while rebuilds run, and aborts cancelled ones. */
const watchCancellations = async (
  { client, changes, clock, logger }: Queue,
  running: ReadonlyMap<number, AbortController>,
  over: AbortSignal,
): Promise<void> => {
  let seenVersion: number | undefined;
  while (!over.aborted) {
    await clock.sleep(POLL_MS, over);
    if (isAborted(over)) continue;
    try {
      const version = changes.count();
      if (version === seenVersion) continue;
      seenVersion = version;
      await client.takeRebuildRequests({});
      const cancelled = await client.cancelledAmong({ ids: [...running.keys()] });
      for (const id of cancelled) running.get(id)?.abort();
    } catch (error) {
      // The rebuild meets the same fault and reports it.
      logger.debug({ error }, 'operator requests could not be read during a rebuild');
    }
  }
};
