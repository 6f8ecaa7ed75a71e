/**
 * Sends pending commands to the API: those of one process instance one after another, those of different instances at
 * the same time.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../clock';
import type { CommandOutcome } from '../../domain/kernel/process-manager';
import { backoffMs } from '../backoff';
import { deferred } from '../running/deferred';
import { instanceQueues, type ClaimedQueue, type InstanceQueues } from './instance-queues';
import type { PendingCommand, PostCommand, PostResult } from './processes/processes';
import { openGate, type SendGate } from './send-gate';
import { applyOutcome, retryingRecord } from './sender-writes';

/** The port of the sender to the reactors' file; each call is one transaction. */
export interface SenderRecord {
  /** Applies the outcome to the process; returns the commands that it issues. Throws what the process throws. */
  readonly applyOutcome: (
    pending: PendingCommand,
    outcome: CommandOutcome,
    attempts: number,
  ) => ReadonlyArray<PendingCommand>;
  readonly noteAttempt: (
    pending: PendingCommand,
    attempt: { readonly nextAttemptAtMs: number; readonly reason: string },
  ) => void;
  /** Records that it is not to be sent before a time. */
  readonly postpone: (pending: PendingCommand, notBeforeMs: number, reason: string) => void;
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
  /** Delays the next command; absent: none is delayed. */
  readonly gate?: SendGate;
}

export interface CommandSender {
  /** Adds committed commands, ordered by `seq`. */
  readonly enqueue: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Sends the commands of suspended instances, each with all the commands behind it, ordered by `seq`. */
  readonly release: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Resolves when fewer commands are pending than the limit, or the sender has stopped. */
  readonly room: () => Promise<void>;
  /** Looks at the gate again: it may be open now. */
  readonly resume: () => void;
  /** The number of commands that are pending in memory, and of those being sent. */
  readonly load: () => { readonly pending: number; readonly inFlight: number };
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

/** Upper limit on one sleep, so that a change of the wall clock is noticed in time. */
const MAX_SLEEP_MS = 10_000;

/** Sleeps until the wall clock has reached a time. */
const sleepUntil = async (clock: Clock, timeMs: number, signal: AbortSignal): Promise<void> => {
  for (let leftMs = timeMs - clock.nowMs(); leftMs > 0 && !signal.aborted; leftMs = timeMs - clock.nowMs()) {
    await clock.sleep(Math.min(leftMs, MAX_SLEEP_MS), signal);
  }
};

/** Calls back after a wait; further calls during the wait change nothing. */
const waitOnce = (clock: Clock, signal: AbortSignal, then: () => void): ((durationMs: number) => void) => {
  let isWaiting = false;
  return (durationMs) => {
    if (isWaiting || durationMs === Infinity) return;
    isWaiting = true;
    void clock.sleep(durationMs, signal).then(() => {
      isWaiting = false;
      then();
    });
  };
};

/** Node warns of more than ten listeners; each command in flight has one, or two while it waits for its retry. */
const abortControllerFor = (commands: number): AbortController => {
  const controller = new AbortController();
  setMaxListeners(2 * commands + 10, controller.signal);
  return controller;
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
export const commandSender = (options: SenderOptions): CommandSender => {
  const { post, record, clock, concurrency, backlogLimit, gate = openGate } = options;
  const stopping = abortControllerFor(concurrency);
  const queues = instanceQueues();
  const { writeWithRetry, noteAttempt } = retryingRecord(record, clock, stopping.signal);
  const gateWait = waitOnce(clock, stopping.signal, () => pump());
  const inFlight = new Set<Promise<void>>();
  const room = conditionWait(() => queues.waiting() < backlogLimit || stopping.signal.aborted);
  const { failed, fail } = senderFailure(stopping);

  const enqueue = (commands: ReadonlyArray<PendingCommand>): void => {
    queues.add(commands);
    pump();
  };

  const pump = (): void => {
    while (!stopping.signal.aborted && inFlight.size < concurrency && queues.isAnyReady()) {
      const closedMs = gate.claim();
      if (closedMs > 0) return gateWait(closedMs);
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
    const attempt = claimed.attempts + 1;
    const posted = await post(first.command, stopping.signal, { attempt, notBeforeMs: first.notBeforeMs });
    if (stopping.signal.aborted) return;
    const result =
      posted._tag === 'Decided'
        ? await writeWithRetry(() => applyOutcome(record, first, posted.outcome, attempt))
        : posted;
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
      case 'Later':
        return postpone(claimed, result);
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

  const postpone = async (
    claimed: ClaimedQueue,
    { notBeforeMs, reason }: Extract<PostResult, { readonly _tag: 'Later' }>,
  ): Promise<void> => {
    const { first } = claimed;
    if (notBeforeMs !== first.notBeforeMs) await writeWithRetry(() => record.postpone(first, notBeforeMs, reason));
    void sleepUntil(clock, notBeforeMs, stopping.signal).then(() => {
      queues.repeat(claimed);
      pump();
    });
  };

  return {
    enqueue,
    resume: () => pump(),
    load: () => ({ pending: queues.waiting(), inFlight: inFlight.size }),
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
