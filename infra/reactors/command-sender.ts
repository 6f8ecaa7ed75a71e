/**
 * Sends pending commands to the API: those of one process instance one after another, those of different instances at
 * the same time.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock';
import type { CommandOutcome } from '../../domain/kernel/process-manager';
import { backoffMs } from '../backoff';
import { failureOf, isAttributable } from '../consumption/intake/intake';
import { deferred } from '../running/deferred';
import { directiveFor, supervise } from '../running/supervise';
import type { PostCommand, PostResult } from './command-client';
import { instanceQueues, type ClaimedQueue, type InstanceQueues } from './instance-queues';
import type { PendingCommand } from './processes/processes';

/** The port of the sender to the reactors' file; each call is one transaction. */
export interface SenderRecord {
  /** Applies the outcome to the process; returns the commands that it issues. Throws what the process throws. */
  readonly applyOutcome: (pending: PendingCommand, outcome: CommandOutcome) => ReadonlyArray<PendingCommand>;
  readonly noteAttempt: (
    pending: PendingCommand,
    attempt: { readonly nextAttemptAtMs: number; readonly reason: string },
  ) => void;
  readonly suspend: (pending: PendingCommand, reason: string, stack?: string) => void;
  /** Reports why the file can't be written for now; null once it can be again. */
  readonly noteFault: (reason: string | null) => void;
}

export interface SenderOptions {
  readonly post: PostCommand;
  readonly record: SenderRecord;
  readonly clock: Clock;
  /** Upper limit on commands that are sent at the same time. */
  readonly concurrency: number;
  /** How many commands may be pending before {@link CommandSender.room} delays its caller. */
  readonly backlogLimit: number;
}

export interface CommandSender {
  /** Adds committed commands, ordered by `seq`. */
  readonly enqueue: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Sends the commands of suspended instances, each with all the commands behind it, ordered by `seq`. */
  readonly release: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Resolves when fewer commands are pending than the limit, or the sender has stopped. */
  readonly room: () => Promise<void>;
  /** Aborts the requests in flight. They are sent again after a restart, and the API returns the same response then. */
  readonly stop: () => Promise<void>;
  /** Rejects when this process may no longer write the outcomes of commands. Other faults are retried. */
  readonly failed: Promise<never>;
}

/** Lets callers wait for a condition. */
interface ConditionWait {
  readonly wait: () => Promise<void>;
  /** Wakes the waiting callers if the condition is met now. */
  readonly notify: () => void;
}

const conditionWait = (isMet: () => boolean): ConditionWait => {
  let waiting: (() => void)[] = [];
  return {
    wait: async () => {
      if (!isMet()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    notify: () => {
      if (!isMet()) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
};

/** Node warns of more than ten listeners; each command in flight has one, or two while it waits for its retry. */
const abortControllerFor = (commands: number): AbortController => {
  const controller = new AbortController();
  setMaxListeners(2 * commands + 10, controller.signal);
  return controller;
};

interface Applied {
  readonly _tag: 'Applied';
  readonly followUps: ReadonlyArray<PendingCommand>;
}

/**
 * Applies the outcome of a command to its process. Where the process throws, it is defective for this instance only, and the
 * others continue; a fixed release sends the command again, and the API returns the same response.
 */
const applyOutcome = (
  record: SenderRecord,
  pending: PendingCommand,
  outcome: CommandOutcome,
): Applied | Extract<PostResult, { readonly _tag: 'Defect' }> => {
  try {
    return { _tag: 'Applied', followUps: record.applyOutcome(pending, outcome) };
  } catch (error) {
    if (!isAttributable(error)) throw error;
    const { reason, stack } = failureOf(error);
    const text = `its process cannot handle the outcome: ${reason}`;
    return { _tag: 'Defect', reason: text, ...(stack === undefined ? {} : { stack }) };
  }
};

/** Writes the outcomes of commands and retries as long as that fails. Only the loss of the lease is thrown. */
const retryingRecord = (record: SenderRecord, clock: Clock, stopping: AbortSignal) => {
  let isFaulty = false;
  const attempt = <Result>(write: () => Result): Result => {
    const result = write();
    if (isFaulty) record.noteFault(null);
    isFaulty = false;
    return result;
  };
  const noteFault = (error: unknown): void => {
    isFaulty = true;
    record.noteFault(failureOf(error).reason);
  };
  return {
    /** Retries until the write succeeds, as a full disk or a locked file is transient. Undefined once stopped. */
    writeWithRetry: async <Result>(write: () => Result): Promise<Result | undefined> => {
      let result: Result | undefined;
      await supervise({
        clock,
        stopping,
        session: () => {
          result = attempt(write);
          return Promise.resolve();
        },
        onRetry: ({ error }) => noteFault(error),
      });
      return result;
    },
    /** Only operators read the attempts: where one can't be written, sending continues all the same. */
    noteAttempt: (...[pending, details]: Parameters<SenderRecord['noteAttempt']>): void => {
      try {
        attempt(() => record.noteAttempt(pending, details));
      } catch (error) {
        if (directiveFor(error) === 'escalate') throw error;
        noteFault(error);
      }
    },
  };
};

/** The fault that ends a sender. */
const senderFailure = (
  stopping: AbortController,
): { readonly failed: Promise<never>; readonly fail: (error: unknown) => void } => {
  const failed = deferred<never>();
  const fail = (error: unknown): void => {
    stopping.abort();
    failed.reject(error);
  };
  return { failed: failed.promise, fail };
};

const releaseIn = (queues: InstanceQueues, pump: () => void): CommandSender['release'] => {
  return (commands) => {
    queues.release(commands);
    pump();
  };
};

/** Starts a sender. */
export const commandSender = ({ post, record, clock, concurrency, backlogLimit }: SenderOptions): CommandSender => {
  const stopping = abortControllerFor(concurrency);
  const queues = instanceQueues();
  const { writeWithRetry, noteAttempt } = retryingRecord(record, clock, stopping.signal);
  const inFlight = new Set<Promise<void>>();
  const room = conditionWait(() => queues.waiting() < backlogLimit || stopping.signal.aborted);
  const { failed, fail } = senderFailure(stopping);

  const enqueue = (commands: ReadonlyArray<PendingCommand>): void => {
    queues.add(commands);
    pump();
  };

  const pump = (): void => {
    while (!stopping.signal.aborted && inFlight.size < concurrency) {
      const claimed = queues.claim();
      if (claimed === undefined) return;
      const sending: Promise<void> = sendFirst(claimed)
        .catch(fail)
        .finally(() => {
          inFlight.delete(sending);
          room.notify();
          pump();
        });
      inFlight.add(sending);
    }
  };

  const sendFirst = async (claimed: ClaimedQueue): Promise<void> => {
    const { first } = claimed;
    const posted = await post(first.command, stopping.signal, first.traceparent);
    if (stopping.signal.aborted) return;
    const result =
      posted._tag === 'Decided' ? await writeWithRetry(() => applyOutcome(record, first, posted.outcome)) : posted;
    switch (result?._tag) {
      // Stopped: the command is sent again after a restart, and the API returns the same response.
      case undefined:
        return;
      case 'Applied':
        queues.finish(claimed);
        enqueue(result.followUps);
        return;
      case 'Retry':
        return retry(claimed, result);
      case 'Defect':
        await writeWithRetry(() => record.suspend(first, result.reason, result.stack));
        queues.suspend(claimed);
    }
  };

  const retry = async (
    claimed: ClaimedQueue,
    { reason, everyCommand, retryAfterMs }: Extract<PostResult, { readonly _tag: 'Retry' }>,
  ): Promise<void> => {
    claimed.attempts += 1;
    const delayMs = backoffMs(clock, claimed.attempts, retryAfterMs);
    noteAttempt(claimed.first, { nextAttemptAtMs: clock.nowMs() + delayMs, reason });
    const waited = clock.sleep(delayMs, stopping.signal).then(() => {
      queues.repeat(claimed);
      pump();
    });
    // While every command would fail, no other one is sent in the place of this one.
    if (everyCommand) await waited;
  };

  return {
    enqueue,
    release: releaseIn(queues, pump),
    room: room.wait,
    stop: async () => {
      stopping.abort();
      room.notify();
      await Promise.all(inFlight);
    },
    failed,
  };
};
