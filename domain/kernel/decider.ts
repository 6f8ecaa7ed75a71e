/** The decider: an aggregate's rules as three pure values (after Jérémie Chassaing's functional event sourcing). */
import type { Either } from 'fp-ts/Either';

/** Why an aggregate refuses a command: a fact of the business, not a fault. */
export interface Rejection {
  /** The stated fact in PascalCase, for example `OrderAlreadyDelivered`; stable, scripts rely on it. */
  readonly type: string;
  /** One sentence for people: what does not hold, and what would. */
  readonly message: string;
}

/**
 * An aggregate's behaviour.
 * `decide` answers a command with the events that it causes (none where the command repeats what already holds);
 * `evolve` folds one event into the state; `initialState` is the state of a stream without events.
 */
export interface Decider<Command, State, Event> {
  readonly decide: (command: Command, state: State) => Either<Rejection, ReadonlyArray<Event>>;
  readonly evolve: (state: State, event: Event) => State;
  readonly initialState: State;
}
