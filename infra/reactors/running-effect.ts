/** One running effect: its sender, with the breaker, the limit of its rate, and the mode that an operator has set. */
import type { Effect } from '../../domain/kernel/effect';
import type { Clock } from '../clock';
import type { Logger } from '../logger';
import type { Tracer } from '../tracing/tracer';
import { commandSender, type CommandSender } from './command-sender';
import { circuitBreaker, isEffectCall, performEffect, rateLimit, type PerformOptions } from './effects/effects';
import type { EffectMode, PendingCommand, PostCommand } from './processes/processes';
import type { SenderRecord } from './sender-port';
import { tracedPost } from './traced-post';

export interface RunningEffect {
  readonly effect: Effect;
  readonly sender: CommandSender;
  /** Begins in the stored mode with all calls that were pending at the start. */
  readonly begin: (mode: EffectMode, pending: ReadonlyArray<PendingCommand>) => void;
  /** Adopts the mode that is stored; `pending` reads all pending calls, for when they are no longer withheld. */
  readonly adopt: (mode: EffectMode, pending: () => ReadonlyArray<PendingCommand>) => void;
}

export interface RunningEffectOptions {
  readonly effect: Effect;
  readonly settings: PerformOptions['settings'];
  readonly isDryRun: boolean;
  readonly observe: PerformOptions['observe'];
  readonly record: SenderRecord;
  /** Sends the commands that follow from outcomes. */
  readonly postToApi: PostCommand;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly tracer: Tracer | undefined;
}

/** Upper limit on pending calls of one effect before its group has to wait. */
const BACKLOG_CALLS = 2_000;

/** Starts the sender of one effect. */
export const runningEffect = (options: RunningEffectOptions): RunningEffect => {
  const { effect, record, clock, postToApi } = options;
  const breaker = circuitBreaker(effect.policy.breaker, clock);
  const rate = rateLimit(effect.policy.ratePerSecond, clock);
  const perform = tracedPost(performEffect({ ...options, breaker }), options.tracer, () => `call ${effect.name}`);
  let mode: EffectMode = 'running';
  const sender = commandSender({
    post: (command, signal, attempt) => {
      if (isEffectCall(command)) return perform(command, signal, attempt);
      breaker.released();
      return postToApi(command, signal, attempt);
    },
    record,
    clock,
    concurrency: effect.policy.concurrency,
    backlogLimit: BACKLOG_CALLS,
    gate: {
      claim: () => {
        if (mode === 'paused') return Infinity;
        const waitMs = rate.waitMs();
        if (waitMs > 0) return waitMs;
        const openMs = breaker.claim();
        if (openMs === 0) rate.count();
        return openMs;
      },
    },
  });
  return {
    effect,
    sender: {
      ...sender,
      enqueue: (commands) => {
        // What is withheld is in the file, and is read from there when the mode changes.
        if (mode === 'running') sender.enqueue(commands);
      },
    },
    begin: (stored, pending) => {
      mode = stored;
      if (mode !== 'paused') sender.enqueue(pending);
    },
    adopt: (next, pending) => {
      const isResumed = next === 'running' && mode !== 'running';
      mode = next;
      if (isResumed) sender.enqueue(pending());
      sender.resume();
    },
  };
};
