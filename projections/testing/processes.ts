/** A process manager in memory: its states, commands and deadlines in the process store that the reactors use. */
import { InvalidDeclaration } from '../../domain/kernel/declarations';
import { withFrozenSteps } from '../../domain/kernel/frozen-inputs';
import type { AnyProcessManager, CommandOutcome, ProcessCommand } from '../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import type { Clock } from '../../infra/clock';
import { inMemoryConsumerFile } from '../../infra/memory/consumer-file/consumer-file';
import {
  processOf,
  processStoreOf,
  type DueDeadline,
  type PendingCommand,
} from '../../infra/reactors/processes/processes';
import { shown } from './assertion';

/** One process manager with all of its instances. Its own code gets frozen inputs. */
export interface MemoryProcesses {
  readonly manager: AnyProcessManager;
  /** Each of these returns the commands that are issued by it. Events that the process manager does not handle are skipped. */
  readonly applyEvent: (event: RecordedEvent) => ReadonlyArray<PendingCommand>;
  readonly applyOutcome: (pending: PendingCommand, outcome: CommandOutcome) => ReadonlyArray<PendingCommand>;
  readonly applyDeadline: (due: DueDeadline) => ReadonlyArray<PendingCommand>;
  /** The deadlines that have not passed yet, the next one first. */
  readonly deadlines: () => ReadonlyArray<DueDeadline>;
  /** The commands without an outcome, in the order of their issue. */
  readonly pending: () => ReadonlyArray<PendingCommand>;
}

/** A process manager without instances. */
export const memoryProcesses = (declared: AnyProcessManager, clock: Clock): MemoryProcesses => {
  const manager = withFrozenSteps(declared);
  const process = processOf({
    ...manager,
    step: (state, input) => {
      const step = manager.step(state, input);
      // A step that returns nothing is reported where its result is used.
      if (typeof (step as unknown) === 'object')
        assertPlainJson(step.state, `the process manager ${manager.name}: the state after ${input._tag}`);
      return step;
    },
  });
  const store = processStoreOf(inMemoryConsumerFile(clock).processes);
  const handled = new Set(manager.handles.map(({ type }) => type));
  store.prepare(process);
  return {
    manager,
    applyEvent: (event) => (handled.has(event.type) ? store.applyEvent(process, event) : []),
    applyOutcome: store.applyOutcome,
    applyDeadline: (due) => store.applyDeadline(process, due),
    deadlines: () => store.deadlinesDue(process, Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    pending: () => store.pending(process),
  };
};

/** The outcome for a command that its aggregate accepts. */
export const acceptedOutcome = (command: ProcessCommand): CommandOutcome => ({ _tag: 'Accepted', command });

/** The outcome for a command that its aggregate rejects. */
export const rejectedOutcome = (command: ProcessCommand, rejectionType: string, message: string): CommandOutcome => ({
  _tag: 'Rejected',
  command,
  rejectionType,
  message,
});

/** The state is stored as JSON: what JSON does not keep would be lost at the next input. */
const assertPlainJson = (value: unknown, where: string, path = ''): void => {
  if (value === null || value === undefined || typeof value === 'string' || typeof value === 'boolean') return;
  if (typeof value === 'number' && Number.isFinite(value)) return;
  if (Array.isArray(value)) {
    value.forEach((part, index) => assertPlainJson(part, where, `${path}[${index}]`));
    return;
  }
  if (typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype) {
    for (const [name, part] of Object.entries(value)) assertPlainJson(part, where, `${path}.${name}`);
    return;
  }
  const kind = typeof value === 'object' ? `a ${value.constructor.name}` : shown(value);
  throw new InvalidDeclaration(
    `${where} has ${kind} at '${path.replace(/^\./, '')}'; it is stored as JSON, so keep plain JSON in it`,
  );
};
