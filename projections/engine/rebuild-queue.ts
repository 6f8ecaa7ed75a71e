/** Runs rebuilds one after another: those from before the last end of the process first, then in the order of asking. */
import { backoffMs } from '../../infra/backoff';
import type { Clock } from '../../infra/clock';
import { CheckpointMoved } from '../../infra/consumption/checkpoints';
import type { EventLog } from '../../infra/kafka/event-log';
import type { Logger } from '../../infra/logger';
import type { EventReader } from '../../infra/sqlite/event-reader';
import { LeaseLost } from '../../infra/sqlite/lease';
import type { ProjectionGroups } from './projection-groups';
import type { OpenRebuild } from './rebuild-rows';
import { runRebuild, type RebuildEnd } from './rebuild-run';
import type { CallViews } from './views-worker';

export interface RebuildQueueOptions {
  readonly call: CallViews;
  /** Where requests come in. */
  readonly store: Pick<EventReader, 'dataVersion'>;
  readonly groups: Pick<ProjectionGroups, 'start' | 'pausedWhile' | 'topics'>;
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

/** Resolves when the signal aborts; rejects when this process may no longer write. */
export const rebuildQueue = async (options: RebuildQueueOptions): Promise<void> => {
  const { call, store, clock, stopping, groups } = options;
  const changed = new Set(options.changed);
  let lookedAt: number | undefined;
  while (!stopping.aborted) {
    const version = store.dataVersion();
    const [next] = version === lookedAt ? [] : await call('openRebuilds', {});
    if (next === undefined) {
      lookedAt = version;
      await clock.sleep(POLL_MS, stopping);
      continue;
    }
    lookedAt = undefined;
    const end = await runPatiently(options, next, changed.has(next.projection));
    if (end !== 'done') continue;
    changed.delete(next.projection);
    groups.start(next.projection);
  }
};

const runPatiently = async (
  options: RebuildQueueOptions,
  rebuild: OpenRebuild,
  isOtherVersion: boolean,
): Promise<RebuildEnd> => {
  const { call, groups, clock, logger, stopping } = options;
  const { id, projection } = rebuild;
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await runRebuild({
        ...options,
        rebuild: attempts === 1 ? rebuild : await latest(call, rebuild),
        isOtherVersion,
        topics: groups.topics(projection),
        signal: stopping,
        pausedWhile: (work) => groups.pausedWhile(projection, work),
      });
    } catch (error) {
      if (error instanceof CheckpointMoved || error instanceof LeaseLost) throw error;
      if (stopping.aborted) return 'stopped';
      const fault = error instanceof Error ? error.message : String(error);
      if (attempts >= MOST_ATTEMPTS) {
        logger.error({ projection, rebuild: id, reason: fault }, 'the rebuild has failed');
        await call('failRebuild', { id, reason: fault });
        return 'failed';
      }
      logger.warn({ projection, rebuild: id, reason: fault }, 'the rebuild is tried again');
      await call('noteFault', { id, fault: `${fault}; it is tried again` });
      await clock.sleep(backoffMs(clock, attempts), stopping);
    }
  }
};

/** The same rebuild with the tables that it has begun. */
const latest = async (call: CallViews, rebuild: OpenRebuild): Promise<OpenRebuild> =>
  (await call('openRebuilds', {})).find(({ id }) => id === rebuild.id) ?? rebuild;
