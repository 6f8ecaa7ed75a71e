/**
 * An effect: what happens outside when an event was recorded (a mail, a payment, a webhook). The declaration is here; the code
 * that calls it, and records the result, is in infra/reactors/effects.
 */
import type * as t from 'io-ts';
import { assertInteger, assertName, assertUnique, EFFECT, InvalidDeclaration, shownName } from './declarations';
import type { EffectOutcome, FinalEffectOutcome } from './effect-outcome';
import type { AnyEventDefinition, DomainEvent, EventOf } from './event-definition';
import type { ProcessCommand } from './process-manager';
import type { RecordedEvent } from './recorded-event';
import type { SettingDeclarations, SettingValues } from './setting';
import { parsePointInTime } from './time-text';

export {
  declined,
  done,
  EffectUnavailable,
  tryAgainAt,
  type EffectOutcome,
  type FinalEffectOutcome,
} from './effect-outcome';

// -------------------------------------------------------------------------------------
// What a handler receives and returns
// -------------------------------------------------------------------------------------

/** One call of an effect. */
export interface EffectCall<Event, Settings> {
  readonly event: Event;
  /**
   * `<effect>/<event id>`: the same at every attempt, after every crash and restart. Pass it to the other side, which can then
   * recognise a repeated call.
   */
  readonly idempotencyKey: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** Aborts when the time limit of the call has passed, or the program stops. */
  readonly signal: AbortSignal;
  /** The values of the settings that the effect declares. */
  readonly settings: Settings;
}

/** A command that follows from an outcome; its ids are derived from the call. */
export type EffectCommand = Pick<ProcessCommand, 'category' | 'aggregateId' | 'type' | 'data'>;

// -------------------------------------------------------------------------------------
// What a team declares
// -------------------------------------------------------------------------------------

type Definition = AnyEventDefinition & { readonly of: (data: never) => DomainEvent };
type Handled<D> =
  EventOf<D> extends infer Event
    ? Event extends DomainEvent<infer Type, infer Data>
      ? RecordedEvent<Type, Data>
      : never
    : never;

/** From which event on an effect is performed at its first start: new ones, all, or those recorded at or after a time. */
export type StartFrom = 'now' | 'beginning' | { readonly time: string };

/** How an effect is called. Every field has a default; see {@link defaultEffectPolicy}. */
export interface EffectPolicy {
  /** The time limit of one call. */
  readonly timeoutMs: number;
  /** Upper limit on calls at the same time, each for another key. */
  readonly concurrency: number;
  /** Upper limit on calls per second; absent: none. */
  readonly ratePerSecond?: number;
  /** After so many failed attempts an effect is suspended until an operator releases it. */
  readonly maxAttempts: number;
  /** After so many transient failures in a row, whatever the key, nothing is called for `openMs`; then one call is tried. */
  readonly breaker: { readonly failures: number; readonly openMs: number };
}

export const defaultEffectPolicy: EffectPolicy = {
  timeoutMs: 10_000,
  concurrency: 8,
  maxAttempts: 30,
  breaker: { failures: 10, openMs: 5_000 },
};

/** An effect as a team declares it. */
export interface EffectDefinition<
  D extends Definition,
  Result extends t.Mixed,
  S extends SettingDeclarations,
> extends Partial<EffectPolicy> {
  /** Names the consumer group and begins every idempotency key, so it never changes. */
  readonly name: string;
  /** What happens outside, in a sentence. */
  readonly meaning: string;
  /** Who is responsible for it. */
  readonly owner: string;
  readonly handles: ReadonlyArray<D>;
  /** The codec of what `perform` returns; it is stored, and passed to `command`. */
  readonly result: Result;
  readonly settings?: S;
  /** Which events are called one after another, in order; by default those of one stream. Undefined: the event needs no call. */
  readonly keyOf?: (event: Handled<D>) => string | undefined;
  /** Performs it. Not pure: it may do I/O, and may be called again with the same key after a crash. */
  readonly perform: (
    call: EffectCall<Handled<D>, SettingValues<S>>,
  ) => Promise<EffectOutcome<t.TypeOf<Result>>> | EffectOutcome<t.TypeOf<Result>>;
  /** The command that follows from the outcome; pure. It is sent under the effect's idempotency key. */
  readonly command?: (event: Handled<D>, outcome: FinalEffectOutcome<t.TypeOf<Result>>) => EffectCommand | undefined;
  /** Default: `now`, so that a new effect never acts on the past. */
  readonly startFrom?: StartFrom;
}

/** An effect without its type parameters, as the engine runs it. */
export interface Effect {
  readonly name: string;
  readonly meaning: string;
  readonly owner: string;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  readonly result: t.Mixed;
  readonly settings: SettingDeclarations;
  readonly policy: EffectPolicy;
  readonly startFrom: StartFrom;
  readonly keyOf: (event: RecordedEvent) => string | undefined;
  readonly perform: (
    call: EffectCall<RecordedEvent, Readonly<Record<string, unknown>>>,
  ) => Promise<EffectOutcome<unknown>>;
  readonly command: (event: RecordedEvent, outcome: FinalEffectOutcome<unknown>) => EffectCommand | undefined;
}

/** The idempotency key of an effect for an event. */
export const effectKey = (effect: string, eventId: string): string => `${effect}/${eventId}`;

/**
 * Declares an effect.
 *
 * Throws InvalidDeclaration for an invalid name, limit or start.
 *
 * @example
 * ```ts
 * export const receipt = defineEffect({
 *   name: 'receipt-mail',
 *   meaning: 'Mails the receipt of a payment.',
 *   owner: 'payments',
 *   handles: [PaymentReceived],
 *   result: t.strict({ messageId: t.string }),
 *   perform: ({ event, idempotencyKey, signal }) =>
 *     mailer.send(event.data, { idempotencyKey, signal }).then((messageId) => done({ messageId })),
 * });
 * ```
 */
export const defineEffect = <
  D extends Definition,
  Result extends t.Mixed,
  const S extends SettingDeclarations = SettingDeclarations,
>(
  definition: EffectDefinition<D, Result, S>,
): Effect => {
  const { name, meaning, owner, handles, result, startFrom = 'now', keyOf, command } = definition;
  const where = `the effect ${shownName(name)}`;
  assertName(EFFECT, name, 'an effect');
  if (handles.length === 0) throw new InvalidDeclaration(`${where} handles no event; name at least one in 'handles'`);
  const policy = policyOf(definition);
  assertPolicy(policy, where);
  assertStart(startFrom, where);
  return {
    name,
    meaning,
    owner,
    handles,
    result,
    settings: definition.settings ?? {},
    policy,
    startFrom,
    // The engine passes only events that the effect handles, validated by their codecs, and the values of its settings.
    keyOf: (event) => (keyOf === undefined ? event.stream : keyOf(event as Handled<D>)),
    perform: async (call) => definition.perform(call as unknown as EffectCall<Handled<D>, SettingValues<S>>),
    command: (event, outcome) => command?.(event as Handled<D>, outcome),
  };
};

const policyOf = (definition: Partial<EffectPolicy>): EffectPolicy => {
  const { timeoutMs, concurrency, ratePerSecond, maxAttempts, breaker } = { ...defaultEffectPolicy, ...definition };
  return {
    timeoutMs,
    concurrency,
    maxAttempts,
    breaker,
    ...(ratePerSecond === undefined ? {} : { ratePerSecond }),
  };
};

const HOUR_MS = 3_600_000;

const assertPolicy = (
  { timeoutMs, concurrency, ratePerSecond, maxAttempts, breaker }: EffectPolicy,
  where: string,
): void => {
  assertInteger('timeoutMs', timeoutMs, where, 1, HOUR_MS);
  assertInteger('concurrency', concurrency, where, 1, 1_000);
  assertInteger('maxAttempts', maxAttempts, where, 1, 1_000_000);
  assertInteger('breaker.failures', breaker.failures, where, 1, 1_000_000);
  assertInteger('breaker.openMs', breaker.openMs, where, 1, HOUR_MS);
  if (ratePerSecond === undefined || (ratePerSecond > 0 && ratePerSecond <= 100_000)) return;
  throw new InvalidDeclaration(
    `${where}: ratePerSecond is ${String(ratePerSecond)}; it takes a number above 0 and up to 100,000`,
  );
};

const assertStart = (startFrom: StartFrom, where: string): void => {
  if (startFrom === 'now' || startFrom === 'beginning') return;
  const parsed = parsePointInTime(startFrom.time);
  if (parsed !== undefined && 'timeMs' in parsed) return;
  throw new InvalidDeclaration(
    `${where}: startFrom is the time ${shownName(startFrom.time)}; it takes ISO 8601 with its zone, such as 2026-01-01T00:00:00Z`,
  );
};

/** Checks the effects of a program and returns them. Throws InvalidDeclaration for a repeated name. */
export const effectsOf = (effects: ReadonlyArray<Effect>): ReadonlyArray<Effect> => {
  assertUnique(
    'effect',
    effects.map(({ name }) => name),
    'the list of effects',
  );
  return effects;
};
