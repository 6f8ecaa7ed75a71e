/** The reactors' role: every process manager as a consumer group, and the sender of their commands. */
import type { OperationRequest } from '../commands/operation-requests';
import { transactionFacts } from '../consumption/intake/intake';
import { startConsumerGroup, storeFit } from '../consumption/loop/loop';
import { deadLetterHandling } from '../dead-letters/redrive/redrive';
import { leasedSession, type LeasedSession } from '../running/leased-session';
import { startRole, type Role } from '../running/role';
import { whenAborted } from '../running/stop-signal';
import { whenNotBusy, type LeasedDatabase } from '../sqlite/leased-database';
import { reactorsFile, reactorsMigrations } from '../sqlite/process-store/process-store';
import { processSpans } from '../tracing/process-spans';
import { noTracer } from '../tracing/tracer';
import { commandClient } from './command-client';
import { carryOutCommandRequest, commandKinds } from './command-requests';
import { commandSender } from './command-sender';
import { processOf, processStoreOf, type Process, type ReleasedInstance } from './processes/processes';
import { catchUpCheck, watchDeadlines } from './deadlines';
import { reactorHandler } from './reactor-handler';
import type { ReactorContext, ReactorsOptions, RunningProcess } from './reactor-context';
import { tracedPost } from './traced-post';
import { processReactorRequests } from './reactor-requests';
import { senderRecord } from './sender-record';

export type { ReactorsOptions };

/** Upper limit on commands of all processes that are sent at the same time. */
const CONCURRENT_COMMANDS = 32;
/** Upper limit on pending commands before processes have to wait. */
const BACKLOG_COMMANDS = 2_000;

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
    const stopping = AbortSignal.any([ending, over.signal]);
    const context = await makeContext({ ...options, database, lease, reader, stopping });
    onStarted();
    await runProcesses(context, over);
  } finally {
    await reader.close();
  }
};

/** Runs all groups, deadlines and operators' requests until one of them fails, or the signal aborts. */
const runProcesses = async (context: ReactorContext, over: AbortController): Promise<void> => {
  const { sender, processes, processStore, stopping, isOwn } = context;
  // Commands that another store's events have led to are not sent.
  if (isOwn) for (const process of processes) sender.enqueue(processStore.pending(process));
  const groups = processes.map((process) => startGroup(context, process));
  const others = [
    ...groups.map(({ deadlines }) => deadlines),
    ...(isOwn ? [processReactorRequests(context, groups)] : []),
  ];
  try {
    const all = Promise.all([...groups.map(({ group }) => group.done), ...others]);
    await Promise.race([all, sender.failed, whenAborted(stopping)]);
  } finally {
    over.abort();
    await sender.stop();
    await Promise.all(groups.map(({ group }) => group.stop()));
    await Promise.allSettled(others);
  }
};

const makeContext = async (
  options: ReactorsOptions & LeasedDatabase & Pick<ReactorContext, 'reader' | 'stopping'>,
): Promise<ReactorContext> => {
  const { reader, clock } = options;
  const file = reactorsFile(options, clock);
  const { write, setAside } = file;
  const facts = transactionFacts(() => Promise.resolve(reader));
  const processStore = processStoreOf(file.processes);
  const processes = options.processManagers.map(processOf);
  const released: ReleasedInstance[] = [];
  const names = new Set(processes.map(({ name }) => name));
  const otherRequests = {
    kinds: commandKinds,
    carryOut: (request: OperationRequest) => void released.push(carryOutCommandRequest(setAside, names, request)),
  };
  const deadLetters = deadLetterHandling({ ...options, tables: file, store: facts.store, otherRequests });
  const { storeId } = reader.identity;
  const boundTo = await whenNotBusy(clock, () => write(() => file.bindToStore(storeId)));
  const isOwn = boundTo === storeId;
  const storeFits = storeFit({ store: reader, file: options.reactorsFile, boundTo });
  let senderFault: string | null = null;
  const sender = commandSender({
    post: tracedPost(
      commandClient({ ...options.api, reactorToken: reader.reactorToken }, options.catalog, clock),
      options.tracer,
    ),
    record: senderRecord({
      write,
      processStore,
      setAside,
      logger: options.logger,
      onFault: (fault) => (senderFault = fault),
    }),
    clock,
    concurrency: CONCURRENT_COMMANDS,
    backlogLimit: BACKLOG_COMMANDS,
  });
  const parts = { file, processStore, processes, facts, sender, deadLetters, released, storeFits, isOwn };
  const context = { ...options, ...parts };
  if (isOwn) await whenNotBusy(clock, () => prepare(context));
  return { ...context, senderFault: () => senderFault };
};

/** Restarts processes of another version from the first event, and resumes suspended commands and deadlines. */
const prepare = ({ file, processStore, deadLetters, logger, processes }: Omit<ReactorContext, 'senderFault'>): void => {
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
  const { sender, catalog, reader, clock, stopping } = context;
  const { around, traceparentOf } = processSpans(context.tracer ?? noTracer, process.name);
  const untraced = reactorHandler({ ...context, process, traceparentOf, enqueue: sender.enqueue, room: sender.room });
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
