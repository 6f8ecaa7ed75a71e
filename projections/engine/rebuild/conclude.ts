/** The last steps of a rebuild: the remaining events, the comparison, and the swap or the wait for an operator's decision. */
import { eventsOfStore, type RebuildEvents } from './sources';
import type { BegunTask, RebuildEnd, RebuildContext } from './task';
import { storeDifferences, type StoreProof } from '../inspect/inspect';

const WAITING_REASON =
  'the served rows are not what the events yield: look at the differences, then accept them ' +
  '(tidemark rebuild --accept-differences <id>) or cancel';

/** Call while the group is paused: applies the last events, compares, and swaps. */
export const concludeRebuild = async (
  context: RebuildContext,
  task: BegunTask,
  events: RebuildEvents,
): Promise<RebuildEnd> => {
  const { client, logger } = context;
  const { rebuild, reading, signal, isOtherVersion } = task;
  const { id, projection, kind, acceptDifferences } = rebuild;
  await events.catchUp();
  // Events that the group applied from an earlier log, or from the store, are not in this log.
  const missing = eventsOfStore(reading);
  await missing.catchUp();
  if (signal.aborted) return 'stopped';
  const store = await client.compareWithStore({ id });
  const compared = await client.compareRebuild({ id });
  const fromStore = rebuild.from === 'kafka' && missing.applied() > 0 ? { eventsFromStore: missing.applied() } : {};
  const proof = { ...compared, ...fromStore, ...(store === null ? {} : { store }) };
  await reading.progress.conclude();
  const fields = { projection, rebuild: id, ...proof };
  if (store?.equal === false) return failOnStoreMismatch(context, task, store, proof);
  const isDifferenceExpected = isOtherVersion || kind === 'rollback';
  if (!proof.equal && !isDifferenceExpected && !acceptDifferences) {
    await client.waitRebuild({ id, reason: WAITING_REASON, proof });
    logger.warn(fields, 'the rebuilt rows differ from the served ones; an operator has to accept the differences');
    return 'waiting';
  }
  const accepted =
    !proof.equal && !isDifferenceExpected ? 'the rows differ from those served before, which was accepted' : null;
  const reasons = [rebuild.reason, accepted].filter((reason) => reason !== null);
  await client.finishRebuild({ id, reason: reasons.length === 0 ? null : reasons.join('; '), proof });
  logger.info(fields, 'the projection is rebuilt');
  return 'done';
};

/** Rows that were made from other events than the store's are never served, even if an operator accepts differences. */
const failOnStoreMismatch = async (
  { client, logger }: RebuildContext,
  { rebuild: { id, projection } }: BegunTask,
  store: StoreProof,
  proof: Readonly<Record<string, unknown>>,
): Promise<RebuildEnd> => {
  const reason = storeDifferences(store);
  await client.failRebuild({ id, reason, proof });
  logger.error(
    { projection, rebuild: id, reason, topics: store.topics },
    'the rebuild applied other events than the store holds',
  );
  return 'failed';
};

/** Turns the candidate, which is the view as of its point in time, into a copy under its name. */
export const concludeCopy = async (context: RebuildContext, task: BegunTask): Promise<RebuildEnd> => {
  const { client, logger } = context;
  const { rebuild, reading, signal } = task;
  const { id, projection, copy } = rebuild;
  // Where the log ends before the point in time, the store has the remaining events.
  await eventsOfStore(reading).catchUp();
  if (signal.aborted) return 'stopped';
  await reading.progress.conclude();
  const store = await client.compareWithStore({ id });
  if (store?.equal === false) return failOnStoreMismatch(context, task, store, { store });
  await client.keepCopy({ id, reason: rebuild.reason });
  logger.info({ projection, rebuild: id, copy }, 'the copy can be read');
  return 'done';
};

/** Rebuilds one row: finds its events while the group runs, and writes the row while the group is paused. */
export const concludeRow = async (
  { client, logger }: RebuildContext,
  { rebuild, reading, signal, pausedWhile }: BegunTask,
): Promise<RebuildEnd> => {
  const { id, projection, key } = rebuild;
  const last = await client.findRowEvents({ id });
  await reading.progress.at(last, last);
  if (signal.aborted) return 'stopped';
  await pausedWhile(() => client.writeRow({ id, reason: rebuild.reason }));
  logger.info({ projection, rebuild: id, key }, 'the row is rebuilt');
  return 'done';
};
