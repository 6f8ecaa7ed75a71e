/** A process manager without its type parameter: the state goes in and comes out as the JSON text that is stored. */
import type { AnyEventDefinition } from '../../../domain/kernel/event-definition';
import type {
  AnyProcessManager,
  ProcessCommand,
  ProcessDeadline,
  ProcessInput,
} from '../../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';

/** A process manager as the reactors drive it. */
export interface Process {
  readonly name: string;
  readonly version: number;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  readonly instanceOf: (event: RecordedEvent) => string | undefined;
  /** One step from a stored state (none yet: undefined) to the state to store. */
  readonly step: (
    storedState: string | undefined,
    input: ProcessInput,
  ) => {
    readonly state: string;
    readonly commands: ReadonlyArray<ProcessCommand>;
    readonly deadlines: ReadonlyArray<ProcessDeadline>;
  };
}

/** Puts a process manager behind its stored state. */
export const processOf = (manager: AnyProcessManager): Process => ({
  name: manager.name,
  version: manager.version,
  handles: manager.handles,
  instanceOf: manager.instanceOf,
  step: (storedState, input) => {
    // What is stored was made by this version of the manager: another version discards its instances first.
    const state: unknown = storedState === undefined ? manager.initialState : JSON.parse(storedState);
    const next = manager.step(state, input);
    return { state: JSON.stringify(next.state), commands: next.commands, deadlines: next.deadlines ?? [] };
  },
});
