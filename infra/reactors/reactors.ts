/** The reactors' role: every process manager as a consumer group, and the sender of their commands. */
import { checkpointsOf } from '../consumption/checkpoints/checkpoints';
import type { OperationRequest } from '../commands/operation-requests';
import { transactionFacts } from '../consumption/intake/intake';
import { startConsumerGroup, storeFit } from '../consumption/loop/loop';
import { deadLetterHandling } from '../dead-letters/redrive/redrive';
import { bindToStore } from '../sqlite/store-identity';
import { beginAnew, watchPlace } from '../running/begin-anew';
import { checkpointAndClose } from '../sqlite/database';
import { openLeasedDatabase, whenNotBusy, writeUnderLease, type LeasedDatabase } from '../sqlite/leased-database';
import { commandClient } from './command-client';
import { carryOutCommandRequest, commandKinds } from './command-requests';
import { commandSender } from './command-sender';
import { processOf, type Process } from './process';
import { processStore } from './process-ledger';
import { catchUpCheck, watchDeadlines } from './deadlines';
import { reactorHandler } from './reactor-handler';
import type { ReactorParts, ReactorsOptions, RunningProcess } from './reactor-parts';
import { attendToFailures } from './reactor-requests';
import { reactorsMigrations } from './reactors-file';
import { senderRecord } from './sender-record';
import { setAsideOf, type ReleasedInstance } from './set-aside';

export type { ReactorsOptions };

export interface Reactors {
  /** Stops reading at a batch boundary; commands under way are repeated after a restart, and answered as before. */
  readonly stop: () => Promise<void>;
  /** Resolves after `stop`; rejects when the role can't go on in this process. */
  readonly done: Promise<void>;
}

/** Commands of all processes under way at the same time, and waiting before no more are asked for. */
const CONCURRENT_COMMANDS = 32;
const BACKLOG_COMMANDS = 2_000;

/** Waits for the lease, then runs every process manager; begins anew where its file is removed or replaced. */
export const startReactors = async (options: ReactorsOptions): Promise<Reactors> => {
  const stopping = new AbortController();
  const { clock, logger } = options;
  let opened: () => void = () => undefined;
  const begun = new Promise<void>((resolve) => (opened = resolve));
  const done = beginAnew({ clock, logger, role: 'reactors', stopping: stopping.signal }, () =>
    runSession(options, stopping.signal, opened),
  );
  // Whoever awaits `done` learns of it; without anybody it must not end the process.
  done.catch(() => undefined);
  await Promise.race([begun, done]);
  return {
    stop: async () => {
      stopping.abort();
      await done.catch(() => undefined);
    },
    done,
  };
};

/** From the lease to the wish to stop, or to the fault that ends it. */
const runSession = async (options: ReactorsOptions, stopped: AbortSignal, onOpened: () => void): Promise<void> => {
  let onLost: (reason: Error) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (onLost = reject));
  lost.catch(() => undefined);
  const { database, lease } = await openLeasedDatabase({
    file: options.reactorsFile,
    synchronous: 'NORMAL',
    migrations: reactorsMigrations,
    clock: options.clock,
    ttlMs: options.leaseTtlMs,
    signal: AbortSignal.any([options.signal, stopped]),
    onWaiting: (owner) => options.logger.info({ owner }, 'another process runs the reactors: this one waits'),
    onFault: (reason) => options.logger.warn({ reason }, 'the reactors wait for their file'),
    onLost: (reason) => onLost(reason),
  });
  const ending = new AbortController();
  const close = (): void => {
    lease.release();
    checkpointAndClose(database);
  };
  const parts = await makeParts({ ...options, database, lease, stopping: ending.signal }).catch((error: unknown) => {
    close();
    throw error;
  });
  const { sender, reader, processes, ledger } = parts;
  // What another store's events have asked for is not asked of this one.
  if (parts.isOwn) for (const process of processes) sender.enqueue(ledger.pending(process));
  const groups = processes.map((process) => startGroup(parts, process));
  const beside = [
    ...groups.map(({ deadlines }) => deadlines),
    ...(parts.isOwn ? [attendToFailures(parts, groups)] : []),
    watchPlace(lease, { clock: options.clock, stopping: ending.signal }),
  ];
  onOpened();
  try {
    const all = Promise.all([...groups.map(({ group }) => group.done), ...beside]);
    await Promise.race([all, sender.failed, lost, aborted(stopped)]);
  } finally {
    ending.abort();
    await sender.stop();
    await Promise.all(groups.map(({ group }) => group.stop()));
    await Promise.all(beside.map((work) => work.catch(() => undefined)));
    await reader.close();
    close();
  }
};

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });

const makeParts = async (
  options: ReactorsOptions & LeasedDatabase & Pick<ReactorParts, 'stopping'>,
): Promise<ReactorParts> => {
  const { database, clock } = options;
  const reader = await options.openStore();
  const facts = transactionFacts(() => Promise.resolve(reader));
  const ledger = processStore(database);
  const processes = options.processManagers.map(processOf);
  const checkpoints = checkpointsOf(database);
  const setAside = setAsideOf(database, clock);
  const released: ReleasedInstance[] = [];
  const names = new Set(processes.map(({ name }) => name));
  const otherRequests = {
    kinds: commandKinds,
    carryOut: (request: OperationRequest) => void released.push(carryOutCommandRequest(setAside, names, request)),
  };
  const failures = deadLetterHandling({ ...options, database, checkpoints, store: facts.store, otherRequests });
  const write = writeUnderLease(options);
  const { storeId } = reader.identity;
  const boundTo = await whenNotBusy(clock, () => write(() => bindToStore(database, storeId)));
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
  const kept = {
    write,
    ledger,
    processes,
    reader,
    facts,
    sender,
    failures,
    checkpoints,
    setAside,
    released,
    storeFits,
    isOwn,
  };
  const parts = { ...options, ...kept };
  if (isOwn) await whenNotBusy(clock, () => prepare(parts));
  return { ...parts, senderFault: () => senderFault };
};

/** Processes of another version begin again from the first event; what was set aside gets another chance. */
const prepare = ({
  write,
  ledger,
  failures,
  checkpoints,
  setAside,
  logger,
  processes,
}: Omit<ReactorParts, 'senderFault'>): void => {
  write(() => {
    for (const process of processes) {
      if (!ledger.prepare(process)) continue;
      checkpoints.remove(process.name);
      failures.desk.letters.restart(process.name);
      logger.info({ process: process.name, version: process.version }, 'a new version: learns everything again');
    }
    setAside.closeAll('taken up again at a start');
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
