/** What the sender writes in the reactors' file; each call is one transaction. */
import type { Logger } from '../logger';
import type { Transaction } from '../dead-letters/redrive/redrive';
import type { SenderRecord } from './command-sender';
import type { ProcessStore, SetAside } from './processes/processes';

export interface SenderRecordOptions {
  readonly write: Transaction;
  readonly processStore: ProcessStore;
  readonly setAside: SetAside;
  readonly logger: Logger;
  /** Called with the reason while nothing can be written, and with null afterwards. */
  readonly onFault: (fault: string | null) => void;
}

/** Implements the sender's port on the process store. */
export const senderRecord = ({
  write,
  processStore,
  setAside,
  logger,
  onFault,
}: SenderRecordOptions): SenderRecord => ({
  applyOutcome: (pending, outcome) => write(() => processStore.applyOutcome(pending, outcome)),
  noteAttempt: (pending, attempt) => {
    logger.debug({ command: pending.command.id, reason: attempt.reason }, 'a command is retried');
    write(() => processStore.noteAttempt(pending, attempt));
  },
  suspend: (pending, reason, stack) => {
    const { process, instance, command } = pending;
    write(() => {
      processStore.suspend(pending, reason);
      setAside.note({ process: process.name, kind: 'command', subject: command.id, instance, reason });
    });
    const fields = { group: process.name, command: command.id, eventId: command.causationId, reason };
    logger.error({ ...fields, ...(stack === undefined ? {} : { stack }) }, 'a command is suspended: no retry can help');
  },
  noteFault: (reason) => {
    if (reason === null) logger.info({}, 'the outcomes of commands can be written again');
    else logger.warn({ reason }, 'the outcome of a command cannot be written: retrying');
    onFault(reason);
  },
});
