/** A process manager without its type parameter: the state is the JSON text that is stored. */
import { resultFor } from '../../../domain/kernel/declarations';
import type { AnyEventDefinition } from '../../../domain/kernel/event-definition';
import type {
  AnyProcessManager,
  ProcessCommand,
  ProcessDeadline,
  ProcessInput,
} from '../../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';

/** A process manager as the reactors run it. */
export interface Process {
  readonly name: string;
  readonly version: number;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  readonly instanceOf: (event: RecordedEvent) => string | undefined;
  /** One step from a stored state, undefined where there is none, to the state to store. */
  readonly step: (
    storedState: string | undefined,
    input: ProcessInput,
  ) => {
    /** Undefined where nothing is to be stored. */
    readonly state: string | undefined;
    readonly commands: ReadonlyArray<ProcessCommand>;
    readonly deadlines: ReadonlyArray<ProcessDeadline>;
  };
}

/** What an input is, for messages. */
const given = (input: ProcessInput): string => (input._tag === 'Event' ? input.event.type : input._tag);

/** Wraps a process manager. */
export const processOf = (manager: AnyProcessManager): Process => ({
  name: manager.name,
  version: manager.version,
  handles: manager.handles,
  instanceOf: manager.instanceOf,
  step: (storedState, input) => {
    // Stored by this version of the process manager: where the version changes, all instances are deleted first.
    const state: unknown = storedState === undefined ? manager.initialState : JSON.parse(storedState);
    const where = `the process manager ${manager.name}: step`;
    const next = resultFor(where, given(input), manager.step(state, input));
    return { state: JSON.stringify(next.state), commands: next.commands, deadlines: next.deadlines ?? [] };
  },
});
