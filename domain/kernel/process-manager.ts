/** A process manager: pure state and next actions. The code that performs them is in infra/reactors. */
import { assertInteger, assertName, assertUnique, PROCESS_MANAGER } from './declarations';
import type { AnyEventDefinition } from './event-definition';
import type { RecordedEvent } from './recorded-event';

/** A command that the process issues, with an id derived from the event that caused it. */
export interface ProcessCommand {
  /**
   * The same for the same cause in every replay and every interleaving; it becomes the request's idempotency key.
   * By convention `<process>/<id of the causing event>/<command>[/<detail>]`.
   */
  readonly id: string;
  /** The id of the event that caused it. */
  readonly causationId: string;
  readonly correlationId: string;
  /** The category of the aggregate that the command is for, its id, and the command's name and body. */
  readonly category: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly data: unknown;
}

/** A time at which the process gets a `DeadlinePassed` input, whatever has happened by then. */
export interface ProcessDeadline {
  /** The same for the same cause in every replay. By convention `<process>/<id of the causing event>/<what is due>`. */
  readonly id: string;
  /** Wall-clock time, ISO 8601 in UTC: computed from when an event was recorded, never from the current time. */
  readonly dueAt: string;
}

/** The outcome of a command: the aggregate accepted it (or nothing had to change), or rejected it. */
export type CommandOutcome =
  | {
      readonly _tag: 'Accepted';
      readonly command: ProcessCommand;
      /** The result of an effect's call; absent for commands. */
      readonly result?: unknown;
    }
  | {
      readonly _tag: 'Rejected';
      readonly command: ProcessCommand;
      readonly rejectionType: string;
      readonly message: string;
    };

/** An input of a process manager. */
export type ProcessInput =
  | { readonly _tag: 'Event'; readonly event: RecordedEvent }
  | { readonly _tag: 'Outcome'; readonly outcome: CommandOutcome }
  /**
   * A deadline has passed, and every event that was recorded before it has been applied. So in a replay it comes after
   * the events that made it irrelevant.
   */
  | { readonly _tag: 'DeadlinePassed'; readonly deadline: ProcessDeadline };

/** The state after an input, and the commands that it newly issues. */
export interface ProcessStep<State> {
  readonly state: State;
  readonly commands: ReadonlyArray<ProcessCommand>;
  /** Deadlines that it newly sets. */
  readonly deadlines?: ReadonlyArray<ProcessDeadline>;
}

/**
 * A process manager. `State` must be plain JSON. `step` has to commute over inputs of different streams (order between
 * topics is never assumed) and must ignore an input that it has seen.
 */
export interface ProcessManager<State> {
  readonly name: string;
  /** The version of the stored state's shape; a change of it means a replay from the first event. */
  readonly version: number;
  readonly meaning: string;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  /** Which process instance an event belongs to; undefined where it concerns none. */
  readonly instanceOf: (event: RecordedEvent) => string | undefined;
  readonly initialState: State;
  readonly step: (state: State, input: ProcessInput) => ProcessStep<State>;
}

/** Any process manager, where the type of its state doesn't matter. */
export interface AnyProcessManager extends Omit<ProcessManager<unknown>, 'step'> {
  // A method, not a property: methods compare bivariantly, so that every ProcessManager<State> is one of these.
  step(state: unknown, input: ProcessInput): ProcessStep<unknown>;
}

const MAX_VERSION = 1_000_000;

/**
 * Checks the name and version of a process manager and returns it. Throws InvalidDeclaration.
 *
 * @example
 * ```ts
 * const reminders = defineProcessManager<State>({
 *   name: 'reminders', version: 1, meaning: 'Reminds a member whose book is not back in time.',
 *   handles: [BookLent, BookReturned],
 *   instanceOf: ({ stream }) => stream,
 *   initialState: { isReturned: false },
 *   step: (state, input) =>
 *     input._tag === 'Event' && input.event.type === 'BookReturned'
 *       ? { state: { isReturned: true }, commands: [] }
 *       : { state, commands: [] },
 * });
 * ```
 */
export const defineProcessManager = <State>(manager: ProcessManager<State>): ProcessManager<State> => {
  assertName(PROCESS_MANAGER, manager.name, 'a process manager');
  assertInteger('version', manager.version, `the process manager ${manager.name}`, 1, MAX_VERSION);
  return manager;
};

/** Checks the process managers of a program and returns them. Throws InvalidDeclaration for an invalid or repeated name. */
export const processManagersOf = (
  processManagers: ReadonlyArray<AnyProcessManager>,
): ReadonlyArray<AnyProcessManager> => {
  for (const manager of processManagers) defineProcessManager(manager);
  assertUnique(
    'process manager',
    processManagers.map(({ name }) => name),
    'the list of process managers',
  );
  return processManagers;
};
