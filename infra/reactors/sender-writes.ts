/** How a sender writes what has become of commands: again and again, until the file can be written. */
import type { CommandOutcome } from '../../domain/kernel/process-manager';
import type { Clock } from '../clock';
import { failureOf, isAttributable } from '../consumption/intake/intake';
import { directiveFor, supervise } from '../supervise';
import type { SenderRecord } from './sender-port';
import type { PendingCommand, PostResult } from './processes/processes';

/** An outcome that is applied and committed. */
export interface Applied {
  readonly _tag: 'Applied';
  readonly followUps: ReadonlyArray<PendingCommand>;
}

/**
 * Applies the outcome of a command to its process. Where the process throws, it is defective for this instance only, and the
 * others continue; a fixed release sends the command again, and the API returns the same response.
 */
export const applyOutcome = (
  record: SenderRecord,
  pending: PendingCommand,
  outcome: CommandOutcome,
  attempts: number,
): Applied | Extract<PostResult, { readonly _tag: 'Defect' }> => {
  try {
    return { _tag: 'Applied', followUps: record.applyOutcome(pending, outcome, attempts) };
  } catch (error) {
    if (!isAttributable(error)) throw error;
    const { reason, stack } = failureOf(error);
    const text = `its process cannot handle the outcome: ${reason}`;
    return { _tag: 'Defect', reason: text, ...(stack === undefined ? {} : { stack }) };
  }
};

/** Writes the outcomes of commands and retries as long as that fails. Only the loss of the lease is thrown. */
export const retryingRecord = (record: SenderRecord, clock: Clock, stopping: AbortSignal) => {
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
