/**
 * A process manager as a consumer group: what it learns, what it newly asks for and how far it has read move in one
 * transaction; the commands go out after the commit, and wait in the file until their outcome is known.
 */
import type { Catalog } from '../../domain/kernel/aggregate';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import {
  type EventHandler,
  defaultRetryPolicy,
  failureOf,
  isAttributable,
  type TransactionFacts,
} from '../consumption/intake/intake';
import type { LogRecord } from '../kafka/event-log';
import type { GroupHandler } from '../consumption/loop/loop';
import type { GroupStatus } from '../consumption/status/status';
import type { RedriveStep, DeadLetterHandling } from '../dead-letters/redrive/redrive';
import { MAX_PAGE_BYTES, type EventFeed } from '../event-store/event-feed';
import type { Logger } from '../logger';
import { whenNotBusy } from '../sqlite/leased-database';
import type { Clock } from '../clock';
import type { DueDeadline, PendingCommand, Process, ProcessStore, ReactorsFile } from './processes/processes';

export interface ReactorHandlerOptions {
  readonly process: Process;
  readonly catalog: Catalog;
  readonly file: ReactorsFile;
  readonly ledger: ProcessStore;
  readonly failures: DeadLetterHandling;
  /** The store, for what the log does not hold. */
  readonly reader: Pick<EventFeed, 'readAll'>;
  readonly facts: TransactionFacts;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why what becomes of commands can't be written down just now; null where it can be. */
  readonly senderFault: () => string | null;
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

/** A process manager's group with what else its role asks of it. */
export interface ReactorHandler extends GroupHandler {
  /** Takes the next few events of what is to be redriven. */
  readonly redriveStep: () => Promise<RedriveStep>;
  readonly isAnyDeadlineDue: (nowMs: number) => boolean;
  /** Lets the process learn of some deadlines that had passed at that time; returns how many. */
  readonly learnDeadlines: (nowMs: number) => Promise<number>;
}

/** Makes the handler of one process manager. */
export const reactorHandler = (options: ReactorHandlerOptions): ReactorHandler => {
  const { process, catalog, ledger, reader, facts, room, clock } = options;
  const { intake, breakers, desk } = options.failures;
  const group = process.name;
  const topics = topicsOf(process, catalog);
  const { checkpoints, writeStatus, write } = options.file;
  const underLease = <Result>(work: () => Result): Promise<Result> => whenNotBusy(clock, () => write(work));

  /** Learns in one transaction; what is asked for goes out once that is committed. */
  const learn = async <Result>(
    work: (to: EventHandler, asked: PendingCommand[]) => Result,
    records?: Iterable<LogRecord>,
  ): Promise<Result> => {
    await room();
    const { asked, result } = await facts.during(
      (attempt) => whenNotBusy(clock, () => breakers.guard(group, write, attempt)),
      () => {
        const newlyAsked: PendingCommand[] = [];
        const to = consumerOf(process, topics, ledger, newlyAsked);
        return { asked: newlyAsked, result: work(to, newlyAsked) };
      },
      records,
    );
    options.enqueue(asked);
    return result;
  };

  return {
    group,
    topics,
    retry: defaultRetryPolicy,
    checkpoints: async () => Promise.resolve(checkpoints.read(group)),
    begin: (wanted) => underLease(() => wanted.forEach((checkpoint) => checkpoints.begin(group, checkpoint))),
    move: (moves) => underLease(() => moves.forEach((move) => checkpoints.move(group, move))),
    apply: (batch) => learn((to) => intake.records(to, batch), batch.records),
    applyFromStore: async ({ afterPosition, untilPosition, ...how }) => {
      const limit = Math.min(STORE_PAGE_EVENTS, untilPosition - afterPosition);
      const page = await reader.readAll({ afterPosition, limit, maxBytes: MAX_PAGE_BYTES });
      const outcome = await learn((to) => intake.events(to, page, how));
      return { reachedPosition: page.at(-1)?.position ?? untilPosition, outcome };
    },
    caughtUpTo: (marks) => underLease(() => checkpoints.raiseEach(group, marks)),
    hasSetAsideUpTo: async (lastPosition) =>
      Promise.resolve(options.failures.quarantine.hasSetAsideUpTo(group, lastPosition)),
    report: (status) => underLease(() => writeStatus(withFault(status, options.senderFault()))),
    redriveStep: () => learn((to) => desk.step(to)),
    isAnyDeadlineDue: (nowMs) => ledger.deadlinesDue(process, nowMs, 1).length > 0,
    learnDeadlines: (nowMs) =>
      learn((_to, asked) => {
        const due = ledger.deadlinesDue(process, nowMs, DEADLINES_AT_ONCE);
        for (const each of due) asked.push(...learnDeadline(options, each));
        return due.length;
      }),
  };
};

/** A group whose answers can't be kept stands still, although it goes on reading. */
const withFault = (status: GroupStatus, fault: string | null): GroupStatus =>
  fault === null || status.state !== 'running'
    ? status
    : { ...status, state: 'retrying', reason: `what became of commands can't be written down: ${fault}` };

/** Where the process throws, that is the end of this deadline for now, and none of the others. */
const learnDeadline = (
  { file, ledger, process, logger }: ReactorHandlerOptions,
  due: DueDeadline,
): ReadonlyArray<PendingCommand> => {
  try {
    return file.savepoint(() => ledger.learnDeadline(process, due));
  } catch (error) {
    if (!isAttributable(error)) throw error;
    const { reason, stack } = failureOf(error);
    const fields = { group: process.name, deadline: due.deadline.id, instance: due.instance, reason };
    logger.error(
      { ...fields, ...(stack === undefined ? {} : { stack }) },
      'a deadline is set aside: its process cannot take it',
    );
    ledger.parkDeadline(process, due, reason);
    const { instance, deadline } = due;
    file.setAside.note({ process: process.name, kind: 'deadline', subject: deadline.id, instance, reason });
    return [];
  }
};

const DEADLINES_AT_ONCE = 200;

const consumerOf = (
  process: Process,
  topics: ReadonlyArray<string>,
  ledger: ProcessStore,
  asked: PendingCommand[],
): EventHandler => ({
  consumer: process.name,
  group: process.name,
  topics: new Set(topics),
  handled: new Set(process.handles.map(({ type }) => type)),
  open: () => {
    const own: PendingCommand[] = [];
    return {
      handle: (event) => {
        if (process.instanceOf(event) === undefined) return 'not-applicable';
        own.push(...ledger.learnEvent(process, event));
        return 'applied';
      },
      // Only now: what was asked for by a handling that broke is rolled back with it.
      finish: () => void asked.push(...own),
    };
  },
  rowsOf: (event) => [instanceOfUnread(process, event) ?? UNKNOWN_INSTANCE],
  exhausted: defaultRetryPolicy.exhausted,
});

/** Holds the deadlines of every instance, for each of them may lack the event. */
const UNKNOWN_INSTANCE = '*';

/** Nothing is known of the payload: it may not have passed its contract. */
const instanceOfUnread = (process: Process, event: RecordedEvent): string | undefined => {
  try {
    const instance: unknown = process.instanceOf(event);
    return typeof instance === 'string' ? instance : undefined;
  } catch {
    return undefined;
  }
};
