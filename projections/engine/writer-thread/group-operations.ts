/** Everything that writes to the views' file: the operations of its one writing thread, each in one transaction. */
import { moveOffsets } from '../../../infra/consumption/checkpoints/checkpoints';
import { deadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import type { EventReader } from '../../../infra/sqlite/event-reader';
import { applyBatch, applyStorePage, consumerOf, type Target } from '../apply/apply';
import { targets, type WriterContext, type ViewsWriterOptions } from './context';
import { rebuildOperations } from './rebuild-operations';
import type { ViewsOperations } from './operations';

/** Makes the operations on the views' file. */
export const viewsWriter = ({ file, ...options }: ViewsWriterOptions): ViewsOperations => {
  let store: EventReader | undefined;
  const openStore = (): EventReader => (store ??= options.openStore());
  const failures = deadLetterHandling({ ...options, tables: file, store: openStore });
  const parts: WriterContext = { ...file, options, failures, store: openStore };
  return {
    ...groupOperations(parts),
    ...offsetOperations(parts),
    ...failureOperations(parts),
    ...rebuildOperations(parts),
    close: () => {
      store?.close();
      file.close();
    },
  };
};

// -------------------------------------------------------------------------------------
// Groups
// -------------------------------------------------------------------------------------

const groupOperations = (parts: WriterContext) => {
  const { checkpoints, builds, failures, store, write, writeStatus } = parts;
  const { intake, breakers } = failures;
  const targetOf = targets(parts);
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
    applyFromStore: ({ projection, ...order }) =>
      breakers.guard(projection, write, () => applyStorePage(intake, live(projection), store(), order)),
    caughtUpTo: ({ consumer, marks }) => write(() => checkpoints.raiseEach(consumer, marks)),
    report: ({ status }) => write(() => writeStatus(status)),
    bindToStore: ({ storeId }) => write(() => parts.bindToStore(storeId)),
    hasSetAsideUpTo: ({ consumer, lastPosition }) => failures.quarantine.hasSetAsideUpTo(consumer, lastPosition),
  } satisfies Partial<ViewsOperations>;
};

// -------------------------------------------------------------------------------------
// Offsets moved by hand
// -------------------------------------------------------------------------------------

const offsetOperations = ({ checkpoints, offsetRequests: offsets, noteOffsetMove, write }: WriterContext) => {
  return {
    openOffsetRequests: () => offsets.open(),
    moveOffsets: ({ id, order, actor }) =>
      write(() => {
        moveOffsets(checkpoints, noteOffsetMove, order, actor);
        offsets.end(id, 'done', null);
      }),
    failOffsetRequest: ({ id, reason }) => write(() => offsets.end(id, 'failed', reason)),
  } satisfies Partial<ViewsOperations>;
};

// -------------------------------------------------------------------------------------
// Failures
// -------------------------------------------------------------------------------------

const failureOperations = (parts: WriterContext) => {
  const { options, builds, failures, write } = parts;
  const { desk, copies, defects } = failures;
  const targetOf = targets(parts);
  const groups = new Set(options.projections.map(({ name }) => name));
  return {
    takeFailureRequests: () => write(() => desk.takeRequests(groups)),
    redriveStep: ({ projection }) =>
      write(() => desk.step(consumerOf(targetOf(projection, projection, builds.live(projection))))),
    copiesWaiting: ({ group, limit }) => copies.waiting(group, limit),
    copiesDone: ({ seqs }) => write(() => copies.done(seqs)),
    noteCopying: ({ group, attempt }) => write(() => copies.note(group, attempt)),
    defectsWaiting: ({ limit }) => defects.waiting(limit),
    defectsDone: ({ ids }) => write(() => defects.done(ids)),
  } satisfies Partial<ViewsOperations>;
};
