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
import { commandClient } from './command-client';
import { carryOutCommandRequest, commandKinds } from './command-requests';
import { commandSender } from './command-sender';
import { processOf, processStore, type Process, type ReleasedInstance } from './processes/processes';
import { catchUpCheck, watchDeadlines } from './deadlines';
import { reactorHandler } from './reactor-handler';
import type { ReactorParts, ReactorsOptions, RunningProcess } from './reactor-parts';
import { attendToFailures } from './reactor-requests';
import { senderRecord } from './sender-record';

export type { ReactorsOptions };

/** Commands of all processes under way at the same time, and waiting before no more are asked for. */
const CONCURRENT_COMMANDS = 32;
const BACKLOG_COMMANDS = 2_000;

/**
 * Starts the role: it waits for the lease, then runs every process manager. Stopping ends at a batch boundary; commands under
 * way are repeated after a restart, and answered as before.
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
  // Aborts after the session's own signal or before it: what one part meets ends all of them.
  const over = new AbortController();
  const reader = await options.openStore();
  try {
    const stopping = AbortSignal.any([ending, over.signal]);
    const parts = await makeParts({ ...options, database, lease, reader, stopping });
    onStarted();
    await runProcesses(parts, over);
  } finally {
    await reader.close();
  }
};

/** Runs all groups and what is beside them until one of them can't go on, or the signal aborts. */
const runProcesses = async (parts: ReactorParts, over: AbortController): Promise<void> => {
  const { sender, processes, ledger, stopping, isOwn } = parts;
  // What another store's events have asked for is not asked of this one.
  if (isOwn) for (const process of processes) sender.enqueue(ledger.pending(process));
  const groups = processes.map((process) => startGroup(parts, process));
  const beside = [...groups.map(({ deadlines }) => deadlines), ...(isOwn ? [attendToFailures(parts, groups)] : [])];
  try {
    const all = Promise.all([...groups.map(({ group }) => group.done), ...beside]);
    await Promise.race([all, sender.failed, whenAborted(stopping)]);
  } finally {
    over.abort();
    await sender.stop();
    await Promise.all(groups.map(({ group }) => group.stop()));
    await Promise.allSettled(beside);
  }
};

const makeParts = async (
  options: ReactorsOptions & LeasedDatabase & Pick<ReactorParts, 'reader' | 'stopping'>,
): Promise<ReactorParts> => {
  const { reader, clock } = options;
  const file = reactorsFile(options, clock);
  const { write, setAside } = file;
  const facts = transactionFacts(() => Promise.resolve(reader));
  const ledger = processStore(file.processes);
  const processes = options.processManagers.map(processOf);
  const released: ReleasedInstance[] = [];
  const names = new Set(processes.map(({ name }) => name));
  const otherRequests = {
    kinds: commandKinds,
    carryOut: (request: OperationRequest) => void released.push(carryOutCommandRequest(setAside, names, request)),
  };
  const failures = deadLetterHandling({ ...options, tables: file, store: facts.store, otherRequests });
  const { storeId } = reader.identity;
  const boundTo = await whenNotBusy(clock, () => write(() => file.bindToStore(storeId)));
  const isOwn = boundTo === storeId;
  const storeFits = storeFit({ store: reader, file: options.reactorsFile, boundTo });
  let senderFault: string | null = null;
  const sender = commandSender({
    post: commandClient({ ...options.api, reactorToken: reader.reactorToken }, options.catalog, clock),
    record: senderRecord({
      write,
      ledger,
      setAside,
      logger: options.logger,
      onFault: (fault) => (senderFault = fault),
    }),
    clock,
    concurrency: CONCURRENT_COMMANDS,
    backlogLimit: BACKLOG_COMMANDS,
  });
  const kept = { file, ledger, processes, facts, sender, failures, released, storeFits, isOwn };
  const parts = { ...options, ...kept };
  if (isOwn) await whenNotBusy(clock, () => prepare(parts));
  return { ...parts, senderFault: () => senderFault };
};

/** Processes of another version begin again from the first event; what was set aside gets another chance. */
const prepare = ({ file, ledger, failures, logger, processes }: Omit<ReactorParts, 'senderFault'>): void => {
  file.write(() => {
    for (const process of processes) {
      if (!ledger.prepare(process)) continue;
      file.checkpoints.remove(process.name);
      failures.desk.letters.restart(process.name);
      logger.info({ process: process.name, version: process.version }, 'a new version: learns everything again');
    }
    file.setAside.closeAll('taken up again at a start');
    const unparked = ledger.unparkAll();
    if (unparked > 0) logger.info({ unparked }, 'commands and deadlines that were set aside are tried again');
  });
};

const startGroup = (parts: ReactorParts, process: Process): RunningProcess => {
  const { sender, catalog, reader, clock, stopping } = parts;
  const handler = reactorHandler({ ...parts, process, enqueue: sender.enqueue, room: sender.room });
  const group = startConsumerGroup({
    ...parts,
    handler,
    topics: catalog.aggregates.map(({ topic }) => topic).filter(({ name }) => handler.topics.includes(name)),
    storeLastPosition: reader.lastPosition,
  });
  if (!parts.isOwn) return { handler, group, deadlines: group.done };
  const deadlines = watchDeadlines({
    clock,
    stopping,
    logger: parts.logger,
    topics: handler.topics,
    checkpoints: handler.checkpoints,
    watch: catchUpCheck(reader, catalog, clock),
    isAnyDue: handler.isAnyDeadlineDue,
    learnDue: (nowMs) => group.pausedWhile(() => handler.learnDeadlines(nowMs)),
  });
  deadlines.catch(() => undefined);
  return { handler, group, deadlines };
};
