/** The recorded end of a call. */
import type { CommandOutcome } from '../../../domain/kernel/process-manager';
import type { EffectResult, PendingCommand } from '../processes/processes';
import { isEffectCall, keyOfCall } from './effect-process';
import { DRY_RUN } from './perform-effect';

/** The recorded end of a pending call; undefined for a command that is not a call of an effect. */
export const resultOf = (
  { process, command }: PendingCommand,
  outcome: CommandOutcome,
  attempts: number,
): EffectResult | undefined => {
  if (!isEffectCall(command)) return undefined;
  const common = { effect: process.name, key: keyOfCall(command), attempts };
  if (outcome._tag === 'Rejected') {
    const { rejectionType: rejection, message } = outcome;
    return { ...common, outcome: 'rejected', result: { rejection, message } };
  }
  return outcome.result === DRY_RUN
    ? { ...common, outcome: 'dry-run', result: null }
    : { ...common, outcome: 'done', result: outcome.result };
};
