/** What the reactors remember: the state of every process instance, what was asked for, and what is still to be done. */
import type {
  CommandOutcome,
  ProcessCommand,
  ProcessDeadline,
  ProcessInput,
} from '../../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../../domain/kernel/recorded-event';
import { TIME_WITH_ZONE, timeMsOf } from '../../../domain/kernel/time-text';
import { isoTime } from '../../clock';
import type { Process } from './process';

/** A command that waits for its outcome. */
export interface PendingCommand {
  /** The order of asking; within one instance also the order of sending. */
  readonly seq: number;
  readonly process: Process;
  readonly instance: string;
  readonly command: ProcessCommand;
  readonly attempts: number;
}

/** How many commands of a process wait, and what stands still: commands and deadlines that were set aside. */
export interface PendingCounts {
  readonly waiting: number;
  readonly parked: number;
  readonly firstParked: { readonly id: string; readonly reason: string } | undefined;
}

/** A deadline that has passed and that its process has not learned of. */
export interface DueDeadline {
  readonly instance: string;
  readonly deadline: ProcessDeadline;
}

/** What a file keeps of processes; texts and numbers. Calls that write belong inside the caller's transaction. */
export interface ProcessRows {
  /** The version that has made what is kept; undefined where nothing is. */
  readonly version: (process: string) => number | undefined;
  /** Discards all that is kept of a process, and notes the version that begins. */
  readonly begin: (process: string, version: number) => void;
  readonly state: (process: string, instance: string) => string | undefined;
  readonly writeState: (process: string, instance: string, state: string) => void;
  /** Keeps a deadline that is not known yet. */
  readonly addDeadline: (process: string, deadline: DeadlineRow) => void;
  /** Oldest first; none of an instance that lacks an event, and none that was set aside. */
  readonly deadlinesDue: (process: string, nowMs: number, limit: number) => ReadonlyArray<DeadlineRow>;
  /** Whether it still waited. */
  readonly passDeadline: (process: string, id: string) => boolean;
  readonly parkDeadline: (process: string, id: string, reason: string) => void;
  /** Keeps a command whose id the process has never asked for, and returns its number; undefined where it has. */
  readonly issue: (process: string, instance: string, command: ProcessCommand) => number | undefined;
  readonly remove: (seq: number) => void;
  readonly noteAttempt: (seq: number, nextAttemptAtMs: number, reason: string) => void;
  readonly park: (seq: number, reason: string) => void;
  /** Of commands and deadlines; returns how many there were. */
  readonly unparkAll: () => number;
  /** In the order of asking: of all instances, or of one. */
  readonly pending: (process: string, instance?: string) => ReadonlyArray<Omit<PendingCommand, 'process'>>;
}

export interface DeadlineRow {
  readonly id: string;
  readonly instance: string;
  readonly dueAtMs: number;
}

/** All calls belong inside the caller's transaction. */
export interface ProcessStore {
  /**
   * Makes a process ready to run. One whose version changed starts again from nothing: `true` asks the caller to discard
   * its checkpoints too. Its commands get the same ids in the replay, and the API answers those as it did before.
   */
  readonly prepare: (process: Process) => boolean;
  /** Lets the process learn an event; returns the commands that it newly asks for. */
  readonly learnEvent: (process: Process, event: RecordedEvent) => ReadonlyArray<PendingCommand>;
  /** Lets the process learn what became of its command, which then no longer waits; returns what it newly asks for. */
  readonly learnOutcome: (pending: PendingCommand, outcome: CommandOutcome) => ReadonlyArray<PendingCommand>;
  /** Deadlines of a process that have passed at a time, oldest first. */
  readonly deadlinesDue: (process: Process, nowMs: number, limit: number) => ReadonlyArray<DueDeadline>;
  /** Lets the process learn that its deadline has passed; returns the commands that it newly asks for. */
  readonly learnDeadline: (process: Process, due: DueDeadline) => ReadonlyArray<PendingCommand>;
  /** Sets a deadline aside whose process threw, for an operator to see. */
  readonly parkDeadline: (process: Process, due: DueDeadline, reason: string) => void;
  /** Notes an attempt that has to be repeated. */
  readonly noteAttempt: (
    pending: PendingCommand,
    attempt: { readonly nextAttemptAtMs: number; readonly reason: string },
  ) => void;
  /** Sets a command aside that no repeat can help, for an operator to see. */
  readonly park: (pending: PendingCommand, reason: string) => void;
  /** Takes parked commands and deadlines up again: whoever restarts the program may have put right what was wrong. */
  readonly unparkAll: () => number;
  /** Everything that waits, in the order of asking: of all instances, or of one. */
  readonly pending: (process: Process, instance?: string) => ReadonlyArray<PendingCommand>;
}

/** What processes learn and ask for, on what a file keeps of them. */
export const processStore = (rows: ProcessRows): ProcessStore => {
  const issue = (process: Process, instance: string, command: ProcessCommand): PendingCommand | undefined => {
    const seq = rows.issue(process.name, instance, command);
    return seq === undefined ? undefined : { seq, process, instance, command, attempts: 0 };
  };

  const learn = (process: Process, instance: string, input: ProcessInput): ReadonlyArray<PendingCommand> => {
    const before = rows.state(process.name, instance);
    const step = process.step(before, input);
    if (step.state !== before) rows.writeState(process.name, instance, step.state);
    for (const { id, dueAt } of step.deadlines) {
      const dueAtMs = timeMsOf(dueAt);
      if (dueAtMs === undefined)
        throw new Error(`${process.name} asks for the deadline ${id} at '${dueAt}'; it takes a ${TIME_WITH_ZONE}`);
      rows.addDeadline(process.name, { id, instance, dueAtMs });
    }
    return step.commands.flatMap((command) => issue(process, instance, command) ?? []);
  };

  return {
    prepare: ({ name, version }) => {
      const known = rows.version(name);
      if (known === version) return false;
      rows.begin(name, version);
      return known !== undefined;
    },
    learnEvent: (process, event) => {
      const instance = process.instanceOf(event);
      return instance === undefined ? [] : learn(process, instance, { _tag: 'Event', event });
    },
    learnOutcome: ({ seq, process, instance }, outcome) => {
      rows.remove(seq);
      return learn(process, instance, { _tag: 'Outcome', outcome });
    },
    deadlinesDue: (process, nowMs, limit) =>
      rows.deadlinesDue(process.name, nowMs, limit).map(({ id, instance, dueAtMs }) => ({
        instance,
        deadline: { id, dueAt: isoTime(dueAtMs) },
      })),
    learnDeadline: (process, { instance, deadline }) =>
      rows.passDeadline(process.name, deadline.id)
        ? learn(process, instance, { _tag: 'DeadlinePassed', deadline })
        : [],
    noteAttempt: ({ seq }, { nextAttemptAtMs, reason }) => rows.noteAttempt(seq, nextAttemptAtMs, reason),
    park: ({ seq }, reason) => rows.park(seq, reason),
    parkDeadline: (process, { deadline }, reason) => rows.parkDeadline(process.name, deadline.id, reason),
    unparkAll: rows.unparkAll,
    pending: (process, instance) => rows.pending(process.name, instance).map((row) => ({ ...row, process })),
  };
};
