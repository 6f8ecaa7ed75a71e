/** Domain tests as sentences: given this history, when this command comes, then these events (or this rejection). */
import * as E from 'fp-ts/Either';
import * as assert from 'uvu/assert';
import type { Aggregate, Fold } from '../../domain/kernel/aggregate';
import type { Decision } from '../../domain/kernel/decider';
import type { DomainEvent } from '../../domain/kernel/event-definition';
import { explain } from '../../domain/kernel/explain';

/** The expectation that a command is rejected with this fact. */
export interface ExpectedRejection {
  readonly refusedAs: string;
}

/** Rejected, with this fact. */
export const rejection = (type: string): ExpectedRejection => ({ refusedAs: type });

interface When {
  /** The events that the command causes, none for `then()`; or one rejection. */
  readonly then: (...expected: ReadonlyArray<DomainEvent | ExpectedRejection>) => void;
}

interface Given {
  readonly when: (type: string, body: unknown) => When;
}

/** Tests of one instance of an aggregate. */
export const sentencesOf = (
  aggregate: Aggregate,
  id: string,
): { readonly given: (...history: ReadonlyArray<DomainEvent>) => Given } => ({
  given: (...history) => ({
    when: (type, body) => {
      const decision = decideOn(foldOf(aggregate, history), aggregate, { type, id, body });
      return {
        then: (...expected) => {
          const [first] = expected;
          if (first !== undefined && 'refusedAs' in first) assertRefused(decision, first.refusedAs, id);
          else assertEvents(aggregate, decision, expected);
        },
      };
    },
  }),
});

/** The fold of a history; each of its events has to pass its codec. */
export const foldOf = (aggregate: Aggregate, history: ReadonlyArray<DomainEvent>): Fold =>
  history.reduce((fold, event) => {
    assertContract(aggregate, event);
    return fold.apply(event);
  }, aggregate.emptyFold);

/** Decides a command as the engine does: its body passes the codec first. */
export const decideOn = (
  fold: Fold,
  aggregate: Aggregate,
  { type, id, body }: { readonly type: string; readonly id: string; readonly body: unknown },
): Decision<DomainEvent> => {
  const definition = aggregate.commands.get(type);
  if (definition === undefined) throw new Error(`${aggregate.category} has no command '${type}'`);
  const decoded = definition.codec.decode(body);
  if (E.isLeft(decoded)) throw new Error(`the body of '${type}' is not one: ${JSON.stringify(explain(decoded.left))}`);
  return fold.decide({ type, id, data: decoded.right });
};

const assertRefused = (decision: Decision<DomainEvent>, type: string, id: string): void => {
  if (E.isRight(decision)) throw new Error(`expected ${type}, but it was accepted: ${JSON.stringify(decision.right)}`);
  assert.is(decision.left.type, type);
  assert.match(decision.left.message, /^[A-Z].*\.$/);
  assert.ok(decision.left.message.includes(id), `the message names what it is about: ${decision.left.message}`);
};

const assertEvents = (aggregate: Aggregate, decision: Decision<DomainEvent>, expected: unknown): void => {
  if (E.isLeft(decision)) throw new Error(`rejected as ${decision.left.type}: ${decision.left.message}`);
  assert.equal(decision.right, expected);
  for (const event of decision.right) assertContract(aggregate, event);
};

const assertContract = (aggregate: Aggregate, event: DomainEvent): void => {
  const definition = aggregate.events.get(event.type);
  if (definition?.codec.is(event.data) === true) return;
  throw new Error(`${JSON.stringify(event)} is not an event of ${aggregate.category}`);
};
