/** The operations on the views' file, run by its only writer thread; each that writes is one transaction. */
import { moveOffsets } from '../../../infra/consumption/checkpoints/checkpoints';
import { deadLetterHandling } from '../../../infra/dead-letters/redrive/redrive';
import { type EventHandler, transactionFacts } from '../../../infra/consumption/intake/intake';
import type { EventFeed } from '../../../infra/event-store/event-feed';
import { applyStorePage, generationHandlers, readStorePage, recordsIn } from '../apply/apply';
import type { WriterContext, ViewsWriterOptions } from './context';
import { rebuildOperations } from './rebuild-operations';
import type { ViewsOperations } from './operations';

/** Makes the operations on the views' file. */
export const viewsWriter = ({ file, ...options }: ViewsWriterOptions): ViewsOperations => {
  let store: Promise<EventFeed> | undefined;
  const openStore = async (): Promise<EventFeed> => {
    store ??= options.openStore();
    // A failed opening is retried when the store is needed again.
    store.catch(() => void (store = undefined));
    return store;
  };
  const facts = transactionFacts(openStore);
  const failures = deadLetterHandling({ ...options, tables: file, store: facts.store });
  const parts: WriterContext = { ...file, options, failures, store: openStore, facts };
  return {
    ...groupOperations(parts),
    ...offsetOperations(parts),
    ...failureOperations(parts),
    ...rebuildOperations(parts),
    close: async () => {
      await (await store)?.close();
      file.close();
    },
  };
};

// -------------------------------------------------------------------------------------
// Groups
// -------------------------------------------------------------------------------------

const groupOperations = (parts: WriterContext) => {
  const { checkpoints, generations, failures, store, facts, write, writeStatus } = parts;
  const { intake, breakers } = failures;
  const { clock } = parts.options;
  const handlerOf = generationHandlers(parts);
  const live = (projection: string): EventHandler => handlerOf(projection, generations.live(projection));
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
    apply: async ({ projection, batch, exhaustedAttempts }) => {
      // Measured here: whoever asks waits for the batches of other groups, too.
      let durationMs = 0;
      const counts = await facts.during(
        (work) => breakers.guard(projection, write, work),
        () => {
          const startedAtMs = clock.monotonicMs();
          try {
            return intake.records(live(projection), {
              records: recordsIn(batch),
              moves: batch.moves,
              exhaustedAttempts,
            });
          } finally {
            durationMs += clock.monotonicMs() - startedAtMs;
          }
        },
        recordsIn(batch),
      );
      return { ...counts, durationMs };
    },
    applyFromStore: async ({ projection, ...query }) => {
      const page = await readStorePage(await store(), query);
      return facts.during(
        (work) => breakers.guard(projection, write, work),
        () => applyStorePage(intake, live(projection), page, query),
      );
    },
    advanceHighWater: ({ consumer, marks }) => write(() => checkpoints.advanceHighWater(consumer, marks)),
    report: ({ status }) => write(() => writeStatus(status)),
    bindToStore: ({ storeId }) => write(() => parts.bindToStore(storeId)),
    hasDeadLettersUpTo: ({ consumer, lastPosition }) => failures.quarantine.hasDeadLettersUpTo(consumer, lastPosition),
  } satisfies Partial<ViewsOperations>;
};

// -------------------------------------------------------------------------------------
// Moves of offsets
// -------------------------------------------------------------------------------------

const offsetOperations = ({ checkpoints, offsetRequests: offsets, noteOffsetMove, write }: WriterContext) => {
  return {
    openOffsetRequests: () => offsets.open(),
    moveOffsets: ({ id, moveRequest, actor }) =>
      write(() => {
        moveOffsets(checkpoints, noteOffsetMove, moveRequest, actor);
        offsets.end(id, 'done', null);
      }),
    failOffsetRequest: ({ id, reason }) => write(() => offsets.end(id, 'failed', reason)),
  } satisfies Partial<ViewsOperations>;
};

// -------------------------------------------------------------------------------------
// Dead letters
// -------------------------------------------------------------------------------------

const failureOperations = (parts: WriterContext) => {
  const { options, generations, failures, store, facts, write } = parts;
  const { operatorRequests, copies, defects } = failures;
  const handlerOf = generationHandlers(parts);
  const groups = new Set(options.projections.map(({ name }) => name));
  return {
    takeFailureRequests: async () => {
      const requests = await operatorRequests.newRequests(await store());
      return requests.length === 0 ? 0 : write(() => operatorRequests.takeRequests(requests, groups));
    },
    redriveStep: ({ projection }) =>
      facts.during(write, () => operatorRequests.step(handlerOf(projection, generations.live(projection)))),
    copiesWaiting: ({ group, limit }) => copies.waiting(group, limit),
    copiesDone: ({ seqs }) => write(() => copies.done(seqs)),
    noteCopying: ({ group, attempt }) => write(() => copies.note(group, attempt)),
    defectsWaiting: ({ limit }) => defects.waiting(limit),
    defectsDone: ({ ids }) => write(() => defects.done(ids)),
  } satisfies Partial<ViewsOperations>;
};
