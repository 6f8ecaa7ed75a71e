/**
 * Executes rebuilds: a candidate generation is filled alongside the live rows, caught up with them, compared, and swapped
 * in. Rebuilds that share a pass over the log are filled together, and concluded one after another.
 */
import { RequestRefused } from '../../../infra/commands/operation-requests';
import type { EventLog } from '../../../infra/kafka/event-log';
import { ReplayImpossible } from './replay-log';
import { concludeCopy, concludeRebuild, concludeRow } from './conclude';
import { rebuildProgress } from './progress';
import type { OpenRebuild } from '../generations/generations';
import { eventsOfStore, openSharedLog, type RebuildEvents, type SharedLog } from './sources';
import type { BegunTask, RebuildEnd, RebuildContext, RebuildTask } from './task';

/** Upper limit on the events that the candidate may still lack when the group is paused to apply the rest. */
const MAX_FINAL_GAP_EVENTS = 2_000;
/** Upper limit on rounds of catching up: a group as fast as the rebuild would never be caught up with while it runs. */
const MAX_ROUNDS = 20;

/** Runs one rebuild. Rejects on a transient fault; a retry resumes from the candidate's checkpoints. */
export const runRebuild = async (context: RebuildContext, task: RebuildTask): Promise<RebuildEnd> => {
  let end: RebuildEnd = 'stopped';
  await runPass(context, [task], (_, reached) => {
    end = reached;
  });
  return end;
};

/**
 * Runs rebuilds that share a pass over the log, and calls `onEnd` for each that ends. Rejects on a transient fault: those
 * without a call of `onEnd` are to be retried.
 */
export const runPass = async (
  context: RebuildContext,
  tasks: ReadonlyArray<RebuildTask>,
  onEnd: (task: RebuildTask, end: RebuildEnd) => void,
): Promise<void> => {
  const begun: BegunTask[] = [];
  for (const task of tasks) {
    const end = await failOnGap(context, task, async () => {
      begun.push(await begin(context, task));
      return 'stopped';
    });
    if (end === 'failed') onEnd(task, end);
  }
  const ofLog = begun.filter(({ rebuild }) => rebuild.from === 'kafka');
  const { log, clock } = context;
  const shared =
    ofLog.length === 0 ? undefined : await openSharedLog(log, `rebuild-${ofLog[0]?.rebuild.id ?? 0}`, clock);
  try {
    const complete = shared === undefined ? [] : await readTogether(context, shared, ofLog, onEnd);
    for (const task of begun) {
      if (ofLog.includes(task) && !complete.includes(task)) continue;
      onEnd(task, await failOnGap(context, task, () => finish(context, task, shared)));
    }
  } finally {
    await shared?.close();
  }
};

const begin = async ({ client, log, clock, logger }: RebuildContext, task: RebuildTask): Promise<BegunTask> => {
  const rebuild = withPossibleSource(task.rebuild, log);
  const { id, projection, from, kind, untilPosition } = rebuild;
  await client.beginRebuild(rebuild);
  logger.info({ projection, rebuild: id, kind, from }, 'the rebuild of the projection begins');
  const { topics, signal } = task;
  const progress = rebuildProgress(client, clock, id);
  return { ...task, rebuild, reading: { client, id, projection, topics, clock, signal, progress, untilPosition } };
};

/** Reads the store where the log cannot serve the rebuild: the embedded broker loses its records at a restart and evicts old ones. */
const withPossibleSource = (rebuild: OpenRebuild, { keepsHistory }: EventLog): OpenRebuild => {
  if (rebuild.from === 'store') return rebuild;
  const withStore = (reason: string): OpenRebuild => ({ ...rebuild, from: 'store', reason });
  if (!keepsHistory) return withStore('the embedded broker keeps no complete log, so the store was read');
  // The events of one row may be in any partition of its topics; the store finds them faster than reading the log.
  if (rebuild.kind === 'row') return withStore('the events of one row were read from the store');
  return rebuild.kind === 'rollback' ? { ...rebuild, from: 'store' } : rebuild;
};

/** The first and longest part of the rebuilds, in one pass. Returns those that can proceed. */
const readTogether = async (
  context: RebuildContext,
  shared: SharedLog,
  tasks: ReadonlyArray<BegunTask>,
  onEnd: (task: RebuildTask, end: RebuildEnd) => void,
): Promise<ReadonlyArray<BegunTask>> => {
  const complete: BegunTask[] = [];
  for (const task of tasks) {
    const end = await failOnGap(context, task, async () => {
      await shared.assertComplete(task.reading);
      complete.push(task);
      return 'stopped';
    });
    if (end === 'failed') onEnd(task, end);
  }
  if (complete.length < 2) return complete;
  try {
    await shared.catchUpTogether(complete.map(({ reading }) => reading));
  } catch (error) {
    // Which of them the gap concerns shows when each continues alone.
    if (!(error instanceof ReplayImpossible)) throw error;
  }
  return complete;
};

/** Ends the rebuild as failed where the log has a gap or the request is impossible; other errors pass. */
const failOnGap = async (
  { client, logger }: RebuildContext,
  { rebuild: { id, projection } }: RebuildTask,
  work: () => Promise<RebuildEnd>,
): Promise<RebuildEnd> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ReplayImpossible || error instanceof RequestRefused)) throw error;
    const remedy =
      error instanceof RequestRefused ? '' : '. The store still has every event: rebuild with --from store';
    const reason = `${error.message}${remedy}`;
    await client.failRebuild({ id, reason });
    logger.error({ projection, rebuild: id, reason }, 'the rebuild has failed');
    return 'failed';
  }
};

const finish = async (context: RebuildContext, task: BegunTask, shared: SharedLog | undefined): Promise<RebuildEnd> => {
  const { rebuild, reading, signal, pausedWhile } = task;
  if (rebuild.kind === 'row') return concludeRow(context, task);
  const events = rebuild.from === 'kafka' && shared !== undefined ? shared.eventsFor(reading) : eventsOfStore(reading);
  if (rebuild.kind === 'copy') {
    await events.catchUp();
    return signal.aborted ? 'stopped' : concludeCopy(context, task);
  }
  await converge(events, signal);
  if (signal.aborted) return 'stopped';
  const end = await pausedWhile(() => concludeRebuild(context, task, events));
  if (end === 'waiting' || end === 'done') await explainDifferences(context, rebuild);
  return end;
};

/** Runs after the group has resumed, because finding the events behind a row means reading every event. */
const explainDifferences = async (
  { client, logger }: RebuildContext,
  { id, projection }: OpenRebuild,
): Promise<void> => {
  try {
    await client.explainDifferences({ id });
  } catch (error) {
    // The rebuild has already ended; the explanation is only additional.
    logger.warn({ projection, rebuild: id, error }, 'the events behind differing rows were not found');
  }
};

/** Catches up with the running group until the gap is small. */
const converge = async (events: RebuildEvents, signal: AbortSignal): Promise<void> => {
  for (let round = 0; round < MAX_ROUNDS && !signal.aborted; round += 1) {
    await events.catchUp();
    if ((await events.behind()) <= MAX_FINAL_GAP_EVENTS) return;
  }
};
