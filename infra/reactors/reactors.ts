/** The reactors' role: every process manager as a consumer group, and the sender of their commands. */
import { checkpointsOf, type Checkpoints } from '../consumption/checkpoints';
import type { ConsumerGroup } from '../consumption/consumer-group';
import { groupStatusReader, type GroupStatus } from '../consumption/group-status';
import { startConsumerGroup } from '../consumption/start-consumer-group';
import { NOTHING_TO_DO } from '../dead-letters/failure-desk';
import { runFailureDesk } from '../dead-letters/failure-runner';
import { failureStore, type FailureStore } from '../dead-letters/failure-store';
import { withOpenLetters } from '../dead-letters/open-letters';
import type { Logger } from '../logger';
import { checkpointAndClose, openForReading, schemaVersion, type Database } from '../sqlite/database';
import { openEventReader, type EventReader } from '../sqlite/event-reader';
import {
  openLeasedDatabase,
  writeUnderLease,
  type LeasedDatabase,
  type WriteUnderLease,
} from '../sqlite/leased-database';
import { commandClient, type ApiAddress } from './command-client';
import { commandSender, type CommandSender, type SenderRecord } from './command-sender';
import { processOf, type AnyProcessManager, type Process } from './process';
import { pendingCounts, processLedger, type ProcessLedger } from './process-ledger';
import { storeWatch, watchDeadlines } from './deadlines';
import { reactorHandler, type ReactorHandler } from './reactor-handler';
import { reactorsMigrations } from './reactors-file';
import type { RoleOptions } from '../role-options';

export interface ReactorsOptions extends RoleOptions {
  readonly reactorsFile: string;
  readonly storeFile: string;
  readonly processManagers: ReadonlyArray<AnyProcessManager>;
  readonly api: ApiAddress;
  /** Put before the names of dead-letter topics. */
  readonly topicPrefix?: string;
}

export interface Reactors {
  /** Stops reading at a batch boundary; commands under way are repeated after a restart, and answered as before. */
  readonly stop: () => Promise<void>;
  /** Resolves after `stop`; rejects when the role can't go on in this process. */
  readonly done: Promise<void>;
}

/** Commands of all processes under way at the same time, and waiting before no more are asked for. */
const CONCURRENT_COMMANDS = 32;
const BACKLOG_COMMANDS = 2_000;

/** Waits for the lease, then runs every process manager. */
export const startReactors = async (options: ReactorsOptions): Promise<Reactors> => {
  let onLost: (reason: Error) => void = () => undefined;
  const lost = new Promise<never>((_resolve, reject) => (onLost = reject));
  lost.catch(() => undefined);
  const { database, lease } = await openLeasedDatabase({
    file: options.reactorsFile,
    synchronous: 'NORMAL',
    migrations: reactorsMigrations,
    clock: options.clock,
    ttlMs: options.leaseTtlMs,
    signal: options.signal,
    onWaiting: (owner) => options.logger.info({ owner }, 'another process runs the reactors: this one waits'),
    onLost: (reason) => onLost(reason),
  });
  const reader = openEventReader(options.storeFile);
  const ledger = processLedger(database);
  const processes = options.processManagers.map(processOf);
  const checkpoints = checkpointsOf(database);
  const failures = failureStore({ ...options, database, checkpoints, store: () => reader });
  const write = writeUnderLease({ database, lease });
  prepare({ write, ledger, failures, checkpoints, logger: options.logger }, processes);
  const sender = commandSender({
    post: commandClient({ ...options.api, reactorToken: reader.reactorToken }, options.catalog, options.clock),
    record: senderRecord(write, ledger, options.logger),
    clock: options.clock,
    concurrency: CONCURRENT_COMMANDS,
    backlogLimit: BACKLOG_COMMANDS,
  });
  for (const process of processes) sender.enqueue(ledger.pending(process));
  const stopping = new AbortController();
  const parts = {
    ...options,
    database,
    lease,
    write,
    ledger,
    reader,
    sender,
    failures,
    checkpoints,
    stopping: stopping.signal,
  };
  const groups = processes.map((process) => startGroup(parts, process));
  const beside = [...groups.map(({ deadlines }) => deadlines), attendToFailures(parts, groups)];
  return {
    stop: async () => {
      stopping.abort();
      await sender.stop();
      await Promise.all(groups.map(({ group }) => group.stop()));
      await Promise.all(beside.map((work) => work.catch(() => undefined)));
      reader.close();
      lease.release();
      checkpointAndClose(database);
    },
    done: Promise.race([
      Promise.all([...groups.map(({ group }) => group.done), ...beside]).then(() => undefined),
      sender.failed,
      lost,
    ]),
  };
};

/** Processes of another version begin again from the first event; what was set aside gets another chance. */
const prepare = (
  {
    write,
    ledger,
    failures,
    checkpoints,
    logger,
  }: Pick<Parts, 'write' | 'ledger' | 'failures' | 'checkpoints' | 'logger'>,
  processes: ReadonlyArray<Process>,
): void => {
  write(() => {
    for (const process of processes) {
      if (!ledger.prepare(process)) continue;
      checkpoints.remove(process.name);
      failures.desk.letters.restart(process.name);
      logger.info({ process: process.name, version: process.version }, 'a new version: learns everything again');
    }
    const unparked = ledger.unparkAll();
    if (unparked > 0) logger.info({ unparked }, 'commands and deadlines that were set aside are tried again');
  });
};

const senderRecord = (write: WriteUnderLease, ledger: ProcessLedger, logger: Logger): SenderRecord => ({
  decided: (pending, outcome) => write(() => ledger.learnOutcome(pending, outcome)),
  tryAgain: (pending, attempt) => {
    logger.debug({ command: pending.command.id, reason: attempt.reason }, 'a command is tried again');
    write(() => ledger.noteAttempt(pending, attempt));
  },
  defect: (pending, reason, stack) => {
    const { process, command } = pending;
    const fields = { group: process.name, command: command.id, eventId: command.causationId, reason };
    logger.error(
      { ...fields, ...(stack === undefined ? {} : { stack }) },
      'a command is set aside: no repeat can help',
    );
    write(() => ledger.park(pending, reason));
  },
});

interface Parts extends ReactorsOptions, LeasedDatabase {
  readonly write: WriteUnderLease;
  readonly ledger: ProcessLedger;
  readonly reader: EventReader;
  readonly sender: CommandSender;
  readonly failures: FailureStore;
  readonly checkpoints: Checkpoints;
  readonly stopping: AbortSignal;
}

interface RunningProcess {
  readonly handler: ReactorHandler;
  readonly group: ConsumerGroup;
  /** Rejects where the process can't go on. */
  readonly deadlines: Promise<void>;
}

const startGroup = (parts: Parts, process: Process): RunningProcess => {
  const { sender, catalog, reader, clock, stopping } = parts;
  const handler = reactorHandler({ ...parts, process, enqueue: sender.enqueue, room: sender.room });
  const group = startConsumerGroup({
    ...parts,
    handler,
    topics: catalog.aggregates.map(({ topic }) => topic).filter(({ name }) => handler.topics.includes(name)),
    storeLastPosition: reader.lastPosition,
  });
  const deadlines = watchDeadlines({
    clock,
    stopping,
    logger: parts.logger,
    topics: handler.topics,
    checkpoints: handler.checkpoints,
    watch: storeWatch(reader, catalog, clock),
    isAnyDue: handler.isAnyDeadlineDue,
    learnDue: (nowMs) => group.pausedWhile(() => handler.learnDeadlines(nowMs)),
  });
  deadlines.catch(() => undefined);
  return { handler, group, deadlines };
};

const attendToFailures = (parts: Parts, processes: ReadonlyArray<RunningProcess>): Promise<void> => {
  const { write, failures, reader, log, clock, logger, stopping } = parts;
  const underLease = async <Result>(work: () => Result): Promise<Result> => Promise.resolve(write(work));
  const names = processes.map(({ handler }) => handler.group);
  const work = runFailureDesk({
    log,
    clock,
    logger,
    stopping,
    topicPrefix: parts.topicPrefix ?? '',
    groups: names,
    dataVersion: reader.dataVersion,
    calls: {
      takeRequests: () => underLease(() => failures.desk.takeRequests(new Set(names))),
      redriveStep: async (name) => {
        const running = processes.find(({ handler }) => handler.group === name);
        return running === undefined ? NOTHING_TO_DO : running.group.pausedWhile(running.handler.redriveStep);
      },
      copiesWaiting: async (group, limit) => Promise.resolve(failures.copies.waiting(group, limit)),
      copiesDone: (seqs) => underLease(() => failures.copies.done(seqs)),
      defectsWaiting: async (limit) => Promise.resolve(failures.defects.waiting(limit)),
      defectsDone: (ids) => underLease(() => failures.defects.done(ids)),
    },
  });
  work.catch(() => undefined);
  return work;
};

/** How the process managers' groups stand, read from any process; empty where the role has never run. */
export const readReactorGroups = (file: string): ReadonlyArray<GroupStatus> => {
  const database = openForReading(file);
  try {
    if (schemaVersion(database) < reactorsMigrations.length) return [];
    return groupStatusReader(database)().map((status) => withOpenLetters(withParked(status, database), database));
  } finally {
    database.close();
  }
};

/** What is set aside needs a person, although the group goes on reading. */
const withParked = (status: GroupStatus, database: Database): GroupStatus => {
  const { parked, firstParked } = pendingCounts(database, status.group);
  if (parked === 0 || status.reason !== null) return status;
  const reason = `${parked} commands or deadlines are set aside until a restart; the first is ${firstParked?.id ?? '?'}: ${firstParked?.reason ?? ''}`;
  return { ...status, reason };
};
