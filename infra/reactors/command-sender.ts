/**
 * Sends pending commands to the API: those of one process instance one after another, those of different instances at
 * the same time. A lane is the line of one instance's commands; only its first command is ever under way.
 */
import type { Clock } from '../clock';
import type { CommandOutcome } from '../../domain/kernel/process-manager';
import { backoffMs } from '../backoff';
import type { Answer, PostCommand } from './command-client';
import type { PendingCommand } from './process-ledger';

/** What happens to a command's record in the reactors' file; each call is one transaction. */
export interface SenderRecord {
  readonly decided: (pending: PendingCommand, outcome: CommandOutcome) => ReadonlyArray<PendingCommand>;
  readonly tryAgain: (
    pending: PendingCommand,
    attempt: { readonly nextAttemptAtMs: number; readonly reason: string },
  ) => void;
  readonly defect: (pending: PendingCommand, reason: string) => void;
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
  /** Resolves when fewer commands wait than the limit, or the sender has stopped. */
  readonly room: () => Promise<void>;
  /** Aborts what is under way: whatever the API made of it, the repeat after a restart gets the same answer. */
  readonly stop: () => Promise<void>;
  /** Rejects when an outcome can't be written down. */
  readonly failed: Promise<never>;
}

interface Lane {
  readonly key: string;
  readonly commands: PendingCommand[];
  /** Failed attempts of the lane's first command. */
  attempts: number;
}

/** Starts a sender. */
export const commandSender = ({ post, record, clock, concurrency, backlogLimit }: SenderOptions): CommandSender => {
  const stopping = new AbortController();
  const lanes = new Map<string, Lane>();
  const ready: Lane[] = [];
  const parked = new Set<string>();
  const underWay = new Set<Promise<void>>();
  let waiting = 0;
  let wakeWaiters: (() => void)[] = [];
  let fail: (error: unknown) => void = () => {};
  const failed = new Promise<never>((_resolve, reject) => (fail = reject));
  // Whoever awaits `failed` learns of it; without anybody it must not end the process.
  failed.catch(() => {});

  const wake = (): void => {
    if (waiting >= backlogLimit && !stopping.signal.aborted) return;
    for (const resolve of wakeWaiters) resolve();
    wakeWaiters = [];
  };

  const enqueue = (commands: ReadonlyArray<PendingCommand>): void => {
    for (const pending of commands) {
      const key = `${pending.process.name}\n${pending.instance}`;
      // Behind a parked command nothing goes out; the file keeps what waits there.
      if (parked.has(key)) continue;
      waiting += 1;
      const lane = lanes.get(key);
      if (lane !== undefined) {
        lane.commands.push(pending);
        continue;
      }
      const opened = { key, commands: [pending], attempts: pending.attempts };
      lanes.set(key, opened);
      ready.push(opened);
    }
    pump();
  };

  const pump = (): void => {
    while (!stopping.signal.aborted && underWay.size < concurrency) {
      const lane = ready.shift();
      if (lane === undefined) return;
      const turn: Promise<void> = sendFirst(lane)
        .catch((error: unknown) => {
          stopping.abort();
          fail(error);
        })
        .finally(() => {
          underWay.delete(turn);
          wake();
          pump();
        });
      underWay.add(turn);
    }
  };

  const sendFirst = async (lane: Lane): Promise<void> => {
    const [pending] = lane.commands;
    if (pending === undefined) return void lanes.delete(lane.key);
    const answer = await post(pending.command, stopping.signal);
    if (stopping.signal.aborted) return;
    switch (answer._tag) {
      case 'Decided':
        return decided(lane, pending, answer.outcome);
      case 'TryAgain':
        return tryAgain(lane, pending, answer);
      case 'Defect':
        record.defect(pending, answer.reason);
        parked.add(lane.key);
        lanes.delete(lane.key);
        waiting -= lane.commands.length;
    }
  };

  const decided = (lane: Lane, pending: PendingCommand, outcome: CommandOutcome): void => {
    const followUps = record.decided(pending, outcome);
    lane.commands.shift();
    lane.attempts = 0;
    waiting -= 1;
    if (lane.commands.length > 0) ready.push(lane);
    else lanes.delete(lane.key);
    enqueue(followUps);
  };

  const tryAgain = async (
    lane: Lane,
    pending: PendingCommand,
    { reason, everyCommand, retryAfterMs }: Extract<Answer, { readonly _tag: 'TryAgain' }>,
  ): Promise<void> => {
    lane.attempts += 1;
    const delayMs = backoffMs(clock, lane.attempts, retryAfterMs);
    record.tryAgain(pending, { nextAttemptAtMs: clock.nowMs() + delayMs, reason });
    const waited = clock.sleep(delayMs, stopping.signal).then(() => {
      ready.push(lane);
      pump();
    });
    // While the API is away nothing else would fare better: keep the place, so that the attempts stay few.
    if (everyCommand) await waited;
  };

  return {
    enqueue,
    room: async () => {
      if (waiting < backlogLimit || stopping.signal.aborted) return;
      await new Promise<void>((resolve) => wakeWaiters.push(resolve));
    },
    stop: async () => {
      stopping.abort();
      wake();
      await Promise.all(underWay);
    },
    failed,
  };
};
