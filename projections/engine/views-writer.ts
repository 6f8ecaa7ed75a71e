/** Everything that writes to the views' file: the operations of its one writing thread, each in one transaction. */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../../infra/clock';
import { checkpointsOf, type Checkpoint, type Checkpoints } from '../../infra/consumption/checkpoints';
import type { BreakerPolicy } from '../../infra/consumption/circuit-breaker';
import { groupStatusWriter } from '../../infra/consumption/group-status';
import { failureStore, type FailureStore } from '../../infra/dead-letters/failure-store';
import { checkpointAndClose } from '../../infra/sqlite/database';
import type { EventReader } from '../../infra/sqlite/event-reader';
import type { LeasedDatabase } from '../../infra/sqlite/leased-database';
import type { Projection } from '../projection';
import { applyBatch, applyStorePage, consumerOf, type Target } from './batch-application';
import { projectionBuilds, type ServedBuilds, type ShadowBuilds } from './projection-builds';
import { topicsOf } from './projection-topics';
import { compareBuilds } from './rebuild-proof';
import { takeRequests } from './rebuild-requests';
import { rebuildRows, type RebuildRows } from './rebuild-rows';
import { rebuildConsumer, type ViewsOperations } from './views-operations';

export interface ViewsWriterOptions extends LeasedDatabase {
  readonly catalog: Catalog;
  readonly projections: ReadonlyArray<Projection>;
  /** Opens the store for reading; called once, at the first need. */
  readonly openStore: () => EventReader;
  readonly clock: Clock;
  readonly breakerPolicy?: BreakerPolicy;
}

interface Parts {
  readonly options: ViewsWriterOptions;
  readonly checkpoints: Checkpoints;
  readonly rebuilds: RebuildRows;
  readonly builds: ServedBuilds & ShadowBuilds;
  readonly failures: FailureStore;
  readonly store: () => EventReader;
  /** Runs in one transaction that only the holder of the lease can commit. */
  readonly write: <Result>(work: () => Result) => Result;
}

/** Makes the operations on a file that has the views' schema. */
export const viewsWriter = (options: ViewsWriterOptions): ViewsOperations => {
  const { database, lease, projections, clock } = options;
  const checkpoints = checkpointsOf(database);
  const rebuilds = rebuildRows(database, clock);
  let store: EventReader | undefined;
  const openStore = (): EventReader => (store ??= options.openStore());
  const parts: Parts = {
    options,
    checkpoints,
    rebuilds,
    builds: projectionBuilds(database, projections, rebuilds, checkpoints),
    failures: failureStore({ ...options, checkpoints, store: openStore }),
    store: openStore,
    write: (work) =>
      database
        .transaction(() => {
          lease.assertHeld();
          return work();
        })
        .immediate(),
  };
  return {
    ...groupOperations(parts),
    ...rebuildOperations(parts),
    ...failureOperations(parts),
    close: () => {
      store?.close();
      lease.release();
      checkpointAndClose(database);
    },
  };
};

// -------------------------------------------------------------------------------------
// Groups
// -------------------------------------------------------------------------------------

type GroupOperations = Pick<
  ViewsOperations,
  'checkpoints' | 'begin' | 'move' | 'apply' | 'applyFromStore' | 'caughtUpTo' | 'report'
>;

const groupOperations = ({ options, checkpoints, builds, failures, store, write }: Parts): GroupOperations => {
  const { intake, breakers } = failures;
  const writeStatus = groupStatusWriter(options.database);
  const targetOf = targets(options);
  const live = (projection: string): Target => targetOf(projection, projection, builds.live(projection));
  return {
    checkpoints: ({ consumer }) => checkpoints.read(consumer),
    begin: ({ consumer, checkpoints: from }) =>
      write(() => {
        for (const checkpoint of from) checkpoints.begin(consumer, checkpoint);
      }),
    move: ({ consumer, moves }) =>
      write(() => {
        for (const move of moves) checkpoints.move(consumer, move);
      }),
    apply: ({ projection, batch, exhaustedAttempts }) =>
      breakers.guard(projection, write, () => applyBatch(intake, live(projection), batch, exhaustedAttempts)),
    applyFromStore: ({ projection, ...range }) =>
      breakers.guard(projection, write, () =>
        applyStorePage(intake, live(projection), store(), { ...range, bounds: undefined }),
      ),
    caughtUpTo: ({ projection, position }) =>
      write(() => {
        for (const topic of live(projection).topics) checkpoints.raise(projection, topic, position);
      }),
    report: ({ status }) => write(() => writeStatus(status)),
  };
};

/** A build with what its consumer is called and reads. */
const targets = ({ catalog, projections }: ViewsWriterOptions) => {
  const topics = new Map(
    projections.map((projection) => [
      projection.name,
      new Set(topicsOf(catalog, projection).map(({ name }) => name)) as ReadonlySet<string>,
    ]),
  );
  return (projection: string, consumer: string, generation: Target['generation']): Target => ({
    consumer,
    topics: topics.get(projection) ?? new Set(),
    generation,
  });
};

// -------------------------------------------------------------------------------------
// Projections and their rebuilds
// -------------------------------------------------------------------------------------

type RebuildOperations = Omit<ViewsOperations, keyof GroupOperations | keyof FailureOperations | 'close'>;

const rebuildOperations = (parts: Parts): RebuildOperations => {
  const { options, checkpoints, rebuilds, builds, failures, store, write } = parts;
  const { intake, desk } = failures;
  const targetOf = targets(options);
  const projectionOf = (id: number): string => {
    const rebuild = rebuilds.find(id);
    if (rebuild === undefined) throw new Error(`there is no rebuild ${id}`);
    return rebuild.projection;
  };
  const shadow = (id: number): Target => targetOf(projectionOf(id), rebuildConsumer(id), builds.shadow(id));
  return {
    prepare: () => write(builds.prepare),
    openRebuilds: () => {
      const requests = takeRequests(store(), rebuilds, options.projections);
      if (requests !== undefined) write(requests);
      return rebuilds.open();
    },
    beginRebuild: (rebuild) =>
      write(() => {
        builds.beginShadow(rebuild);
        const consumer = rebuildConsumer(rebuild.id);
        if (checkpoints.read(consumer).length === 0) desk.letters.forget(consumer);
      }),
    applyToShadow: ({ id, batch }) => write(() => applyBatch(intake, shadow(id), batch)),
    applyStoreToShadow: ({ id, afterPosition, bounds }) =>
      write(() => {
        const untilPosition = Math.max(0, ...bounds.map(({ highWaterPosition }) => highWaterPosition));
        return applyStorePage(intake, shadow(id), store(), { afterPosition, untilPosition, bounds });
      }),
    raiseShadow: ({ id, bounds }) => write(() => raise(checkpoints, rebuildConsumer(id), bounds)),
    noteProgress: ({ id, progress }) => write(() => rebuilds.note(id, progress)),
    noteFault: ({ id, fault }) => write(() => rebuilds.noteFault(id, fault)),
    compareRebuild: ({ id }) => {
      const projection = projectionOf(id);
      const before = builds.servedGeneration(projection);
      return compareBuilds(options.database, projection, before, builds.shadow(id).number);
    },
    finishRebuild: ({ id, reason, proof }) =>
      write(() => {
        const read = checkpoints.read(rebuildConsumer(id));
        builds.swap(id);
        // Where the shadow has seen more, as after a record that only this program can read, the group must know.
        raise(checkpoints, projectionOf(id), read);
        checkpoints.remove(rebuildConsumer(id));
        desk.letters.adopt(rebuildConsumer(id), projectionOf(id));
        rebuilds.end(id, 'done', reason, proof);
      }),
    failRebuild: ({ id, reason }) =>
      write(() => {
        builds.dropShadow(id);
        desk.letters.forget(rebuildConsumer(id));
        rebuilds.end(id, 'failed', reason, null);
      }),
  };
};

// -------------------------------------------------------------------------------------
// Failures
// -------------------------------------------------------------------------------------

type FailureOperations = Pick<ViewsOperations, 'takeFailureRequests' | 'redriveStep' | 'copiesWaiting' | 'copiesDone'>;

const failureOperations = ({ options, builds, failures, write }: Parts): FailureOperations => {
  const { desk, copies } = failures;
  const targetOf = targets(options);
  const groups = new Set(options.projections.map(({ name }) => name));
  return {
    takeFailureRequests: () => write(() => desk.takeRequests(groups)),
    redriveStep: ({ projection }) =>
      write(() => desk.step(consumerOf(targetOf(projection, projection, builds.live(projection))))),
    copiesWaiting: ({ group, limit }) => copies.waiting(group, limit),
    copiesDone: ({ seqs }) => write(() => copies.done(seqs)),
  };
};

/** Raises high-water positions, partition by partition, and leaves the offsets where they are. */
const raise = (checkpoints: Checkpoints, consumer: string, to: ReadonlyArray<Checkpoint>): void => {
  const known = checkpoints.read(consumer);
  for (const { topic, partition, highWaterPosition } of to) {
    const at = known.find((each) => each.topic === topic && each.partition === partition);
    if (at === undefined || at.highWaterPosition >= highWaterPosition) continue;
    const { logId: fromLogId, nextOffset: fromOffset } = at;
    checkpoints.move(consumer, { ...at, highWaterPosition, fromLogId, fromOffset });
  }
};
