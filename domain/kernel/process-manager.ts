/** A process manager: pure state and next actions. What performs them lives in infra. */
import { assertInteger, assertName, assertUnique, PROCESS_MANAGER } from './declarations';
import type { AnyEventDefinition } from './event-definition';
import type { RecordedEvent } from './recorded-event';

/** A command that the process wants to be carried out, with an identity derived from what caused it. */
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

/** A moment after which the process wants to look again, whatever has happened by then. */
export interface ProcessDeadline {
  /** The same for the same cause in every replay. By convention `<process>/<id of the causing event>/<what is due>`. */
  readonly id: string;
  /** Wall-clock time, ISO 8601 in UTC: counted from when an event was recorded, never from the time of asking. */
  readonly dueAt: string;
}

/** What became of a command: the aggregate took it (or nothing had to change), or rejected it. */
export type CommandOutcome =
  | { readonly _tag: 'Accepted'; readonly command: ProcessCommand }
  | {
      readonly _tag: 'Rejected';
      readonly command: ProcessCommand;
      readonly rejectionType: string;
      readonly message: string;
    };

/** What a process manager learns. */
export type ProcessInput =
  | { readonly _tag: 'Event'; readonly event: RecordedEvent }
  | { readonly _tag: 'Outcome'; readonly outcome: CommandOutcome }
  /**
   * A deadline has passed, and everything that was recorded before it passed is learned. So in a replay it comes after
   * whatever has made it pointless.
   */
  | { readonly _tag: 'DeadlinePassed'; readonly deadline: ProcessDeadline };

/** The state after an input and the commands that it newly asks for. */
export interface ProcessStep<State> {
  readonly state: State;
  readonly commands: ReadonlyArray<ProcessCommand>;
  /** Deadlines that it newly asks for. */
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

/** A process manager, its name and version checked. Throws InvalidDeclaration. */
export const defineProcessManager = <State>(manager: ProcessManager<State>): ProcessManager<State> => {
  assertName(PROCESS_MANAGER, manager.name, 'a process manager');
  assertInteger('version', manager.version, `the process manager ${manager.name}`, 1, MAX_VERSION);
  return manager;
};

/** The process managers of a program. Throws InvalidDeclaration where a name can't be one, or two have the same. */
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
