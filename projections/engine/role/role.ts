/** The projections role: every projection as a consumer group over one file, and the requested rebuilds. */
import {
  NOTHING_TO_DO,
  processOperatorRequests,
  type DeadLetterCalls,
} from '../../../infra/dead-letters/redrive/redrive';
import { storeFit, type StoreFit } from '../../../infra/consumption/loop/loop';
import { startRole, type Role } from '../../../infra/running/role';
import { sharedSignal, whenAborted } from '../../../infra/stop-signal';
import { waitForStore, type OpenEventFeed } from '../../../infra/event-store/open-feed';
import type { Projection } from '../../projection';
import { projectionGroups, type ProjectionGroups } from '../groups/groups';
import { rebuildQueue } from '../rebuild/rebuild';
import { startViewsWorker, type ViewsClient } from '../writer-thread/writer-thread';
import type { RoleOptions } from '../../../infra/running/role-options';

export interface ProjectionsOptions extends RoleOptions {
  readonly viewsFile: string;
  /** The store's file, for the thread that writes the views. */
  readonly storeFile: string;
  /** Opens the store for reading. */
  readonly openStore: OpenEventFeed;
  readonly projections: ReadonlyArray<Projection>;
  /** The prefix of the dead-letter topics' names. */
  readonly topicPrefix?: string;
  /** The absolute path of the module that exports the application, for the thread that runs its projections. */
  readonly applicationFile: string;
}

/**
 * Starts the role; it waits for the store, the lease, the broker and the topics. It stops at a batch boundary; a running
 * rebuild is resumed at the next start.
 */
export const startProjections = (options: ProjectionsOptions): Role =>
  startRole({
    ...options,
    role: 'projections',
    ready: (stopping) => waitForStore(options.openStore, options.clock, stopping),
    session: (stopping, onStarted) => run(options, stopping, onStarted),
  });

const run = async (options: ProjectionsOptions, stopping: AbortSignal, onStarted: () => void): Promise<void> => {
  // Aborted at the end of this session; the role's own signal would prevent later sessions too.
  const over = new AbortController();
  const ending = sharedSignal(AbortSignal.any([stopping, over.signal]));
  const { catalog, projections, clock, logger } = options;
  const store = await options.openStore();
  const worker = startViewsWorker({
    viewsFile: options.viewsFile,
    storeFile: options.storeFile,
    leaseTtlMs: options.leaseTtlMs,
    applicationFile: options.applicationFile,
    topics: Object.fromEntries(catalog.aggregates.map(({ category, topic }) => [category, topic])),
    projections: projections.map(({ name, version }) => ({ name, version })),
    onWaiting: (owner) => logger.info({ owner }, 'another process runs the projections; this one waits for its lease'),
    onFault: (reason) =>
      logger.warn({ reason }, 'the file of the projections cannot be opened; the role waits and retries'),
  });
  const fit: { check: StoreFit } = { check: () => Promise.resolve(undefined) };
  const groups = projectionGroups({
    ...options,
    client: worker.client,
    storeLastPosition: store.lastPosition,
    storeFits: (marks) => fit.check(marks),
  });
  let queue: Promise<void> | undefined;
  let requests: Promise<void> | undefined;
  try {
    await Promise.race([worker.opened, worker.done, whenAborted(ending)]);
    if (ending.aborted) return;
    onStarted();
    const boundTo = await worker.client.bindToStore(store.identity);
    fit.check = storeFit({ store, file: options.viewsFile, boundTo });
    if (boundTo !== store.identity.storeId) {
      // The groups report why they are stopped; nothing else may change what was made from another store.
      for (const { name } of projections) groups.start(name);
      await Promise.race([whenAborted(ending), worker.done, groups.failed]);
      return;
    }
    const changed = new Set(await worker.client.prepare({}));
    for (const { name } of projections) if (!changed.has(name)) groups.start(name);
    queue = rebuildQueue({
      ...options,
      client: worker.client,
      store,
      groups,
      changed,
      clock,
      stopping: ending,
    });
    requests = processOperatorRequests({
      calls: deadLetterCalls(worker.client, groups),
      groups: projections.map(({ name }) => name),
      store,
      log: options.log,
      topicPrefix: options.topicPrefix ?? '',
      clock,
      logger,
      stopping: ending,
    });
    await Promise.race([Promise.all([queue, requests]), worker.done, groups.failed]);
  } finally {
    over.abort();
    // The error that ended the race is the one that counts; the others only have to finish.
    await Promise.allSettled([queue, requests]);
    await groups.stop();
    await worker.close();
    await store.close();
  }
};

const deadLetterCalls = (client: ViewsClient, groups: ProjectionGroups): DeadLetterCalls => ({
  takeRequests: () => client.takeFailureRequests({}),
  // A projection whose rows are of another version waits for its rebuild.
  redriveStep: async (projection) =>
    groups.isRunning(projection)
      ? groups.pausedWhile(projection, () => client.redriveStep({ projection }))
      : NOTHING_TO_DO,
  copiesWaiting: (group, limit) => client.copiesWaiting({ group, limit }),
  copiesDone: (seqs) => client.copiesDone({ seqs }),
  noteCopying: (group, attempt) => client.noteCopying({ group, attempt }),
  defectsWaiting: (limit) => client.defectsWaiting({ limit }),
  defectsDone: (ids) => client.defectsDone({ ids }),
});
