/**
 * Carries out rebuilds: a shadow beside the rows in service, brought to the same place, compared, and swapped in. Those
 * that read the log together are brought up in one pass, and concluded one after another.
 */
import { RequestRefused } from '../../../infra/commands/operation-requests';
import type { EventLog } from '../../../infra/kafka/event-log';
import { ReplayImpossible } from './replay-log';
import { concludeCopy, concludeRebuild, concludeRow } from './conclude';
import { rebuildProgress } from './progress';
import type { OpenRebuild } from '../generations/generations';
import { eventsOfStore, openSharedLog, type RebuildEvents, type SharedLog } from './sources';
import type { BegunTask, RebuildEnd, RebuildContext, RebuildTask } from './task';

/** What the shadow may still lack when the group is stopped for the rest: so much is read in a moment. */
const MAX_FINAL_GAP_EVENTS = 2_000;
/** A group that is as fast as the rebuild would never be caught up with while it runs. */
const MAX_ROUNDS = 20;

/** Runs one rebuild. Rejects on a fault that may pass, to be tried again from where the shadow stands. */
export const runRebuild = async (ground: RebuildContext, task: RebuildTask): Promise<RebuildEnd> => {
  let end: RebuildEnd = 'stopped';
  await runPass(ground, [task], (_, how) => {
    end = how;
  });
  return end;
};

/**
 * Runs rebuilds that read the log together, and tells of each how it ended. Rejects on a fault that may pass: those whose
 * end was not told are to be tried again.
 */
export const runPass = async (
  ground: RebuildContext,
  tasks: ReadonlyArray<RebuildTask>,
  onEnd: (task: RebuildTask, end: RebuildEnd) => void,
): Promise<void> => {
  const begun: BegunTask[] = [];
  for (const task of tasks) {
    const end = await failing(ground, task, async () => {
      begun.push(await begin(ground, task));
      return 'stopped';
    });
    if (end === 'failed') onEnd(task, end);
  }
  const ofLog = begun.filter(({ rebuild }) => rebuild.from === 'kafka');
  const { log, clock } = ground;
  const shared =
    ofLog.length === 0 ? undefined : await openSharedLog(log, `rebuild-${ofLog[0]?.rebuild.id ?? 0}`, clock);
  try {
    const complete = shared === undefined ? [] : await readTogether(ground, shared, ofLog, onEnd);
    for (const task of begun) {
      if (ofLog.includes(task) && !complete.includes(task)) continue;
      onEnd(task, await failing(ground, task, () => finish(ground, task, shared)));
    }
  } finally {
    await shared?.close();
  }
};

const begin = async ({ client, log, clock, logger }: RebuildContext, task: RebuildTask): Promise<BegunTask> => {
  const rebuild = withPossibleSource(task.rebuild, log);
  const { id, projection, from, kind, untilPosition } = rebuild;
  await client.beginRebuild(rebuild);
  logger.info({ projection, rebuild: id, kind, from }, 'the projection is rebuilt');
  const { topics, signal } = task;
  const progress = rebuildProgress(client, clock, id);
  return { ...task, rebuild, reading: { client, id, projection, topics, clock, signal, progress, untilPosition } };
};

/** What the embedded broker held before this process started is gone, and it evicts what it holds without a word. */
const withPossibleSource = (rebuild: OpenRebuild, { keepsHistory }: EventLog): OpenRebuild => {
  if (rebuild.from === 'store') return rebuild;
  const withStore = (reason: string): OpenRebuild => ({ ...rebuild, from: 'store', reason });
  if (!keepsHistory) return withStore('the embedded broker keeps no complete log, so the store was read');
  // The events of one row lie in any partition of its topics, and the store finds them faster than a log can be read.
  if (rebuild.kind === 'row') return withStore('the events of one row were looked for in the store');
  return rebuild.kind === 'rollback' ? { ...rebuild, from: 'store' } : rebuild;
};

/** The first and longest part of the way, in one pass. Answers those that can go on from there. */
const readTogether = async (
  ground: RebuildContext,
  shared: SharedLog,
  tasks: ReadonlyArray<BegunTask>,
  onEnd: (task: RebuildTask, end: RebuildEnd) => void,
): Promise<ReadonlyArray<BegunTask>> => {
  const complete: BegunTask[] = [];
  for (const task of tasks) {
    const end = await failing(ground, task, async () => {
      await shared.refuseIncomplete(task.reading);
      complete.push(task);
      return 'stopped';
    });
    if (end === 'failed') onEnd(task, end);
  }
  if (complete.length < 2) return complete;
  try {
    await shared.catchUpTogether(complete.map(({ reading }) => reading));
  } catch (error) {
    // Whom the gap concerns is found out one by one.
    if (!(error instanceof ReplayImpossible)) throw error;
  }
  return complete;
};

const failing = async (
  { client, logger }: RebuildContext,
  { rebuild: { id, projection } }: RebuildTask,
  work: () => Promise<RebuildEnd>,
): Promise<RebuildEnd> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ReplayImpossible || error instanceof RequestRefused)) throw error;
    const wayOn = error instanceof RequestRefused ? '' : '. The store still has every event: rebuild with --from store';
    const reason = `${error.message}${wayOn}`;
    await client.failRebuild({ id, reason });
    logger.error({ projection, rebuild: id, reason }, 'the rebuild has failed');
    return 'failed';
  }
};

const finish = async (ground: RebuildContext, task: BegunTask, shared: SharedLog | undefined): Promise<RebuildEnd> => {
  const { rebuild, reading, signal, pausedWhile } = task;
  if (rebuild.kind === 'row') return concludeRow(ground, task);
  const events = rebuild.from === 'kafka' && shared !== undefined ? shared.eventsFor(reading) : eventsOfStore(reading);
  if (rebuild.kind === 'copy') {
    await events.catchUp();
    return signal.aborted ? 'stopped' : concludeCopy(ground, task);
  }
  await approach(events, signal);
  if (signal.aborted) return 'stopped';
  const end = await pausedWhile(() => concludeRebuild(ground, task, events));
  if (end === 'waiting' || end === 'done') await explainDifferences(ground, rebuild);
  return end;
};

/** After the group goes on again: which events made a row takes a look at all of them. */
const explainDifferences = async (
  { client, logger }: RebuildContext,
  { id, projection }: OpenRebuild,
): Promise<void> => {
  try {
    await client.explainDifferences({ id });
  } catch (error) {
    // The rebuild has come to its end, whatever can be said of the rows.
    logger.warn({ projection, rebuild: id, error }, 'the events behind differing rows were not found');
  }
};

const approach = async (events: RebuildEvents, signal: AbortSignal): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS && !signal.aborted; round += 1) {
    await events.catchUp();
    if ((await events.behind()) <= MAX_FINAL_GAP_EVENTS) return;
  }
};
