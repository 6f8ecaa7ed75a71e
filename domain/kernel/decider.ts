/** The decider: an aggregate's rules as three pure values (after Jérémie Chassaing's functional event sourcing). */
import * as E from 'fp-ts/Either';

/** Why an aggregate refuses a command: a fact of the business, not a fault. */
export interface Rejection {
  /** The stated fact in PascalCase, for example `OrderAlreadyDelivered`; stable, scripts rely on it. */
  readonly type: string;
  /** One sentence for people: what does not hold, and what would. */
  readonly message: string;
}

/** What an aggregate answers: the events that a command causes, or why it is refused. */
export type Decision<Event> = E.Either<Rejection, ReadonlyArray<Event>>;

/**
 * An aggregate's behaviour.
 * `decide` answers a command with the events that it causes (none where the command repeats what already holds);
 * `evolve` folds one event into the state; `initialState` is the state of a stream without events.
 */
export interface Decider<Command, State, Event> {
  readonly decide: (command: Command, state: State) => Decision<Event>;
  readonly evolve: (state: State, event: Event) => State;
  readonly initialState: State;
}

// -------------------------------------------------------------------------------------
// Words for decisions
// -------------------------------------------------------------------------------------

/** The command causes these events. */
export const accept = <Event>(...events: ReadonlyArray<Event>): Decision<Event> => E.right(events);

/** The command repeats what already holds: a success without events. */
export const nothingToChange: Decision<never> = E.right([]);

/** The command is refused, with the fact that stands against it. */
export const refuse = (type: string, message: string): Decision<never> => E.left({ type, message });
