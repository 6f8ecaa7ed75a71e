/**
 * Frozen inputs: a development aid under which a decider or a process manager that changes what it was given fails at the
 * place of the change. Nothing is frozen, and nothing is checked, unless a composition root asks for it.
 */
import type { Aggregate, Fold } from './aggregate';
import type { AnyProcessManager } from './process-manager';

/** Pure code tried to change one of its inputs. The message names who did it, and what to do instead. */
export class InputMutated extends Error {
  override readonly name = 'InputMutated';
}

/** What is frozen to its last part. `Object.isFrozen` would say so of a frozen object that holds an unfrozen one. */
const known = new WeakSet<object>();

/** Freezes plain objects and lists to their last part; returns the value. Other objects (a Map, a class of a library) stay as they are. */
export const deepFreeze = <Value>(value: Value): Value => {
  if (typeof value !== 'object' || value === null || known.has(value) || !isPlain(value)) return value;
  known.add(value);
  Object.freeze(value);
  for (const part of Object.values(value) as ReadonlyArray<unknown>) deepFreeze(part);
  return value;
};

const isPlain = (value: object): boolean => {
  if (Array.isArray(value)) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
};

/** What engines say of a change to a frozen object. */
const REFUSED_CHANGE = /read only property|not extensible|Cannot delete property|Cannot redefine property/;

/**
 * Runs pure code whose inputs are frozen. Throws {@link InputMutated} where it changes one.
 * @param where who runs, as the message begins: `the aggregate loan: evolve(BookLent)`
 */
export const withoutMutation = <Result>(where: () => string, work: () => Result): Result => {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof TypeError) || !REFUSED_CHANGE.test(error.message)) throw error;
    const message = `${where()} changes a value that it was given (${error.message}); return a new value instead, such as { ...state, status }`;
    throw new InputMutated(message, { cause: error });
  }
};

/** The aggregate with states, events and commands frozen before its own code gets them. */
export const withFrozenState = (aggregate: Aggregate): Aggregate => {
  const where = `the aggregate ${aggregate.category}`;
  const frozen = (fold: Fold): Fold => ({
    state: deepFreeze(fold.state),
    apply: (event) =>
      frozen(
        withoutMutation(
          () => `${where}: evolve(${event.type})`,
          () => fold.apply(deepFreeze(event)),
        ),
      ),
    decide: (command) =>
      withoutMutation(
        () => `${where}: decide(${command.type})`,
        () => fold.decide(deepFreeze(command)),
      ),
  });
  const { snapshot } = aggregate;
  return {
    ...aggregate,
    emptyFold: frozen(aggregate.emptyFold),
    ...(snapshot === undefined
      ? {}
      : { snapshot: { ...snapshot, decode: (json: unknown) => frozen(snapshot.decode(json)) } }),
  };
};

/** The process manager with states and inputs frozen before its own code gets them. */
export const withFrozenSteps = (manager: AnyProcessManager): AnyProcessManager => ({
  ...manager,
  initialState: deepFreeze(manager.initialState),
  instanceOf: (event) =>
    withoutMutation(
      () => `the process manager ${manager.name}: instanceOf(${event.type})`,
      () => manager.instanceOf(deepFreeze(event)),
    ),
  step: (state, input) =>
    withoutMutation(
      () => `the process manager ${manager.name}: step(${input._tag})`,
      () => manager.step(deepFreeze(state), deepFreeze(input)),
    ),
});
