/** Everything that writes to the views' file: the operations of its one writing thread, each in one transaction. */
import {
  checkpointsOf,
  moveOffsets,
  offsetMoveNotes,
  offsetRequests,
} from '../../../infra/consumption/checkpoints/checkpoints';
import { groupStatusWriter } from '../../../infra/consumption/status/status';
import { deadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import { checkpointAndClose } from '../../../infra/sqlite/database';
import { type EventHandler, transactionFacts } from '../../../infra/consumption/intake/intake';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import { bindToStore } from '../../../infra/sqlite/store-identity';
import { writeUnderLease } from '../../../infra/sqlite/leased-database';
import { applyStorePage, readStorePage, recordsIn } from '../apply/apply';
import { projectionGenerations, rebuildRows, takenInRows, withTakenIn } from '../generations/generations';
import { targets, type WriterContext, type ViewsWriterOptions } from './context';
import { rebuildOperations } from './rebuild-operations';
import type { ViewsOperations } from './operations';

/** Makes the operations on a file that has the views' schema. */
export const viewsWriter = (options: ViewsWriterOptions): ViewsOperations => {
  const { database, lease, projections, clock } = options;
  const takenIn = takenInRows(database);
  const checkpoints = withTakenIn(checkpointsOf(database), takenIn);
  const rebuilds = rebuildRows(database, clock);
  let store: Promise<EventFeed> | undefined;
  const openStore = async (): Promise<EventFeed> => {
    store ??= options.openStore();
    // An opening that failed is tried again at the next need.
    store.catch(() => void (store = undefined));
    return store;
  };
  const facts = transactionFacts(openStore);
  const parts: WriterContext = {
    options,
    checkpoints,
    rebuilds,
    takenIn,
    builds: projectionGenerations(database, projections, rebuilds, checkpoints, clock),
    offsets: offsetRequests(database),
    failures: deadLetterHandling({ ...options, checkpoints, store: facts.store }),
    store: openStore,
    facts,
    write: writeUnderLease(options),
  };
  return {
    ...groupOperations(parts),
    ...offsetOperations(parts),
    ...failureOperations(parts),
    ...rebuildOperations(parts),
    close: async () => {
      await (await store)?.close();
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
  | 'checkpoints'
  | 'begin'
  | 'move'
  | 'apply'
  | 'applyFromStore'
  | 'caughtUpTo'
  | 'report'
  | 'bindToStore'
  | 'hasSetAsideUpTo'
>;

const groupOperations = (parts: WriterContext): GroupOperations => {
  const { options, checkpoints, builds, failures, store, facts, write } = parts;
  const { intake, breakers } = failures;
  const writeStatus = groupStatusWriter(options.database);
  const targetOf = targets(parts);
  const live = (projection: string): EventHandler => targetOf(projection, projection, builds.live(projection));
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
      facts.during(
        (work) => breakers.guard(projection, write, work),
        () => intake.records(live(projection), { records: recordsIn(batch), moves: batch.moves, exhaustedAttempts }),
        recordsIn(batch),
      ),
    applyFromStore: async ({ projection, ...query }) => {
      const page = await readStorePage(await store(), query);
      return facts.during(
        (work) => breakers.guard(projection, write, work),
        () => applyStorePage(intake, live(projection), page, query),
      );
    },
    caughtUpTo: ({ consumer, marks }) => write(() => checkpoints.raiseEach(consumer, marks)),
    report: ({ status }) => write(() => writeStatus(status)),
    bindToStore: ({ storeId }) => write(() => bindToStore(options.database, storeId)),
    hasSetAsideUpTo: ({ consumer, lastPosition }) => failures.quarantine.hasSetAsideUpTo(consumer, lastPosition),
  };
};

// -------------------------------------------------------------------------------------
// Offsets moved by hand
// -------------------------------------------------------------------------------------

type OffsetOperations = Pick<ViewsOperations, 'openOffsetRequests' | 'moveOffsets' | 'failOffsetRequest'>;

const offsetOperations = ({ options, checkpoints, offsets, write }: WriterContext): OffsetOperations => {
  const note = offsetMoveNotes(options.database, options.clock);
  return {
    openOffsetRequests: () => offsets.open(),
    moveOffsets: ({ id, order, actor }) =>
      write(() => {
        moveOffsets(checkpoints, note, order, actor);
        offsets.end(id, 'done', null);
      }),
    failOffsetRequest: ({ id, reason }) => write(() => offsets.end(id, 'failed', reason)),
  };
};

// -------------------------------------------------------------------------------------
// Failures
// -------------------------------------------------------------------------------------

type FailureOperations = Pick<
  ViewsOperations,
  | 'takeFailureRequests'
  | 'redriveStep'
  | 'copiesWaiting'
  | 'copiesDone'
  | 'noteCopying'
  | 'defectsWaiting'
  | 'defectsDone'
>;

const failureOperations = (parts: WriterContext): FailureOperations => {
  const { options, builds, failures, store, facts, write } = parts;
  const { desk, copies, defects } = failures;
  const targetOf = targets(parts);
  const groups = new Set(options.projections.map(({ name }) => name));
  return {
    takeFailureRequests: async () => {
      const requests = await desk.newRequests(await store());
      return requests.length === 0 ? 0 : write(() => desk.takeRequests(requests, groups));
    },
    redriveStep: ({ projection }) =>
      facts.during(write, () => desk.step(targetOf(projection, projection, builds.live(projection)))),
    copiesWaiting: ({ group, limit }) => copies.waiting(group, limit),
    copiesDone: ({ seqs }) => write(() => copies.done(seqs)),
    noteCopying: ({ group, attempt }) => write(() => copies.note(group, attempt)),
    defectsWaiting: ({ limit }) => defects.waiting(limit),
    defectsDone: ({ ids }) => write(() => defects.done(ids)),
  };
};
