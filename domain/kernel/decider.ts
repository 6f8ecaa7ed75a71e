/** The decider: an aggregate's rules as three pure values (after Jérémie Chassaing's functional event sourcing). */
import * as E from 'fp-ts/Either';

/** Why an aggregate rejects a command: a business fact, not a fault. */
export interface Rejection {
  /** The stated fact in PascalCase, for example `OrderAlreadyDelivered`; stable, scripts rely on it. */
  readonly type: string;
  /** One sentence for people: why the command is rejected, and what to do instead. */
  readonly message: string;
}

/** The result of a command: the events that it causes, or why it is rejected. */
export type Decision<Event> = E.Either<Rejection, ReadonlyArray<Event>>;

/**
 * An aggregate's behaviour.
 * `decide` returns the events that a command causes (none where the command repeats what already happened);
 * `evolve` folds one event into the state; `initialState` is the state of a stream without events.
 */
export interface Decider<Command, State, Event> {
  readonly decide: (command: Command, state: State) => Decision<Event>;
  readonly evolve: (state: State, event: Event) => State;
  readonly initialState: State;
}

// -------------------------------------------------------------------------------------
// Constructors of decisions
// -------------------------------------------------------------------------------------

/**
 * The command causes these events.
 *
 * @example
 * ```ts
 * return accept(BookLent.of({ loanId: command.id, ...command.data }));
 * ```
 */
export const accept = <Event>(...events: ReadonlyArray<Event>): Decision<Event> => E.right(events);

/** The command repeats what already happened: a success without events. */
export const nothingToChange: Decision<never> = E.right([]);

/**
 * The command is rejected, with the fact that prevents it.
 *
 * @example
 * ```ts
 * return reject('BookAlreadyLent', `Loan ${command.id} is another member's.`);
 * ```
 */
export const reject = (type: string, message: string): Decision<never> => E.left({ type, message });
