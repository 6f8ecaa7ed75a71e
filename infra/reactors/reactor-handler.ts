/**
 * A process manager as a consumer group: what it learns, what it newly asks for and how far it has read move in one
 * transaction; the commands go out after the commit, and wait in the file until their outcome is known.
 */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { Clock } from '../clock';
import { checkpointsOf } from '../consumption/checkpoints';
import { eventIntake, recordsOf } from '../consumption/event-intake';
import type { BatchOutcome, GroupHandler } from '../consumption/group-handler';
import { groupStatusWriter } from '../consumption/group-status';
import { unreadableRecordsOf } from '../consumption/unreadable-records';
import type { Database } from '../sqlite/database';
import type { EventReader } from '../sqlite/event-reader';
import type { Lease } from '../sqlite/lease';
import type { Process } from './process';
import type { PendingCommand, ProcessLedger } from './process-ledger';

export interface ReactorHandlerOptions {
  readonly process: Process;
  readonly catalog: Catalog;
  readonly database: Database;
  readonly lease: Lease;
  readonly ledger: ProcessLedger;
  readonly clock: Clock;
  /** The store, for what the log does not hold. */
  readonly reader: Pick<EventReader, 'readAll'>;
  /** Takes commands whose asking is committed. */
  readonly enqueue: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Resolves when so few commands wait that more may be asked for. */
  readonly room: () => Promise<void>;
}

const STORE_PAGE_EVENTS = 1_000;

/** The topics whose events a process handles. */
export const topicsOf = (process: Process, catalog: Catalog): ReadonlyArray<string> => {
  const types = new Set(process.handles.map(({ type }) => type));
  return catalog.aggregates
    .filter(({ events }) => [...events.keys()].some((type) => types.has(type)))
    .map(({ topic }) => topic.name);
};

/** Makes the handler of one process manager. */
export const reactorHandler = (options: ReactorHandlerOptions): GroupHandler => {
  const { process, catalog, database, lease, ledger, clock, reader, room } = options;
  const group = process.name;
  const topics = topicsOf(process, catalog);
  const checkpoints = checkpointsOf(database);
  const writeStatus = groupStatusWriter(database);
  const intake = eventIntake({ catalog, checkpoints, keepUnreadable: unreadableRecordsOf(database, clock) });

  const underLease = async <Result>(work: () => Result): Promise<Result> => {
    const transaction = database.transaction(() => {
      lease.assertHeld();
      return work();
    });
    return Promise.resolve(transaction.immediate());
  };

  /** Learns in one transaction; what is asked for goes out once that is committed. */
  const learn = async (work: (asked: PendingCommand[]) => BatchOutcome): Promise<BatchOutcome> => {
    await room();
    const asked: PendingCommand[] = [];
    const outcome = await underLease(() => work(asked));
    options.enqueue(asked);
    return outcome;
  };

  const consumer = (asked: PendingCommand[]) => ({
    consumer: group,
    group,
    topics: new Set(topics),
    handled: new Set(process.handles.map(({ type }) => type)),
    onEvent: (event: Parameters<ProcessLedger['learnEvent']>[1]) =>
      void asked.push(...ledger.learnEvent(process, event)),
  });

  return {
    group,
    topics,
    checkpoints: async () => Promise.resolve(checkpoints.read(group)),
    begin: (wanted) => underLease(() => wanted.forEach((checkpoint) => checkpoints.begin(group, checkpoint))),
    move: (moves) => underLease(() => moves.forEach((move) => checkpoints.move(group, move))),
    apply: (batch) => learn((asked) => intake.records(consumer(asked), batch.moves, recordsOf(batch))),
    applyFromStore: async ({ afterPosition, untilPosition }) => {
      const limit = Math.min(STORE_PAGE_EVENTS, untilPosition - afterPosition);
      const page = reader.readAll({ afterPosition, limit });
      const outcome = await learn((asked) => intake.events(consumer(asked), page, undefined));
      return { reachedPosition: page.at(-1)?.position ?? untilPosition, outcome };
    },
    caughtUpTo: (position) => underLease(() => topics.forEach((topic) => checkpoints.raise(group, topic, position))),
    report: (status) => underLease(() => writeStatus(status)),
  };
};
