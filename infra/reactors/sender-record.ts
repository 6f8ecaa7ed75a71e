/** What the sender writes down in the reactors' file; each call is one transaction. */
import type { Logger } from '../logger';
import type { Transaction } from '../dead-letters/redrive/redrive';
import type { SenderRecord } from './command-sender';
import type { ProcessStore, SetAside } from './processes/processes';

export interface SenderRecordOptions {
  readonly write: Transaction;
  readonly ledger: ProcessStore;
  readonly setAside: SetAside;
  readonly logger: Logger;
  /** Told why nothing can be written just now, and null once that is over. */
  readonly onFault: (fault: string | null) => void;
}

/** Makes it. */
export const senderRecord = ({ write, ledger, setAside, logger, onFault }: SenderRecordOptions): SenderRecord => ({
  decided: (pending, outcome) => write(() => ledger.learnOutcome(pending, outcome)),
  tryAgain: (pending, attempt) => {
    logger.debug({ command: pending.command.id, reason: attempt.reason }, 'a command is tried again');
    write(() => ledger.noteAttempt(pending, attempt));
  },
  defect: (pending, reason, stack) => {
    const { process, instance, command } = pending;
    write(() => {
      ledger.park(pending, reason);
      setAside.note({ process: process.name, kind: 'command', subject: command.id, instance, reason });
    });
    const fields = { group: process.name, command: command.id, eventId: command.causationId, reason };
    logger.error(
      { ...fields, ...(stack === undefined ? {} : { stack }) },
      'a command is set aside: no repeat can help',
    );
  },
  fault: (reason) => {
    if (reason === null) logger.info({}, 'what becomes of commands is written down again');
    else logger.warn({ reason }, "what became of a command can't be written down: it is tried again");
    onFault(reason);
  },
});
