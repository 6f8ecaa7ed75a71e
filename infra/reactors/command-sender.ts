/**
 * Sends pending commands to the API: those of one process instance one after another, those of different instances at
 * the same time.
 */
import type { Clock } from '../clock';
import { deferred } from '../running/deferred';
import { sharedController } from '../stop-signal';
import { instanceQueues, type ClaimedQueue, type InstanceQueues } from './instance-queues';
import type { PendingCommand, PostCommand } from './processes/processes';
import { openGate, type SendGate } from './send-gate';
import type { SenderRecord } from './sender-port';
import { senderRetries } from './sender-retries';
import { conditionWait, waitOnce } from './sender-waits';
import { applyOutcome, retryingRecord } from './sender-writes';

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
  /** Aborts the requests in flight. They are sent again after a restart, and the API returns the same response then. */
  readonly stop: () => Promise<void>;
  /** Rejects when this process may no longer write the outcomes of commands. Other faults are retried. */
  readonly failed: Promise<never>;
}

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

const releaseIn =
  (queues: InstanceQueues, pump: () => void): CommandSender['release'] =>
  (commands) => {
    queues.release(commands);
    pump();
  };

/** Claims a queue where there is one and the gate lets it pass; otherwise waits for the gate, if that is what is missing. */
const claimThrough = (
  gate: SendGate,
  queues: InstanceQueues,
  wait: (durationMs: number) => void,
): ClaimedQueue | undefined => {
  if (!queues.isAnyReady()) return undefined;
  const closedMs = gate.claim();
  if (closedMs === 0) return queues.claim();
  wait(closedMs);
  return undefined;
};

/** Starts a sender. */
export const commandSender = (options: SenderOptions): CommandSender => {
  const { post, record, clock, concurrency, backlogLimit, gate = openGate } = options;
  const stopping = sharedController();
  const queues = instanceQueues();
  const { writeWithRetry, noteAttempt } = retryingRecord(record, clock, stopping.signal);
  const gateWait = waitOnce(clock, stopping.signal, () => pump());
  const retries = senderRetries({
    ...{ clock, stopping: stopping.signal, noteAttempt, writeWithRetry, record, queues },
    pump: () => pump(),
  });
  const inFlight = new Set<Promise<void>>();
  const room = conditionWait(() => queues.waiting() < backlogLimit || stopping.signal.aborted);
  const { failed, fail } = senderFailure(stopping);

  const enqueue = (commands: ReadonlyArray<PendingCommand>): void => {
    queues.add(commands);
    pump();
  };

  const pump = (): void => {
    while (!stopping.signal.aborted && inFlight.size < concurrency) {
      const claimed = claimThrough(gate, queues, gateWait);
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
    const { traceparent, notBeforeMs } = first;
    const posted = await post(first.command, stopping.signal, { attempt, notBeforeMs, traceparent });
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
        return retries.retry(claimed, result);
      case 'Later':
        return retries.postpone(claimed, result);
      case 'Defect':
        await writeWithRetry(() => record.suspend(first, result.reason, result.stack));
        queues.suspend(claimed);
    }
  };

  return {
    enqueue,
    resume: () => pump(),
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
