/**
 * A process manager as a consumer group: its state, the commands that it issues and its checkpoints are written in one
 * transaction; the commands are sent after the commit, and stay in the file until their outcome is known.
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
import { traceFields } from '../log-fields';
import type { Logger } from '../logger';
import type { ProcessSpans } from '../tracing/process-spans';
import { whenNotBusy } from '../sqlite/leased-database';
import type { Clock } from '../clock';
import type { DueDeadline, PendingCommand, Process, ProcessStore, ReactorsFile } from './processes/processes';

export interface ReactorHandlerOptions {
  readonly process: Process;
  readonly catalog: Catalog;
  readonly file: ReactorsFile;
  readonly processStore: ProcessStore;
  readonly deadLetters: DeadLetterHandling;
  /** The store, for events that the log does not have. */
  readonly reader: Pick<EventFeed, 'readAll'>;
  readonly facts: TransactionFacts;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Why its commands or calls make no progress for now; null where they do. */
  readonly senderFault: () => string | null;
  /** The W3C trace context for what follows from an event. */
  readonly traceparentOf: ProcessSpans['traceparentOf'];
  /** Sends commands after their transaction has committed. */
  readonly enqueue: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Resolves when few enough commands are pending for more to be issued. */
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

/** A process manager's group, with redrives and deadlines. */
export interface ReactorHandler extends GroupHandler {
  /** Processes the next few events that are to be redriven. */
  readonly redriveStep: () => Promise<RedriveStep>;
  readonly isAnyDeadlineDue: (nowMs: number) => boolean;
  /** Applies some of the deadlines that had passed at that time; returns how many. */
  readonly applyDeadlines: (nowMs: number) => Promise<number>;
}

/** Makes the handler of one process manager. */
export const reactorHandler = (options: ReactorHandlerOptions): ReactorHandler => {
  const { process, catalog, processStore, reader, facts, room, clock } = options;
  const { intake, breakers, operatorRequests } = options.deadLetters;
  const group = process.name;
  const topics = topicsOf(process, catalog);
  const { checkpoints, writeStatus, write } = options.file;
  const underLease = <Result>(work: () => Result): Promise<Result> => whenNotBusy(clock, () => write(work));

  /** Runs work of the process in one transaction; the commands that it issues are sent after the commit. */
  const inTransaction = async <Result>(
    work: (handler: EventHandler, issued: PendingCommand[]) => Result,
    records?: Iterable<LogRecord>,
  ): Promise<Result> => {
    await room();
    const { issued, result } = await facts.during(
      (attempt) => whenNotBusy(clock, () => breakers.guard(group, write, attempt)),
      () => {
        const commands: PendingCommand[] = [];
        const handler = eventHandlerOf(options, topics, commands);
        return { issued: commands, result: work(handler, commands) };
      },
      records,
    );
    options.enqueue(issued);
    return result;
  };

  return {
    group,
    topics,
    retry: defaultRetryPolicy,
    checkpoints: async () => Promise.resolve(checkpoints.read(group)),
    begin: (missing) => underLease(() => missing.forEach((checkpoint) => checkpoints.begin(group, checkpoint))),
    move: (moves) => underLease(() => moves.forEach((move) => checkpoints.move(group, move))),
    apply: (batch) => inTransaction((handler) => intake.records(handler, batch), batch.records),
    applyFromStore: async ({ afterPosition, untilPosition, ...how }) => {
      const limit = Math.min(STORE_PAGE_EVENTS, untilPosition - afterPosition);
      const page = await reader.readAll({ afterPosition, limit, maxBytes: MAX_PAGE_BYTES });
      const outcome = await inTransaction((handler) => intake.events(handler, page, how));
      return { reachedPosition: page.at(-1)?.position ?? untilPosition, outcome };
    },
    advanceHighWater: (marks) => underLease(() => checkpoints.advanceHighWater(group, marks)),
    hasDeadLettersUpTo: async (lastPosition) =>
      Promise.resolve(options.deadLetters.quarantine.hasDeadLettersUpTo(group, lastPosition)),
    report: (status) => underLease(() => writeStatus(withFault(status, options.senderFault()))),
    redriveStep: () => inTransaction((handler) => operatorRequests.step(handler)),
    isAnyDeadlineDue: (nowMs) => processStore.deadlinesDue(process, nowMs, 1).length > 0,
    applyDeadlines: (nowMs) =>
      inTransaction((_handler, issued) => {
        const due = processStore.deadlinesDue(process, nowMs, DEADLINES_AT_ONCE);
        for (const each of due) issued.push(...applyDeadline(options, each));
        return due.length;
      }),
  };
};

/** A group whose commands or calls make no progress makes no progress, although it continues reading. */
const withFault = (status: GroupStatus, fault: string | null): GroupStatus =>
  fault === null || status.state !== 'running' ? status : { ...status, state: 'retrying', reason: fault };

/** Where the process throws, only this deadline is suspended. */
const applyDeadline = (
  { file, processStore, process, logger }: ReactorHandlerOptions,
  due: DueDeadline,
): ReadonlyArray<PendingCommand> => {
  try {
    return file.savepoint(() => processStore.applyDeadline(process, due));
  } catch (error) {
    if (!isAttributable(error)) throw error;
    const { reason, stack } = failureOf(error);
    const { deadline: passed, traceparent } = due;
    const fields = {
      group: process.name,
      deadline: passed.id,
      instance: due.instance,
      ...traceFields(traceparent),
      reason,
    };
    logger.error(
      { ...fields, ...(stack === undefined ? {} : { stack }) },
      'a deadline is suspended: its process cannot handle it',
    );
    processStore.suspendDeadline(process, due, reason);
    const { instance, deadline } = due;
    file.setAside.note({ process: process.name, kind: 'deadline', subject: deadline.id, instance, reason });
    return [];
  }
};

const DEADLINES_AT_ONCE = 200;

const eventHandlerOf = (
  { process, processStore, traceparentOf }: ReactorHandlerOptions,
  topics: ReadonlyArray<string>,
  issued: PendingCommand[],
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
        own.push(...processStore.applyEvent(process, event, traceparentOf(event)));
        return 'applied';
      },
      // Not before the end, as the commands of a handling that throws are rolled back with it.
      finish: () => void issued.push(...own),
    };
  },
  rowsOf: (event) => [instanceOfUnread(process, event) ?? UNKNOWN_INSTANCE],
  exhausted: defaultRetryPolicy.exhausted,
});

/** Delays the deadlines of every instance, as the parked event may belong to any of them. */
const UNKNOWN_INSTANCE = '*';

/** The instance of an event whose payload may violate its contract; undefined where it cannot be determined. */
const instanceOfUnread = (process: Process, event: RecordedEvent): string | undefined => {
  try {
    const instance: unknown = process.instanceOf(event);
    return typeof instance === 'string' ? instance : undefined;
  } catch {
    return undefined;
  }
};
