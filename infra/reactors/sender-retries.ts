/** What a sender does with a command that is to be sent again, after a fault or at a time. */
import type { Clock } from '../clock';
import { backoffMs } from '../backoff';
import type { ClaimedQueue, InstanceQueues } from './instance-queues';
import type { PostResult } from './processes/processes';
import type { SenderRecord } from './sender-port';
import { sleepUntil } from './sender-waits';

export interface SenderRetriesOptions {
  readonly clock: Clock;
  readonly stopping: AbortSignal;
  readonly noteAttempt: SenderRecord['noteAttempt'];
  readonly writeWithRetry: <Result>(write: () => Result) => Promise<Result | undefined>;
  readonly record: Pick<SenderRecord, 'postpone'>;
  readonly queues: Pick<InstanceQueues, 'repeat'>;
  /** Sends what is ready. */
  readonly pump: () => void;
}

export interface SenderRetries {
  /** After a fault that can pass: waits with backoff. */
  readonly retry: (claimed: ClaimedQueue, result: Extract<PostResult, { readonly _tag: 'Retry' }>) => Promise<void>;
  /** At a time that the result names; recorded, so that a restart waits too. */
  readonly postpone: (claimed: ClaimedQueue, result: Extract<PostResult, { readonly _tag: 'Later' }>) => Promise<void>;
}

/** Makes the retries of one sender. */
export const senderRetries = (options: SenderRetriesOptions): SenderRetries => {
  const { clock, stopping, noteAttempt, writeWithRetry, record, queues, pump } = options;
  const repeat = (claimed: ClaimedQueue): void => {
    queues.repeat(claimed);
    pump();
  };
  return {
    retry: async (claimed, { reason, everyCommand, retryAfterMs }) => {
      claimed.attempts += 1;
      const delayMs = backoffMs(clock, claimed.attempts, retryAfterMs);
      noteAttempt(claimed.first, { nextAttemptAtMs: clock.nowMs() + delayMs, reason });
      const waited = clock.sleep(delayMs, stopping).then(() => repeat(claimed));
      // While every command would fail, no other one is sent in the place of this one.
      if (everyCommand) await waited;
    },
    postpone: async (claimed, { notBeforeMs, reason }) => {
      const { first } = claimed;
      if (notBeforeMs !== first.notBeforeMs) await writeWithRetry(() => record.postpone(first, notBeforeMs, reason));
      void sleepUntil(clock, notBeforeMs, stopping).then(() => repeat(claimed));
    },
  };
};
