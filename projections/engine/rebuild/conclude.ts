/** The last steps of a rebuild: the rest of the events, the comparison, and the swap, or the wait for an operator's word. */
import { eventsOfStore, type RebuildEvents } from './sources';
import type { BegunTask, RebuildEnd, RebuildContext } from './task';
import { storeDifferences, type StoreProof } from '../inspect/inspect';

const WAITS =
  'the rows in service are not what the events make: look at the differences, then accept them ' +
  '(tidemark rebuild --accept-differences <id>) or cancel';

/** The group stands still: the last events, then the comparison, then the swap. */
export const concludeRebuild = async (
  ground: RebuildContext,
  task: BegunTask,
  events: RebuildEvents,
): Promise<RebuildEnd> => {
  const { client, logger } = ground;
  const { rebuild, reading, signal, isOtherVersion } = task;
  const { id, projection, kind, acceptDifferences } = rebuild;
  await events.catchUp();
  // What the group had from an earlier log, or from the store itself, this log does not hold.
  const missing = eventsOfStore(reading);
  await missing.catchUp();
  if (signal.aborted) return 'stopped';
  const store = await client.compareWithStore({ id });
  const compared = await client.compareRebuild({ id });
  const fromStore = rebuild.from === 'kafka' && missing.applied() > 0 ? { eventsFromStore: missing.applied() } : {};
  const proof = { ...compared, ...fromStore, ...(store === null ? {} : { store }) };
  await reading.progress.conclude();
  const fields = { projection, rebuild: id, ...proof };
  if (store?.equal === false) return refuseUntrue(ground, task, store, proof);
  const isMeant = isOtherVersion || kind === 'rollback';
  if (!proof.equal && !isMeant && !acceptDifferences) {
    await client.waitRebuild({ id, reason: WAITS, proof });
    logger.warn(fields, 'the rebuilt rows differ from those in service: they wait to be accepted');
    return 'waiting';
  }
  const accepted = !proof.equal && !isMeant ? 'the rows differ from those served before, and that was accepted' : null;
  const reasons = [rebuild.reason, accepted].filter((reason) => reason !== null);
  await client.finishRebuild({ id, reason: reasons.length === 0 ? null : reasons.join('; '), proof });
  logger.info(fields, 'the projection is rebuilt');
  return 'done';
};

/** Rows that are made from other events than the store's are served under no circumstances, whoever would accept them. */
const refuseUntrue = async (
  { client, logger }: RebuildContext,
  { rebuild: { id, projection } }: BegunTask,
  store: StoreProof,
  proof: Readonly<Record<string, unknown>>,
): Promise<RebuildEnd> => {
  const reason = storeDifferences(store);
  await client.failRebuild({ id, reason, proof });
  logger.error({ projection, rebuild: id, reason, topics: store.topics }, 'the rebuild is not what the store holds');
  return 'failed';
};

/** The shadow is what the view was at the moment: it gets its name. */
export const concludeCopy = async (ground: RebuildContext, task: BegunTask): Promise<RebuildEnd> => {
  const { client, logger } = ground;
  const { rebuild, reading, signal } = task;
  const { id, projection, copy } = rebuild;
  // Where the log ends before the moment does, the store has the rest.
  await eventsOfStore(reading).catchUp();
  if (signal.aborted) return 'stopped';
  await reading.progress.conclude();
  const store = await client.compareWithStore({ id });
  if (store?.equal === false) return refuseUntrue(ground, task, store, { store });
  await client.keepCopy({ id, reason: rebuild.reason });
  logger.info({ projection, rebuild: id, copy }, 'the copy can be read');
  return 'done';
};

/** One row: its events are looked for beside the group, and the row is written while the group stands still. */
export const concludeRow = async (
  { client, logger }: RebuildContext,
  { rebuild, reading, signal, pausedWhile }: BegunTask,
): Promise<RebuildEnd> => {
  const { id, projection, key } = rebuild;
  const last = await client.findRowEvents({ id });
  await reading.progress.at(last, last);
  if (signal.aborted) return 'stopped';
  await pausedWhile(() => client.writeRow({ id, reason: rebuild.reason }));
  logger.info({ projection, rebuild: id, key }, 'the row is made again');
  return 'done';
};
