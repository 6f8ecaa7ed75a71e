/** The port of a sender to what records the outcomes of commands. */
import type { CommandOutcome } from '../../domain/kernel/process-manager';
import type { PendingCommand } from './processes/processes';

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
