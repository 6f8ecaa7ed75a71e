/** What the sender writes in the reactors' file; each call is one transaction. */
import { commandFields } from '../log-fields';
import type { Logger } from '../logger';
import type { Transaction } from '../dead-letters/redrive/redrive';
import type { SenderRecord } from './sender-port';
import { isEffectCall, resultOf } from './effects/effects';
import type { EffectResults, ProcessStore, SetAside } from './processes/processes';

export interface SenderRecordOptions {
  readonly write: Transaction;
  readonly processStore: ProcessStore;
  readonly setAside: SetAside;
  /** Records the results of effects, in the same transaction. */
  readonly results?: EffectResults;
  readonly logger: Logger;
  /** Called with the reason while nothing can be written, and with null afterwards. */
  readonly onFault: (fault: string | null) => void;
}

/** Implements the sender's port on the process store. */
export const senderRecord = ({
  write,
  processStore,
  setAside,
  results,
  logger,
  onFault,
}: SenderRecordOptions): SenderRecord => ({
  applyOutcome: (pending, outcome, attempts) =>
    write(() => {
      const result = resultOf(pending, outcome, attempts);
      if (result !== undefined) results?.add(result);
      return processStore.applyOutcome(pending, outcome);
    }),
  noteAttempt: (pending, attempt) => {
    const { process, command, traceparent } = pending;
    const fields = { group: process.name, ...commandFields(command, traceparent), reason: attempt.reason };
    logger.debug(fields, 'a command is retried');
    write(() => processStore.noteAttempt(pending, attempt));
  },
  postpone: (pending, notBeforeMs, reason) => {
    write(() => processStore.postpone(pending, notBeforeMs, reason));
  },
  suspend: (pending, reason, stack) => {
    const { process, instance, command, traceparent } = pending;
    const kind = isEffectCall(command) ? 'effect' : 'command';
    write(() => {
      processStore.suspend(pending, reason);
      setAside.note({ process: process.name, kind, subject: command.id, instance, reason });
    });
    const eventId = command.causationId;
    const fields = { group: process.name, eventId, ...commandFields(command, traceparent), reason };
    logger.error(
      { ...fields, ...(stack === undefined ? {} : { stack }) },
      kind === 'effect' ? 'an effect is suspended' : 'a command is suspended: no retry can help',
    );
  },
  noteFault: (reason) => {
    if (reason === null) logger.info({}, 'the outcomes of commands can be written again');
    else logger.warn({ reason }, 'the outcome of a command cannot be written: retrying');
    onFault(reason);
  },
});
