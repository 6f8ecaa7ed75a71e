/**
 * An effect as a process of the reactors: each event becomes one pending call, stored in the transaction of its checkpoint, and a
 * command may follow from the outcome. Calls and commands of one key are sent one after another.
 */
import * as t from 'io-ts';
import * as E from 'fp-ts/Either';
import { effectKey, type Effect, type FinalEffectOutcome } from '../../../domain/kernel/effect';
import type { CommandOutcome, ProcessCommand } from '../../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { timeMsOf } from '../../../domain/kernel/time-text';
import type { EffectStart, Process } from '../processes/processes';

/** In the place of a category, which can't contain it: the command is a call of an effect. */
const EFFECT_CALL = '@effect';
const CALL_SUFFIX = '/call';

/** Whether a pending command is a call of an effect. */
export const isEffectCall = ({ category }: Pick<ProcessCommand, 'category'>): boolean => category === EFFECT_CALL;

/** The idempotency key of a call. */
export const keyOfCall = ({ id }: Pick<ProcessCommand, 'id'>): string => id.slice(0, -CALL_SUFFIX.length);

/**
 * Stored calls outlive every release, so the effect's version never changes: a new release of its code never calls again what was
 * called before.
 */
const EFFECT_VERSION = 1;

/** Wraps an effect; `start` is called for each event. */
export const effectProcess = (effect: Effect, start: () => EffectStart): Process => ({
  name: effect.name,
  version: EFFECT_VERSION,
  handles: effect.handles,
  instanceOf: (event) => (isAfter(start(), event) ? effect.keyOf(event) : undefined),
  step: (_state, input) => {
    if (input._tag === 'Event') return { ...NOTHING, commands: [callOf(effect, input.event)] };
    if (input._tag === 'DeadlinePassed' || !isEffectCall(input.outcome.command)) return NOTHING;
    const { command } = input.outcome;
    const event = eventOfCall(command);
    const following = effect.command(event, finalOutcome(input.outcome));
    if (following === undefined) return NOTHING;
    const { causationId, correlationId } = command;
    return { ...NOTHING, commands: [{ ...following, id: keyOfCall(command), causationId, correlationId }] };
  },
});

const NOTHING = { state: undefined, commands: [], deadlines: [] };

const isAfter = ({ afterPosition, notBefore }: EffectStart, { position, recordedAt }: RecordedEvent): boolean =>
  position > afterPosition && (notBefore === null || (timeMsOf(recordedAt) ?? 0) >= (timeMsOf(notBefore) ?? 0));

const callOf = ({ name }: Effect, event: RecordedEvent): ProcessCommand => ({
  id: `${effectKey(name, event.id)}${CALL_SUFFIX}`,
  causationId: event.id,
  correlationId: event.correlationId,
  category: EFFECT_CALL,
  aggregateId: event.stream,
  type: name,
  data: event,
});

const StoredEventOfCall = t.intersection([
  t.type({
    id: t.string,
    stream: t.string,
    version: t.number,
    position: t.number,
    type: t.string,
    schemaVersion: t.number,
    recordedAt: t.string,
    correlationId: t.string,
    causationId: t.string,
    actor: t.string,
    data: t.unknown,
  }),
  t.partial({ traceparent: t.string }),
]);

/** The event that a stored call is about. Throws where the stored call is damaged. */
export const eventOfCall = ({ id, data }: ProcessCommand): RecordedEvent => {
  const decoded = StoredEventOfCall.decode(data);
  if (E.isRight(decoded)) return decoded.right;
  throw new Error(`the stored call ${id} holds no event`);
};

/** The outcome of a call as its effect returned it. */
export const finalOutcome = (outcome: CommandOutcome): FinalEffectOutcome<unknown> =>
  outcome._tag === 'Accepted'
    ? { _tag: 'Done', result: outcome.result }
    : { _tag: 'Rejected', rejection: outcome.rejectionType, message: outcome.message };
