/** Performs the calls of one effect: time limit, classification of faults, and the check of the result. */
import * as E from 'fp-ts/Either';
import { PathReporter } from 'io-ts/PathReporter';
import { EffectUnavailable, type Effect, type EffectOutcome } from '../../../domain/kernel/effect';
import type { ProcessCommand } from '../../../domain/kernel/process-manager';
import { timeMsOf, TIME_WITH_ZONE } from '../../../domain/kernel/time-text';
import type { Clock } from '../../clock';
import { failureOf, isAttributable } from '../../consumption/intake/intake';
import { commandFields } from '../../log-fields';
import type { Logger } from '../../logger';
import type { PostCommand, PostResult } from '../processes/processes';
import type { Breaker } from './breaker';
import { eventOfCall, keyOfCall } from './effect-process';

export interface PerformOptions {
  readonly effect: Effect;
  /** The values of the effect's settings. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** Calls are logged and recorded instead of being made. */
  readonly isDryRun: boolean;
  readonly breaker: Breaker;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Receives each attempt, for metrics. */
  readonly observe: (effect: string, outcome: EffectAttemptOutcome, durationSeconds: number) => void;
}

/** How an attempt ended. */
export type EffectAttemptOutcome = 'done' | 'rejected' | 'later' | 'transient' | 'defect' | 'dry-run';

/** Makes the function that performs calls; never rejects. */
export const performEffect =
  (options: PerformOptions): PostCommand =>
  async (command, signal, { attempt, notBeforeMs, traceparent }) => {
    const { effect, clock, isDryRun, breaker, observe, logger } = options;
    if (notBeforeMs > clock.nowMs()) {
      breaker.released();
      return { _tag: 'Later', notBeforeMs, reason: 'as the effect asked' };
    }
    if (isDryRun) {
      breaker.released();
      const fields = { group: effect.name, key: keyOfCall(command), ...commandFields(command, traceparent) };
      logger.info(fields, 'dry run: not called');
      observe(effect.name, 'dry-run', 0);
      return { _tag: 'Decided', outcome: { _tag: 'Accepted', command, result: DRY_RUN } };
    }
    const startedAtMs = clock.monotonicMs();
    const result = await attemptOf(options, command, signal, attempt);
    // A stop says nothing about the other side.
    if (!signal.aborted) {
      if (result._tag === 'Retry') breaker.failed();
      else breaker.succeeded();
      observe(effect.name, outcomeName(result), (clock.monotonicMs() - startedAtMs) / 1_000);
    }
    return result._tag === 'Retry' && attempt >= effect.policy.maxAttempts
      ? { _tag: 'Defect', reason: `given up after ${attempt} attempts: ${result.reason}` }
      : result;
  };

/** The result of a call that a dry run did not make. */
export const DRY_RUN = Symbol('dry run');

const outcomeName = (result: PostResult): EffectAttemptOutcome => {
  switch (result._tag) {
    case 'Decided':
      return result.outcome._tag === 'Accepted' ? 'done' : 'rejected';
    case 'Later':
      return 'later';
    case 'Retry':
      return 'transient';
    case 'Defect':
      return 'defect';
  }
};

const attemptOf = async (
  options: PerformOptions,
  command: ProcessCommand,
  stopping: AbortSignal,
  attempt: number,
): Promise<PostResult> => {
  const { effect, settings } = options;
  const { timeoutMs } = effect.policy;
  const controller = new AbortController();
  const { elapsed, cancel } = timeLimit(timeoutMs, controller, stopping);
  try {
    const call = {
      event: eventOfCall(command),
      idempotencyKey: keyOfCall(command),
      attempt,
      signal: controller.signal,
      settings,
    };
    // A handler that ignores the signal must not hold its key for longer than the limit.
    const outcome = await Promise.race([effect.perform(call), elapsed]);
    if (outcome === TIMED_OUT) return retry(`no outcome within ${timeoutMs} ms`);
    return resultOfOutcome(effect, command, outcome);
  } catch (error) {
    return faultOf(error);
  } finally {
    cancel();
  }
};

const TIMED_OUT = Symbol('timed out');

const timeLimit = (
  timeoutMs: number,
  controller: AbortController,
  stopping: AbortSignal,
): { readonly elapsed: Promise<typeof TIMED_OUT>; readonly cancel: () => void } => {
  let end: () => void = () => undefined;
  const elapsed = new Promise<typeof TIMED_OUT>((resolve) => {
    end = () => {
      controller.abort();
      resolve(TIMED_OUT);
    };
  });
  const timer = setTimeout(end, timeoutMs);
  stopping.addEventListener('abort', end);
  if (stopping.aborted) end();
  return {
    elapsed,
    cancel: () => {
      clearTimeout(timer);
      stopping.removeEventListener('abort', end);
    },
  };
};

const retry = (reason: string, retryAfterMs?: number): PostResult => ({
  _tag: 'Retry',
  reason,
  everyCommand: false,
  ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
});

const resultOfOutcome = (effect: Effect, command: ProcessCommand, outcome: EffectOutcome<unknown>): PostResult => {
  switch (outcome._tag) {
    case 'Done': {
      const decoded = effect.result.decode(outcome.result);
      if (E.isLeft(decoded)) {
        const [first = ''] = PathReporter.report(decoded);
        return { _tag: 'Defect', reason: `its result is not what 'result' declares: ${first}` };
      }
      const result: unknown = effect.result.encode(decoded.right);
      return { _tag: 'Decided', outcome: { _tag: 'Accepted', command, result } };
    }
    case 'Rejected':
      return {
        _tag: 'Decided',
        outcome: { _tag: 'Rejected', command, rejectionType: outcome.rejection, message: outcome.message },
      };
    case 'TryAgain': {
      const notBeforeMs = timeMsOf(outcome.at);
      if (notBeforeMs !== undefined) return { _tag: 'Later', notBeforeMs, reason: outcome.reason };
      return {
        _tag: 'Defect',
        reason: `it asks to be called again at '${outcome.at}', which is not a ${TIME_WITH_ZONE}`,
      };
    }
    default:
      return { _tag: 'Defect', reason: "it returned no outcome; a handler returns 'done', 'declined' or 'tryAgainAt'" };
  }
};

const faultOf = (error: unknown): PostResult => {
  if (error instanceof EffectUnavailable) return retry(error.message, error.retryAfterMs);
  const { reason, stack } = failureOf(error);
  if (isOfTheNetwork(error)) return retry(causeText(error));
  return { _tag: 'Defect', reason, ...(stack === undefined ? {} : { stack }) };
};

const MAX_CAUSES = 5;

/** Whether an error, or what caused it, is a fault of the system or the network. Node's fetch wraps those in a TypeError. */
const isOfTheNetwork = (error: unknown): boolean => {
  let each: unknown = error;
  for (let depth = 0; depth < MAX_CAUSES && each instanceof Error; depth += 1) {
    if (each.name === 'TimeoutError' || !isAttributable(each)) return true;
    each = each.cause;
  }
  return false;
};

const causeText = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};
