/** Tests of a process manager as sentences: given these events, when something happens or time passes, then these commands. */
import type { AnyProcessManager, CommandOutcome, ProcessCommand } from '../../domain/kernel/process-manager';
import type { PendingCommand } from '../../infra/reactors/processes/processes';
import { assertEqual, fail, shown } from './assertion';
import { historyRecorder, type Given } from './history';
import { acceptedOutcome, memoryProcesses, rejectedOutcome, type MemoryProcesses } from './processes';
import { manualClock, type ManualClock } from './test-clock';

/** A command as a test expects it: what it leaves out is not compared. */
export type ExpectedCommand = Pick<ProcessCommand, 'type'> & Partial<ProcessCommand>;

/**
 * A process manager after some steps, of which the last one is checked. Every step makes a new value, so that tests may share a
 * beginning.
 */
export interface CheckedProcess {
  /** Events come, recorded at the present time of the test's clock. */
  readonly when: (...events: ReadonlyArray<Given>) => ProcessTest;
  /** Time passes, in milliseconds; every deadline that is due by then passes at its own time. */
  readonly whenTimePasses: (durationMs: number) => ProcessTest;
  /** The oldest pending command of this kind is accepted by its aggregate. */
  readonly whenAccepted: (command: ExpectedCommand) => ProcessTest;
  /** The oldest pending command of this kind is rejected by its aggregate. */
  readonly whenRejected: (command: ExpectedCommand, reason: string, message?: string) => ProcessTest;
  /** The last step issues no command. Throws AssertionError otherwise. */
  readonly thenNothing: () => CheckedProcess;
  /** The deadlines that have not passed yet fall at these times (ISO 8601, UTC), the next one first. */
  readonly thenDeadlines: (...dueAt: ReadonlyArray<string>) => CheckedProcess;
  /** The commands that the last step issues, to look at. */
  readonly commands: () => ReadonlyArray<ProcessCommand>;
}

/** A process manager after a step that is yet to be checked. */
export interface ProcessTest extends CheckedProcess {
  /**
   * The last step issues exactly these commands, in this order. Throws AssertionError otherwise. What it returns has no `then`:
   * whatever has one is taken for a promise where a test returns it.
   */
  readonly then: (...commands: ReadonlyArray<ExpectedCommand>) => CheckedProcess;
}

/**
 * Tests a process manager; its step function gets frozen inputs, and its state has to be plain JSON. The test's clock begins at
 * 2026-01-05T08:00:00.000Z.
 *
 * Throws InvalidDeclaration for events that the process manager does not handle, or that do not keep their contracts.
 *
 * @example
 * ```ts
 * testProcessManager(reminders)
 *   .given(inStream('loan-l1', lent))
 *   .whenTimePasses(5_000)
 *   .then({ category: 'loan', aggregateId: 'l1', type: 'remind' });
 * ```
 */
export const testProcessManager = (
  manager: AnyProcessManager,
): { readonly given: (...history: ReadonlyArray<Given>) => ProcessTest } => ({
  given: (...history) => processTest(manager, [({ events }) => events(history)]),
});

/** The process manager in the middle of a test. */
interface Running {
  readonly processes: MemoryProcesses;
  readonly clock: ManualClock;
  readonly events: (given: ReadonlyArray<Given>) => ReadonlyArray<PendingCommand>;
}

/** Returns the commands that it issues. */
type Step = (running: Running) => ReadonlyArray<PendingCommand>;

const begin = (manager: AnyProcessManager): Running => {
  const clock = manualClock();
  const processes = memoryProcesses(manager, clock);
  const { handles: definitions, name } = manager;
  const record = historyRecorder({ definitions, owner: `the process manager ${name}`, nowMs: clock.nowMs });
  return { processes, clock, events: (given) => record(given).flatMap(processes.applyEvent) };
};

const processTest = (manager: AnyProcessManager, steps: ReadonlyArray<Step>): ProcessTest => {
  const after = (step: Step): ProcessTest => processTest(manager, [...steps, step]);
  const outcome = (command: ExpectedCommand, outcomeOf: (command: ProcessCommand) => CommandOutcome): ProcessTest =>
    after(({ processes }) => {
      const pending = pendingLike(processes, command);
      return processes.applyOutcome(pending, outcomeOf(pending.command));
    });
  /** The test up to here, run afresh. */
  const run = (): { readonly running: Running; readonly issued: ReadonlyArray<ProcessCommand> } => {
    const running = begin(manager);
    const issued = steps.map((step) => step(running)).at(-1) ?? [];
    return { running, issued: issued.map(({ command }) => command) };
  };
  const assertIssued = (expected: ReadonlyArray<ExpectedCommand>): void => {
    const { issued } = run();
    const actual = issued.map((command, index) => namedIn(expected[index], command));
    assertEqual(actual, expected, `the process manager ${manager.name} issues other commands than expected:`);
  };
  const checked: CheckedProcess = {
    when: (...given) => after(({ events }) => events(given)),
    whenTimePasses: (durationMs) => after((running) => passTime(running, durationMs)),
    whenAccepted: (command) => outcome(command, acceptedOutcome),
    whenRejected: (command, reason, message = '') =>
      outcome(command, (pending) => rejectedOutcome(pending, reason, message)),
    thenNothing: () => {
      assertIssued([]);
      return checked;
    },
    thenDeadlines: (...dueAt) => {
      const deadlines = run()
        .running.processes.deadlines()
        .map(({ deadline }) => deadline.dueAt);
      assertEqual(deadlines, dueAt, `the process manager ${manager.name} has other deadlines than expected:`);
      return checked;
    },
    commands: () => run().issued,
  };
  return {
    ...checked,
    then: (...commands) => {
      assertIssued(commands);
      return checked;
    },
  };
};

/** Each deadline passes when the clock reaches it, as what follows from it may set another one. */
const passTime = ({ processes, clock }: Running, durationMs: number): ReadonlyArray<PendingCommand> => {
  const untilMs = clock.nowMs() + durationMs;
  const issued: PendingCommand[] = [];
  for (;;) {
    const [due] = processes.deadlines();
    const dueAtMs = due === undefined ? Number.POSITIVE_INFINITY : Date.parse(due.deadline.dueAt);
    if (due === undefined || dueAtMs > untilMs) break;
    clock.advance(Math.max(0, dueAtMs - clock.nowMs()));
    issued.push(...processes.applyDeadline(due));
  }
  clock.advance(untilMs - clock.nowMs());
  return issued;
};

const pendingLike = (processes: MemoryProcesses, wanted: ExpectedCommand): PendingCommand => {
  const pending = processes.pending();
  const expected = shown(wanted);
  const found = pending.find(({ command }) => shown(namedIn(wanted, command)) === expected);
  if (found !== undefined) return found;
  const all = pending.map(({ command: { category, aggregateId, type } }) => `${category}-${aggregateId}/${type}`);
  const list = all.length === 0 ? 'none is pending' : `pending are ${all.join(', ')}`;
  return fail(`the process manager ${processes.manager.name} waits for no command like ${expected}: ${list}`);
};

/** The parts of a command that an expectation names; where there is none, the parts that tell it from others. */
const namedIn = (expected: ExpectedCommand | undefined, command: ProcessCommand): ExpectedCommand => {
  const names = Object.keys(expected ?? { category: '', aggregateId: '', type: '', data: null });
  return Object.fromEntries(
    Object.entries(command).filter(([name]) => names.includes(name)),
  ) as unknown as ExpectedCommand;
};
