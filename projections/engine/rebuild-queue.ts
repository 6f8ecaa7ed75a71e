/**
 * Runs what operators ask of the projections, one thing after another: rebuilds from before the last end of the process
 * first, then in the order of asking; those of one pass together.
 */
import { backoffMs } from '../../infra/backoff';
import type { Clock } from '../../infra/clock';
import { CheckpointMoved } from '../../infra/consumption/checkpoints';
import type { EventLog } from '../../infra/kafka/event-log';
import type { Logger } from '../../infra/logger';
import type { EventReader } from '../../infra/sqlite/event-reader';
import { LeaseLost } from '../../infra/sqlite/lease';
import { moveAsked } from './offset-queue';
import type { ProjectionGroups } from './projection-groups';
import type { OpenRebuild } from './rebuild-rows';
import { runPass } from './rebuild-run';
import type { RebuildTask } from './rebuild-task';
import type { CallViews } from './views-worker';

export interface RebuildQueueOptions {
  readonly call: CallViews;
  /** Where requests come in. */
  readonly store: Pick<EventReader, 'dataVersion'>;
  readonly groups: Pick<ProjectionGroups, 'start' | 'pausedWhile' | 'stoppedWhile' | 'topics'>;
  /** Projections of another version than the rows in service: their groups start after their rebuild. */
  readonly changed: ReadonlySet<string>;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly stopping: AbortSignal;
}

const POLL_MS = 200;
/** A fault that is still there after so many attempts, some minutes apart, will not pass by itself. */
const MOST_ATTEMPTS = 30;

interface Queue extends RebuildQueueOptions {
  readonly changed: Set<string>;
}

/** Resolves when the signal aborts; rejects when this process may no longer write. */
export const rebuildQueue = async (options: RebuildQueueOptions): Promise<void> => {
  const { call, store, clock, stopping } = options;
  const queue: Queue = { ...options, changed: new Set(options.changed) };
  let lookedAt: number | undefined;
  while (!stopping.aborted) {
    const version = store.dataVersion();
    const open = version === lookedAt ? [] : await call('openRebuilds', {});
    if (version !== lookedAt) await moveAsked(options);
    const [next] = open;
    if (next === undefined) {
      lookedAt = version;
      await clock.sleep(POLL_MS, stopping);
      continue;
    }
    lookedAt = undefined;
    const mates = open.filter(({ id, pass }) => id === next.id || (pass !== null && pass === next.pass));
    await runPatiently(queue, mates);
  }
};

const runPatiently = async (queue: Queue, rebuilds: ReadonlyArray<OpenRebuild>): Promise<void> => {
  const { call, clock, logger, stopping } = queue;
  const unfinished = new Map(rebuilds.map((rebuild) => [rebuild.id, rebuild]));
  for (let attempts = 1; unfinished.size > 0 && !stopping.aborted; attempts += 1) {
    const fault = await runOnce(queue, unfinished);
    if (fault === undefined || wasTold(stopping)) return;
    for (const { id, projection } of unfinished.values()) {
      if (attempts >= MOST_ATTEMPTS) {
        logger.error({ projection, rebuild: id, reason: fault }, 'the rebuild has failed');
        await call('failRebuild', { id, reason: fault });
      } else {
        logger.warn({ projection, rebuild: id, reason: fault }, 'the rebuild is tried again');
        await call('noteFault', { id, fault: `${fault}; it is tried again` });
      }
    }
    if (attempts >= MOST_ATTEMPTS) return;
    await clock.sleep(backoffMs(clock, attempts), stopping);
    await refresh(call, unfinished);
  }
};

/** Read anew: before it lies a wait. */
const wasTold = (signal: AbortSignal): boolean => signal.aborted;

/** Those that can still go on, with the tables that they have begun. */
const refresh = async (call: CallViews, unfinished: Map<number, OpenRebuild>): Promise<void> => {
  const open = await call('openRebuilds', {});
  for (const id of [...unfinished.keys()]) {
    const now = open.find((each) => each.id === id);
    if (now === undefined) unfinished.delete(id);
    else unfinished.set(id, now);
  }
};

/** One attempt; answers the fault that it met, and leaves in the map what did not come to an end. */
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
      await queue.call('forgetRebuild', { id });
    }
  }
};

/** Looks for requests while rebuilds run, and stops those that are no longer wanted. */
const watchCancellations = async (
  { call, store, clock, logger }: Queue,
  running: ReadonlyMap<number, AbortController>,
  over: AbortSignal,
): Promise<void> => {
  let lookedAt: number | undefined;
  while (!over.aborted) {
    await clock.sleep(POLL_MS, over);
    const version = store.dataVersion();
    if (wasTold(over) || version === lookedAt) continue;
    lookedAt = version;
    try {
      await call('openRebuilds', {});
      const cancelled = await call('cancelledAmong', { ids: [...running.keys()] });
      for (const id of cancelled) running.get(id)?.abort();
    } catch (error) {
      // The run meets the same fault, and says so.
      logger.debug({ error }, 'requests could not be looked for during a rebuild');
    }
  }
};
