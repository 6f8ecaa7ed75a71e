/** Carries out one rebuild: a shadow beside the rows in service, brought to the same place, compared, and swapped in. */
import type { Clock } from '../../infra/clock';
import type { EventLog } from '../../infra/kafka/event-log';
import type { Logger } from '../../infra/logger';
import { ReplayImpossible } from './log-replay';
import { rebuildProgress } from './rebuild-progress';
import type { OpenRebuild } from './rebuild-rows';
import { eventsOfLog, eventsOfStore, type RebuildEvents, type RebuildReading } from './rebuild-sources';
import type { CallViews } from './views-worker';

export interface RebuildRunOptions {
  readonly rebuild: OpenRebuild;
  /** The version of the projection whose rows are served now; a rebuild to another version makes other rows. */
  readonly isOtherVersion: boolean;
  readonly topics: ReadonlyArray<string>;
  readonly call: CallViews;
  readonly log: EventLog;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Runs the work while the group that serves the projection stands still. */
  readonly pausedWhile: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** What the shadow may still lack when the group is stopped for the rest: so much is read in a moment. */
const CLOSE_ENOUGH_EVENTS = 2_000;
/** A group that is as fast as the rebuild would never be caught up with while it runs. */
const MOST_ROUNDS = 20;

/** How a run ended; a stopped one is taken up again at the next start. */
export type RebuildEnd = 'done' | 'failed' | 'stopped';

/** Rejects on a fault that may pass, to be tried again from where the shadow stands. */
export const runRebuild = async (options: RebuildRunOptions): Promise<RebuildEnd> => {
  const { call, clock, logger, topics, signal, log } = options;
  const rebuild = withPossibleSource(options.rebuild, log);
  const { id, projection, from } = rebuild;
  await call('beginRebuild', rebuild);
  logger.info({ projection, rebuild: id, from }, 'the projection is rebuilt');
  const reading = { call, id, projection, topics, clock, signal, progress: rebuildProgress(call, clock, id) };
  try {
    const events = from === 'kafka' ? await eventsOfLog(reading, log) : eventsOfStore(reading);
    try {
      await approach(events, signal);
      if (signal.aborted) return 'stopped';
      return await options.pausedWhile(() => conclude({ ...options, rebuild }, reading, events));
    } finally {
      await events.close();
    }
  } catch (error) {
    if (!(error instanceof ReplayImpossible)) throw error;
    const reason = `${error.message}. The store still has every event: rebuild with --from store`;
    await call('failRebuild', { id, reason });
    logger.error({ projection, rebuild: id, reason }, 'the projection can not be rebuilt from Kafka');
    return 'failed';
  }
};

/** What the embedded broker held before this process started is gone, and it evicts what it holds without a word. */
const withPossibleSource = (rebuild: OpenRebuild, { kind }: EventLog): OpenRebuild =>
  kind === 'embedded' && rebuild.from === 'kafka'
    ? { ...rebuild, from: 'store', reason: 'the embedded broker keeps no complete log, so the store was read' }
    : rebuild;

const approach = async (events: RebuildEvents, signal: AbortSignal): Promise<void> => {
  for (let round = 0; round < MOST_ROUNDS && !signal.aborted; round += 1) {
    await events.catchUp();
    if ((await events.behind()) <= CLOSE_ENOUGH_EVENTS) return;
  }
};

/** The group stands still: the last events, then the comparison, then the swap. */
const conclude = async (
  { call, rebuild, signal, logger, isOtherVersion }: RebuildRunOptions,
  reading: RebuildReading,
  events: RebuildEvents,
): Promise<RebuildEnd> => {
  const { id, projection } = rebuild;
  await events.catchUp();
  // What the group had from an earlier log, or from the store itself, this log does not hold.
  const missing = eventsOfStore(reading);
  await missing.catchUp();
  if (signal.aborted) return 'stopped';
  const proof = await call('compareRebuild', { id });
  const fromStore = rebuild.from === 'kafka' && missing.applied() > 0 ? { eventsFromStore: missing.applied() } : {};
  const differs = !proof.equal && !isOtherVersion;
  const difference = differs ? 'the rows in service were not what the events make: they are replaced' : undefined;
  const reasons = [rebuild.reason, difference].filter((reason) => reason !== null && reason !== undefined);
  const reason = reasons.length === 0 ? null : reasons.join('; ');
  await reading.progress.conclude();
  await call('finishRebuild', { id, reason, proof: { ...proof, ...fromStore } });
  const fields = { projection, rebuild: id, ...proof };
  if (differs) logger.warn(fields, 'the projection is rebuilt, and its rows differ from those served before');
  else logger.info(fields, 'the projection is rebuilt');
  return 'done';
};
