/** Tests of an aggregate as sentences: given these events, when this command comes, then these events, or this rejection. */
import { isLeft, isRight } from 'fp-ts/Either';
import type { Aggregate, Fold } from '../../domain/kernel/aggregate';
import type { RecordOf, Fields } from '../../domain/kernel/codec';
import type { AnyCommandDefinition, CommandDefinition } from '../../domain/kernel/command-definition';
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import type { Decision } from '../../domain/kernel/decider';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import { explain } from '../../domain/kernel/explain';
import { withFrozenState } from '../../domain/kernel/frozen-inputs';
import { assertEqual, fail, shown } from './assertion';
import { assertEvent } from './history';

/** What becomes of a command. Each of these throws an AssertionError where it is otherwise. */
export interface DecisionTest {
  /** It is accepted and causes exactly these events, which keep their contracts and can be folded. */
  readonly then: (...events: ReadonlyArray<DomainEvent>) => void;
  /** It is accepted and causes no event. */
  readonly thenNothing: () => void;
  /**
   * It is rejected.
   * @param reason the fact that prevents it: `BookAlreadyLent`
   * @param message what the sentence for people contains, or matches
   */
  readonly thenRejected: (reason: string, message?: string | RegExp) => void;
}

/** A stream with a history. */
export interface AggregateTest {
  /**
   * A command comes; its body has to pass the command's codec, as at the API. Takes the command's definition, or its name.
   */
  readonly when: {
    <F extends Fields>(command: CommandDefinition<string, F>, body: RecordOf<F>): DecisionTest;
    (command: string, body: unknown): DecisionTest;
  };
  /** The state after the history, to look at. */
  readonly state: () => unknown;
}

/**
 * Tests one instance of an aggregate; its decider gets frozen inputs.
 *
 * Throws InvalidDeclaration for events and commands that the aggregate does not have, or that do not keep their contracts.
 *
 * @example
 * ```ts
 * const loan = testAggregate(loanAggregate, 'l1');
 * loan.given(lent).when('return', { returnedAt }).then(BookReturned.of({ loanId: 'l1', memberId: 'm1', returnedAt }));
 * loan.given().when('return', { returnedAt }).thenRejected('BookNotLent');
 * ```
 */
export const testAggregate = (
  aggregate: Aggregate,
  id: string,
): { readonly given: (...history: ReadonlyArray<DomainEvent>) => AggregateTest } => {
  const frozen = withFrozenState(aggregate);
  return {
    given: (...history) => {
      const fold = foldOf(frozen, history);
      return {
        when: (command: string | AnyCommandDefinition, body: unknown) => {
          const type = typeof command === 'string' ? command : command.type;
          return decisionTest(frozen, fold, type, decideOn(fold, frozen, { type, id, body }));
        },
        state: () => fold.state,
      };
    },
  };
};

/** The fold of a history. Throws InvalidDeclaration for an event that does not keep its contract. */
export const foldOf = (aggregate: Aggregate, history: ReadonlyArray<DomainEvent>): Fold =>
  history.reduce((fold, event) => {
    assertEvent([...aggregate.events.values()], event, `the aggregate ${aggregate.category}`);
    return fold.apply(event);
  }, aggregate.emptyFold);

/** Decides a command as the engine does: its body passes the codec first. Throws InvalidDeclaration where it does not. */
export const decideOn = (
  fold: Fold,
  aggregate: Aggregate,
  { type, id, body }: { readonly type: string; readonly id: string; readonly body: unknown },
): Decision<DomainEvent> => fold.decide({ type, id, data: bodyOf(aggregate, type, body) });

/** The body of a command as its codec reads it. Throws InvalidDeclaration where there is no such command, or this is not its body. */
export const bodyOf = (aggregate: Aggregate, type: string, body: unknown): unknown => {
  const definition = aggregate.commands.get(type);
  if (definition === undefined) {
    const names = [...aggregate.commands.keys()].join(', ');
    throw new InvalidDeclaration(`the aggregate ${aggregate.category} has no command '${type}'; it has ${names}`);
  }
  const decoded = definition.codec.decode(body);
  if (isRight(decoded)) return decoded.right;
  const paths = explain(decoded.left).map(({ path, message }) => `${path}: ${message}`);
  throw new InvalidDeclaration(`the body of '${type}' does not pass its codec: ${paths.join('; ')}`);
};

const decisionTest = (
  aggregate: Aggregate,
  fold: Fold,
  command: string,
  decision: Decision<DomainEvent>,
): DecisionTest => {
  const assertAccepted = (expected: ReadonlyArray<DomainEvent>): void => {
    if (isLeft(decision)) {
      const { type, message } = decision.left;
      return fail(`'${command}' is rejected as ${type}: ${message}`, decision.left, expected);
    }
    assertEqual(decision.right, expected, `'${command}' causes other events than expected:`);
    foldOf({ ...aggregate, emptyFold: fold }, decision.right);
  };
  return {
    then: (...events) => assertAccepted(events),
    thenNothing: () => assertAccepted([]),
    thenRejected: (reason, message) => {
      if (!isLeft(decision)) {
        const events = shown(decision.right);
        return fail(`'${command}' is accepted, but should be rejected as ${reason}; it causes ${events}`);
      }
      const rejection = decision.left;
      assertEqual(rejection.type, reason, `'${command}' is rejected for another reason (${rejection.message}):`);
      if (message !== undefined && !says(rejection.message, message))
        fail(`'${command}' is rejected with '${rejection.message}', which does not say ${String(message)}`);
    },
  };
};

const says = (text: string, expected: string | RegExp): boolean =>
  typeof expected === 'string' ? text.includes(expected) : expected.test(text);
