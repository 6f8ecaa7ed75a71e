/**
 * Runs what operators ask of the projections, one thing after another: rebuilds from before the last end of the process
 * first, then in the order of asking; those of one pass together. What meets a fault steps back, and holds up nothing.
 */
import type { Clock } from '../../../infra/clock';
import { CheckpointMoved } from '../../../infra/consumption/checkpoints/checkpoints';
import type { EventLog } from '../../../infra/kafka/event-log';
import type { Logger } from '../../../infra/logger';
import { countChanges, type ChangeCounter } from '../../../infra/event-store/change-counter';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import { retrySchedule, type RetrySchedule } from '../../../infra/running/retry-schedule';
import { isAborted } from '../../../infra/running/stop-signal';
import { supervise } from '../../../infra/running/supervise';
import { LeaseLost } from '../../../infra/sqlite/lease';
import { offsetQueue, type OffsetQueue } from './offset-moves';
import type { ProjectionGroups } from '../groups/groups';
import type { OpenRebuild } from '../generations/generations';
import { runPass } from './run';
import type { RebuildTask } from './task';
import type { ViewsClient } from '../writer-thread/writer-thread';

export interface RebuildQueueOptions {
  readonly client: ViewsClient;
  /** Where requests come in. */
  readonly store: Pick<EventFeed, 'changes'>;
  readonly groups: Pick<ProjectionGroups, 'start' | 'pausedWhile' | 'stoppedWhile' | 'topics'>;
  /** Projections of another version than the rows in service: their groups start after their rebuild. */
  readonly changed: ReadonlySet<string>;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const POLL_MS = 200;
/** A fault that is still there after so many attempts, some minutes in all, will not pass by itself. */
const MAX_ATTEMPTS = 30;

interface Queue extends RebuildQueueOptions {
  readonly changes: ChangeCounter;
  readonly changed: Set<string>;
  /** Rebuilds that met a fault: each is tried again later and by itself, and the others go first. */
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
      await workOff({ ...options, ...waiting, changes }, offsets, onProgress).finally(changes.stop);
    },
    onRetry: ({ error }) => logger.warn({ error }, 'requests of operators are looked for again in a moment'),
  });
};

/** Works off what is asked for until the signal aborts, or the requests can't be looked for. */
const workOff = async (queue: Queue, offsets: OffsetQueue, onProgress: () => void): Promise<void> => {
  const { client, changes, retries, stopping } = queue;
  let lookedAt: number | undefined;
  let isAnyLeft = false;
  while (!stopping.aborted) {
    const version = changes.count();
    const open: ReadonlyArray<OpenRebuild> = version === lookedAt && !isAnyLeft ? [] : await requested(client);
    if (version !== lookedAt || isAnyLeft) isAnyLeft = (await offsets.moveAsked()) || open.length > 0;
    onProgress();
    const next = open.find(({ id }) => retries.isDue(id));
    if (next === undefined) {
      lookedAt = version;
      await changes.next(POLL_MS);
      continue;
    }
    lookedAt = undefined;
    await runMates(queue, matesOf(queue, open, next));
  }
};

/** Every rebuild that is not over, with what operators have asked meanwhile. */
const requested = async (client: Queue['client']): Promise<ReadonlyArray<OpenRebuild>> => {
  await client.takeRebuildRequests({});
  return client.openRebuilds({});
};

/** Those that read the log together with it. One that met a fault is alone from then on. */
const matesOf = (
  { retries }: Queue,
  open: ReadonlyArray<OpenRebuild>,
  next: OpenRebuild,
): ReadonlyArray<OpenRebuild> =>
  retries.attempts(next.id) > 0 || next.pass === null
    ? [next]
    : open.filter(({ id, pass }) => pass === next.pass && retries.attempts(id) === 0);

/** One attempt. What met a fault is tried again later, or has failed. */
const runMates = async (queue: Queue, rebuilds: ReadonlyArray<OpenRebuild>): Promise<void> => {
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
      logger.warn({ projection, rebuild: id, reason: fault, delayMs }, 'the rebuild is tried again');
      await client.noteFault({ id, fault: `${fault}; it is tried again` });
    }
  }
};

/** One attempt; returns the fault that it met, and leaves in the map what did not come to an end. */
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
      // A rebuild whose checkpoints went with its cancellation is no sign of another process.
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

/** Looks for requests while rebuilds run, and stops those that are no longer wanted. */
const watchCancellations = async (
  { client, changes, clock, logger }: Queue,
  running: ReadonlyMap<number, AbortController>,
  over: AbortSignal,
): Promise<void> => {
  let lookedAt: number | undefined;
  while (!over.aborted) {
    await clock.sleep(POLL_MS, over);
    if (isAborted(over)) continue;
    try {
      const version = changes.count();
      if (version === lookedAt) continue;
      lookedAt = version;
      await client.takeRebuildRequests({});
      const cancelled = await client.cancelledAmong({ ids: [...running.keys()] });
      for (const id of cancelled) running.get(id)?.abort();
    } catch (error) {
      // The run meets the same fault, and says so.
      logger.debug({ error }, 'requests could not be looked for during a rebuild');
    }
  }
};
