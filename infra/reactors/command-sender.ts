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
import type { Answer, PostCommand } from './command-client';
import { instanceQueues, type InstanceQueues, type Lane } from './command-lanes';
import type { PendingCommand } from './processes/processes';

/** What happens to a command's record in the reactors' file; each call is one transaction. */
export interface SenderRecord {
  /** Throws what the process throws, and then nothing is written down. */
  readonly decided: (pending: PendingCommand, outcome: CommandOutcome) => ReadonlyArray<PendingCommand>;
  readonly tryAgain: (
    pending: PendingCommand,
    attempt: { readonly nextAttemptAtMs: number; readonly reason: string },
  ) => void;
  readonly defect: (pending: PendingCommand, reason: string, stack?: string) => void;
  /** The file can't be written just now; null once it can be again. */
  readonly fault: (reason: string | null) => void;
}

export interface SenderOptions {
  readonly post: PostCommand;
  readonly record: SenderRecord;
  readonly clock: Clock;
  /** How many commands are under way at the same time, at most. */
  readonly concurrency: number;
  /** How many commands may wait before {@link CommandSender.room} holds its caller back. */
  readonly backlogLimit: number;
}

export interface CommandSender {
  /** Takes commands that are committed, in the order of their `seq`. */
  readonly enqueue: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Sends what was set aside again, with all that waits behind it: the commands of an instance, in the order of their `seq`. */
  readonly release: (commands: ReadonlyArray<PendingCommand>) => void;
  /** Resolves when fewer commands wait than the limit, or the sender has stopped. */
  readonly room: () => Promise<void>;
  /** Aborts what is under way: whatever the API made of it, the repeat after a restart gets the same answer. */
  readonly stop: () => Promise<void>;
  /** Rejects when this process may no longer write down what becomes of commands. Any other fault is waited for. */
  readonly failed: Promise<never>;
}

/** Lets callers pass while something holds. */
interface Gate {
  readonly pass: () => Promise<void>;
  /** Lets those who wait pass, if it holds now. */
  readonly look: () => void;
}

const gateOf = (isOpen: () => boolean): Gate => {
  let waiting: (() => void)[] = [];
  return {
    pass: async () => {
      if (!isOpen()) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    look: () => {
      if (!isOpen()) return;
      for (const resolve of waiting) resolve();
      waiting = [];
    },
  };
};

/** Each command under way listens to the signal, and sometimes waits with a second ear. */
const abortHeardBy = (commands: number): AbortController => {
  const controller = new AbortController();
  setMaxListeners(2 * commands + 10, controller.signal);
  return controller;
};

interface Learned {
  readonly _tag: 'Learned';
  readonly followUps: ReadonlyArray<PendingCommand>;
}

/**
 * Lets the process learn what became of its command. Where it throws, it is wrong for this instance, and the others go on; a
 * release that is right asks again, and gets the same answer.
 */
const learn = (
  record: SenderRecord,
  pending: PendingCommand,
  outcome: CommandOutcome,
): Learned | Extract<Answer, { readonly _tag: 'Defect' }> => {
  try {
    return { _tag: 'Learned', followUps: record.decided(pending, outcome) };
  } catch (error) {
    if (!isAttributable(error)) throw error;
    const { reason, stack } = failureOf(error);
    const text = `its process can't take what became of it: ${reason}`;
    return { _tag: 'Defect', reason: text, ...(stack === undefined ? {} : { stack }) };
  }
};

/** Writes down what becomes of commands, however long that takes. Only the loss of the lease is thrown. */
const patientRecord = (record: SenderRecord, clock: Clock, stopping: AbortSignal) => {
  let isFaulty = false;
  const attempt = <Result>(write: () => Result): Result => {
    const result = write();
    if (isFaulty) record.fault(null);
    isFaulty = false;
    return result;
  };
  const noteFault = (error: unknown): void => {
    isFaulty = true;
    record.fault(failureOf(error).reason);
  };
  return {
    /** Tries until it is written: a full disk or a locked file passes, and the answer is kept till then. Undefined once stopped. */
    writtenDown: async <Result>(write: () => Result): Promise<Result | undefined> => {
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
    /** The note is for people: where it can't be written, the attempts go on all the same. */
    noteAttempt: (...[pending, details]: Parameters<SenderRecord['tryAgain']>): void => {
      try {
        attempt(() => record.tryAgain(pending, details));
      } catch (error) {
        if (directiveFor(error) === 'escalate') throw error;
        noteFault(error);
      }
    },
  };
};

/** The end of a sender that may not go on. */
const failure = (
  stopping: AbortController,
): { readonly failed: Promise<never>; readonly fail: (error: unknown) => void } => {
  const failed = deferred<never>();
  const fail = (error: unknown): void => {
    stopping.abort();
    failed.reject(error);
  };
  return { failed: failed.promise, fail };
};

const releaseIn = (lanes: InstanceQueues, pump: () => void): CommandSender['release'] => {
  return (commands) => {
    lanes.release(commands);
    pump();
  };
};

/** Starts a sender. */
export const commandSender = ({ post, record, clock, concurrency, backlogLimit }: SenderOptions): CommandSender => {
  const stopping = abortHeardBy(concurrency);
  const lanes = instanceQueues();
  const { writtenDown, noteAttempt } = patientRecord(record, clock, stopping.signal);
  const underWay = new Set<Promise<void>>();
  const gate = gateOf(() => lanes.waiting() < backlogLimit || stopping.signal.aborted);
  const { failed, fail } = failure(stopping);

  const enqueue = (commands: ReadonlyArray<PendingCommand>): void => {
    lanes.add(commands);
    pump();
  };

  const pump = (): void => {
    while (!stopping.signal.aborted && underWay.size < concurrency) {
      const lane = lanes.take();
      if (lane === undefined) return;
      const turn: Promise<void> = sendFirst(lane)
        .catch(fail)
        .finally(() => {
          underWay.delete(turn);
          gate.look();
          pump();
        });
      underWay.add(turn);
    }
  };

  const sendFirst = async (lane: Lane): Promise<void> => {
    const { first } = lane;
    const answer = await post(first.command, stopping.signal);
    if (stopping.signal.aborted) return;
    const result = answer._tag === 'Decided' ? await writtenDown(() => learn(record, first, answer.outcome)) : answer;
    switch (result?._tag) {
      // Stopped: the repeat after a restart gets the same answer.
      case undefined:
        return;
      case 'Learned':
        lanes.finish(lane);
        enqueue(result.followUps);
        return;
      case 'TryAgain':
        return tryAgain(lane, result);
      case 'Defect':
        await writtenDown(() => record.defect(first, result.reason, result.stack));
        lanes.park(lane);
    }
  };

  const tryAgain = async (
    lane: Lane,
    { reason, everyCommand, retryAfterMs }: Extract<Answer, { readonly _tag: 'TryAgain' }>,
  ): Promise<void> => {
    lane.attempts += 1;
    const delayMs = backoffMs(clock, lane.attempts, retryAfterMs);
    noteAttempt(lane.first, { nextAttemptAtMs: clock.nowMs() + delayMs, reason });
    const waited = clock.sleep(delayMs, stopping.signal).then(() => {
      lanes.repeat(lane);
      pump();
    });
    // While the API is away nothing else would fare better: keep the place, so that the attempts stay few.
    if (everyCommand) await waited;
  };

  return {
    enqueue,
    release: releaseIn(lanes, pump),
    room: gate.pass,
    stop: async () => {
      stopping.abort();
      gate.look();
      await Promise.all(underWay);
    },
    failed,
  };
};
