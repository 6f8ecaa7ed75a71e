/** The operations of rebuilds on the views' file. */
import type { EventHandler } from '../../../infra/consumption/intake/intake';
import { applyShared, applyStorePage, generationHandlers, readStorePage, recordsIn } from '../apply/apply';
import { assertRebuildable, type OpenRebuild, rebuildConsumer } from '../generations/generations';
import { compareGenerations, compareWithStore } from '../inspect/inspect';
import { takeRequests } from './operator-requests';
import { rowOperations } from './row-operations';
import type { ViewsOperations } from './operations';
import type { WriterContext } from './context';

/** Makes the operations. */
export const rebuildOperations = (parts: WriterContext) => {
  const { options, checkpoints, rebuilds, generations, letters, store, write } = parts;
  return {
    ...readingOperations(parts),
    ...endingOperations(parts),
    ...rowOperations(parts),
    prepare: () => write(generations.prepare),
    openRebuilds: () => rebuilds.open(),
    takeRebuildRequests: async () => {
      const requests = await takeRequests({
        store: await store(),
        rebuilds,
        generations,
        projections: options.projections,
        offsets: parts.offsetRequests,
        noteFailed: parts.noteFailedRequest,
        savepoint: parts.savepoint,
      });
      if (requests !== undefined) write(requests);
    },
    cancelledAmong: ({ ids }) => ids.filter((id) => rebuilds.stateOf(id) === 'cancelled'),
    beginRebuild: (rebuild) =>
      write(() => {
        const state = rebuilds.stateOf(rebuild.id);
        if (state !== 'requested' && state !== 'running') throw new Error(`the rebuild ${rebuild.id} is over`);
        // An older program may have picked up the request without this check.
        assertRebuildable(options.projections, rebuild);
        generations.beginCandidate(rebuild);
        const consumer = rebuildConsumer(rebuild.id);
        if (checkpoints.read(consumer).every(({ nextOffset }) => nextOffset === 0)) letters.forget(consumer);
      }),
    noteProgress: ({ id, progress }) => write(() => rebuilds.note(id, progress)),
    noteFault: ({ id, fault }) => write(() => rebuilds.noteFault(id, fault)),
  } satisfies Partial<ViewsOperations>;
};

const readingOperations = (parts: WriterContext) => {
  const { options, checkpoints, rebuilds, received, generations, failures, store, facts, write } = parts;
  const { intake } = failures;
  const handlerOf = generationHandlers(parts);
  const candidate = (id: number): EventHandler => {
    const rebuild = rebuilds.find(id);
    if (rebuild === undefined) throw new Error(`there is no rebuild ${id}`);
    const target = handlerOf(rebuildConsumer(id), generations.candidate(id));
    return {
      ...target,
      ...(rebuild.untilPosition === null ? {} : { untilPosition: rebuild.untilPosition }),
      ...(isProvable(rebuild) ? { received: received.of(target.consumer) } : {}),
    };
  };
  return {
    applyToCandidates: ({ takers, batch }) =>
      facts.during(
        write,
        () => {
          const running = takers.filter(({ id }) => rebuilds.stateOf(id) === 'running');
          const shares = running.map(({ id, moves }) => ({ to: candidate(id), moves }));
          applyShared(intake, shares, batch);
        },
        recordsIn(batch),
      ),
    applyStoreToCandidate: async ({ id, afterPosition, bounds }) => {
      const untilPosition = Math.max(0, ...bounds.map(({ highWaterPosition }) => highWaterPosition));
      const page = await readStorePage(await store(), { afterPosition, untilPosition });
      return facts.during(write, () => applyStorePage(intake, candidate(id), page, { bounds }));
    },
    advanceCandidate: ({ id, bounds }) => write(() => checkpoints.advanceHighWater(rebuildConsumer(id), bounds)),
    compareRebuild: async ({ id }) => {
      const name = projectionOf(parts, id);
      const { projection, number } = generations.candidate(id);
      const before = parts.scan(projection, generations.servedGeneration(name));
      const { proof, differences } = await compareGenerations(projection, before, parts.scan(projection, number));
      write(() => rebuilds.noteDifferences(id, differences));
      return proof;
    },
    compareWithStore: async ({ id }) => {
      const rebuild = rebuilds.find(id);
      if (rebuild === undefined || !isProvable(rebuild)) return null;
      const { consumer, topics } = candidate(id);
      return compareWithStore({
        catalog: options.catalog,
        store: await store(),
        topics,
        marks: checkpoints.read(consumer),
        taken: received.read(consumer),
      });
    },
  } satisfies Partial<ViewsOperations>;
};

/** A rollback starts from rows for which no digest of the applied events was recorded. */
const isProvable = ({ kind }: OpenRebuild): boolean => kind === 'rebuild' || kind === 'copy';

const endingOperations = (parts: WriterContext) => {
  const { checkpoints, rebuilds, generations, letters, parked, write } = parts;
  /** Throws if the rebuild was cancelled meanwhile, so that it is not revived. */
  const whileRunning = (id: number, work: () => void): void =>
    write(() => {
      if (rebuilds.stateOf(id) !== 'running') throw new Error(`the rebuild ${id} is over`);
      work();
    });
  return {
    waitRebuild: ({ id, reason, proof }) => whileRunning(id, () => rebuilds.wait(id, reason, proof)),
    keepCopy: ({ id, reason }) =>
      whileRunning(id, () => {
        generations.keepCopy(id);
        letters.forget(rebuildConsumer(id));
        rebuilds.end(id, 'done', reason, null);
      }),
    finishRebuild: ({ id, reason, proof }) =>
      whileRunning(id, () => {
        const consumer = rebuildConsumer(id);
        const projection = projectionOf(parts, id);
        const read = checkpoints.read(consumer);
        generations.swap(id);
        // Its rows lack dead-lettered and parked events, and nothing records which: a rollback would miss them.
        if (parked.quarantined(projection) > 0) generations.dropPrevious(projection);
        // The candidate may have applied more than the group, for example a record that only this program can read.
        checkpoints.advanceHighWater(projection, read);
        checkpoints.remove(consumer);
        letters.adopt(consumer, projection);
        rebuilds.end(id, 'done', reason, proof);
      }),
    failRebuild: ({ id, reason, proof = null }) =>
      write(() => {
        generations.dropCandidate(id);
        letters.forget(rebuildConsumer(id));
        rebuilds.end(id, 'failed', reason, proof);
      }),
    forgetRebuild: ({ id }) =>
      write(() => {
        if (rebuilds.stateOf(id) !== 'cancelled') return;
        generations.dropCandidate(id);
        letters.forget(rebuildConsumer(id));
      }),
  } satisfies Partial<ViewsOperations>;
};

const projectionOf = ({ rebuilds }: WriterContext, id: number): string => {
  const rebuild = rebuilds.find(id);
  if (rebuild === undefined) throw new Error(`there is no rebuild ${id}`);
  return rebuild.projection;
};
