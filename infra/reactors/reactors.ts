/** The reactors' role: every process manager as a consumer group, and the sender of their commands. */
import type { OperationRequest } from '../commands/operation-requests';
import { transactionFacts } from '../consumption/intake/intake';
import { startConsumerGroup, storeFit } from '../consumption/loop/loop';
import { deadLetterHandling } from '../dead-letters/redrive/redrive';
import { leasedSession, type LeasedSession } from '../running/leased-session';
import { startRole, type Role } from '../running/role';
import { sharedSignal, whenAborted } from '../stop-signal';
import { whenNotBusy, type LeasedDatabase } from '../sqlite/leased-database';
import { reactorsFile, reactorsMigrations } from '../sqlite/process-store/process-store';
import { processSpans } from '../tracing/process-spans';
import { noTracer } from '../tracing/tracer';
import { carryOutCommandRequest, commandKinds } from './command-requests';
import { effectProcess, noEffects } from './effects/effects';
import { processOf, processStoreOf, type Process, type ReleasedInstance } from './processes/processes';
import { catchUpCheck, watchDeadlines } from './deadlines';
import { reactorHandler } from './reactor-handler';
import type { ReactorContext, ReactorsOptions, RunningProcess } from './reactor-context';
import { processReactorRequests } from './reactor-requests';
import { beginSending, prepareEffects, startOf } from './effect-starts';
import { makeSenders } from './senders';

export type { ReactorsOptions };

/**
 * Starts the role: it waits for the lease, then runs every process manager. Stopping ends at a batch boundary; commands in flight
 * are sent again after a restart, and the API returns the same responses.
 */
export const startReactors = (options: ReactorsOptions): Role =>
  startRole({
    ...options,
    role: 'reactors',
    session: (stopping, onStarted) =>
      leasedSession(
        {
          ...options,
          file: options.reactorsFile,
          migrations: reactorsMigrations,
          stopping,
          waitsForLease: 'another process runs the reactors: this one waits',
          waitsForFile: 'the reactors wait for their file',
        },
        (leased) => run(options, leased, onStarted),
      ),
  });

const run = async (
  options: ReactorsOptions,
  { database, lease, ending }: LeasedSession,
  onStarted: () => void,
): Promise<void> => {
  // Ends all parts of the session where one of them has failed.
  const over = new AbortController();
  const reader = await options.openStore();
  try {
    const stopping = sharedSignal(AbortSignal.any([ending, over.signal]));
    const context = await makeContext({ ...options, database, lease, reader, stopping });
    onStarted();
    await runProcesses(context, over);
  } finally {
    await reader.close();
  }
};

/** Runs all groups, deadlines and operators' requests until one of them fails, or the signal aborts. */
const runProcesses = async (context: ReactorContext, over: AbortController): Promise<void> => {
  const { senders, processes, stopping, isOwn } = context;
  // Commands that another store's events have led to are not sent.
  if (isOwn) beginSending(context);
  const groups = processes.map((process) => startGroup(context, process));
  const others = [
    ...groups.map(({ deadlines }) => deadlines),
    ...(isOwn ? [processReactorRequests(context, groups)] : []),
  ];
  try {
    const all = Promise.all([...groups.map(({ group }) => group.done), ...others]);
    await Promise.race([all, senders.failed, whenAborted(stopping)]);
  } finally {
    over.abort();
    await senders.stop();
    await Promise.all(groups.map(({ group }) => group.stop()));
    await Promise.allSettled(others);
  }
};

const makeContext = async (
  options: ReactorsOptions & LeasedDatabase & Pick<ReactorContext, 'reader' | 'stopping'>,
): Promise<ReactorContext> => {
  const { reader, clock } = options;
  const file = reactorsFile(options, clock);
  const facts = transactionFacts(() => Promise.resolve(reader));
  const processStore = processStoreOf(file.processes);
  const { effects } = options.effects ?? noEffects;
  const processes = [
    ...options.processManagers.map(processOf),
    ...effects.map((effect) => effectProcess(effect, () => startOf(file.effects, effect))),
  ];
  const released: ReleasedInstance[] = [];
  const names = new Set(processes.map(({ name }) => name));
  const otherRequests = {
    kinds: commandKinds,
    carryOut: (request: OperationRequest) => {
      const resumed = carryOutCommandRequest(file, names, request);
      if (resumed !== undefined) released.push(resumed);
    },
  };
  const deadLetters = deadLetterHandling({ ...options, tables: file, store: facts.store, otherRequests });
  const { storeId } = reader.identity;
  const boundTo = await whenNotBusy(clock, () => file.write(() => file.bindToStore(storeId)));
  const isOwn = boundTo === storeId;
  const storeFits = storeFit({ store: reader, file: options.reactorsFile, boundTo });
  const senders = makeSenders({ ...options, file, processStore });
  const parts = { file, processStore, processes, facts, senders, deadLetters, released, storeFits, isOwn };
  const context = { ...options, ...parts };
  if (isOwn) await prepareEffects(context);
  if (isOwn) await whenNotBusy(clock, () => prepare(context));
  return context;
};

/** Restarts processes of another version from the first event, and resumes suspended commands and deadlines. */
const prepare = ({ file, processStore, deadLetters, logger, processes }: ReactorContext): void => {
  file.write(() => {
    for (const process of processes) {
      if (!processStore.prepare(process)) continue;
      file.checkpoints.remove(process.name);
      deadLetters.operatorRequests.letters.restart(process.name);
      logger.info({ process: process.name, version: process.version }, 'a new version: restarts from the first event');
    }
    file.setAside.closeAll('resumed at a start');
    const resumed = processStore.resumeAll();
    if (resumed > 0) logger.info({ resumed }, 'suspended commands and deadlines are retried');
  });
};

const startGroup = (context: ReactorContext, process: Process): RunningProcess => {
  const { senders, catalog, reader, clock, stopping } = context;
  const { enqueue, room } = senders.of(process);
  const { around, traceparentOf } = processSpans(context.tracer ?? noTracer, process.name);
  const untraced = reactorHandler({
    ...context,
    process,
    traceparentOf,
    enqueue,
    room,
    senderFault: senders.fault,
  });
  const handler = { ...untraced, apply: around(untraced.apply) };
  const group = startConsumerGroup({
    ...context,
    handler,
    topics: catalog.aggregates.map(({ topic }) => topic).filter(({ name }) => handler.topics.includes(name)),
    storeLastPosition: reader.lastPosition,
  });
  if (!context.isOwn) return { handler, group, deadlines: group.done };
  const deadlines = watchDeadlines({
    clock,
    stopping,
    logger: context.logger,
    topics: handler.topics,
    checkpoints: handler.checkpoints,
    catchUp: catchUpCheck(reader, catalog, clock),
    isAnyDue: handler.isAnyDeadlineDue,
    applyDue: (nowMs) => group.pausedWhile(() => handler.applyDeadlines(nowMs)),
  });
  deadlines.catch(() => undefined);
  return { handler, group, deadlines };
};
