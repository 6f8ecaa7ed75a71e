/** The last steps of a rebuild: the rest of the events, the comparison, and the swap, or the wait for a person's word. */
import { eventsOfStore, type RebuildEvents } from './rebuild-sources';
import type { BegunTask, RebuildEnd, RebuildGround } from './rebuild-task';

const WAITS =
  'the rows in service are not what the events make: look at the differences, then accept them ' +
  '(tidemark rebuild --accept-differences <id>) or cancel';

/** The group stands still: the last events, then the comparison, then the swap. */
export const concludeRebuild = async (
  { call, logger }: RebuildGround,
  { rebuild, reading, signal, isOtherVersion }: BegunTask,
  events: RebuildEvents,
): Promise<RebuildEnd> => {
  const { id, projection, kind, acceptDifferences } = rebuild;
  await events.catchUp();
  // What the group had from an earlier log, or from the store itself, this log does not hold.
  const missing = eventsOfStore(reading);
  await missing.catchUp();
  if (signal.aborted) return 'stopped';
  const compared = await call('compareRebuild', { id });
  const fromStore = rebuild.from === 'kafka' && missing.applied() > 0 ? { eventsFromStore: missing.applied() } : {};
  const proof = { ...compared, ...fromStore };
  await reading.progress.conclude();
  const fields = { projection, rebuild: id, ...proof };
  const isMeant = isOtherVersion || kind === 'rollback';
  if (!proof.equal && !isMeant && !acceptDifferences) {
    await call('waitRebuild', { id, reason: WAITS, proof });
    logger.warn(fields, 'the rebuilt rows differ from those in service: they wait to be accepted');
    return 'waiting';
  }
  const accepted = !proof.equal && !isMeant ? 'the rows differ from those served before, and that was accepted' : null;
  const reasons = [rebuild.reason, accepted].filter((reason) => reason !== null);
  await call('finishRebuild', { id, reason: reasons.length === 0 ? null : reasons.join('; '), proof });
  logger.info(fields, 'the projection is rebuilt');
  return 'done';
};

/** The shadow is what the view was at the moment: it gets its name. */
export const concludeCopy = async (
  { call, logger }: RebuildGround,
  { rebuild, reading, signal }: BegunTask,
): Promise<RebuildEnd> => {
  const { id, projection, copy } = rebuild;
  // Where the log ends before the moment does, the store has the rest.
  await eventsOfStore(reading).catchUp();
  if (signal.aborted) return 'stopped';
  await reading.progress.conclude();
  await call('keepCopy', { id, reason: rebuild.reason });
  logger.info({ projection, rebuild: id, copy }, 'the copy can be read');
  return 'done';
};

/** One row: its events are looked for beside the group, and the row is written while the group stands still. */
export const concludeRow = async (
  { call, logger }: RebuildGround,
  { rebuild, reading, signal, pausedWhile }: BegunTask,
): Promise<RebuildEnd> => {
  const { id, projection, key } = rebuild;
  const last = await call('findRowEvents', { id });
  await reading.progress.at(last, last);
  if (signal.aborted) return 'stopped';
  await pausedWhile(() => call('writeRow', { id, reason: rebuild.reason }));
  logger.info({ projection, rebuild: id, key }, 'the row is made again');
  return 'done';
};
