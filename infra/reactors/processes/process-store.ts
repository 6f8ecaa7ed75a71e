/** The storage of processes: the state of every instance, the issued commands, and pending commands and deadlines. */
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

/** A command whose outcome is not known yet. */
export interface PendingCommand {
  /** Increases in the order of issue, which within one instance is also the order of sending. */
  readonly seq: number;
  readonly process: Process;
  readonly instance: string;
  readonly command: ProcessCommand;
  readonly attempts: number;
  /** The W3C trace context that it follows from; null where there is none. */
  readonly traceparent: string | null;
  /** Not to be sent before this time, in milliseconds since 1970; 0 where there is no such time. */
  readonly notBeforeMs: number;
}

/** The number of pending commands of a process, and of its suspended commands and deadlines. */
export interface PendingCounts {
  readonly waiting: number;
  readonly parked: number;
  readonly firstParked: { readonly id: string; readonly reason: string } | undefined;
}

/** A deadline that has passed and is not applied to its process yet. */
export interface DueDeadline {
  readonly instance: string;
  readonly deadline: ProcessDeadline;
  /** The W3C trace context in which it was set; null where there was none. */
  readonly traceparent: string | null;
}

/** The rows of processes; plain values. Calls that write belong inside the caller's transaction. */
export interface ProcessRows {
  /** The version of the process manager that has written the rows; undefined where there are none. */
  readonly version: (process: string) => number | undefined;
  /** Deletes all rows of a process, and stores its new version. */
  readonly begin: (process: string, version: number) => void;
  readonly state: (process: string, instance: string) => string | undefined;
  readonly writeState: (process: string, instance: string, state: string) => void;
  /** Stores a deadline unless it is stored already. */
  readonly addDeadline: (process: string, deadline: DeadlineRow) => void;
  /** Oldest first; none of an instance with a parked event, and no suspended ones. */
  readonly deadlinesDue: (process: string, nowMs: number, limit: number) => ReadonlyArray<DeadlineRow>;
  /** Marks a deadline as passed; returns whether it was still pending. */
  readonly passDeadline: (process: string, id: string) => boolean;
  readonly suspendDeadline: (process: string, id: string, reason: string) => void;
  /** Stores a command and returns its number; undefined where the process has issued a command with this id before. */
  readonly issue: (
    process: string,
    instance: string,
    command: ProcessCommand,
    traceparent: string | null,
  ) => number | undefined;
  readonly remove: (seq: number) => void;
  readonly noteAttempt: (seq: number, nextAttemptAtMs: number, reason: string) => void;
  readonly postpone: (seq: number, notBeforeMs: number, reason: string) => void;
  readonly suspend: (seq: number, reason: string) => void;
  /** Resumes all suspended commands and deadlines; returns their number. */
  readonly resumeAll: () => number;
  /** In the order of issue; of all instances, or of one. */
  readonly pending: (process: string, instance?: string) => ReadonlyArray<Omit<PendingCommand, 'process'>>;
}

export interface DeadlineRow {
  readonly id: string;
  readonly instance: string;
  readonly dueAtMs: number;
  readonly traceparent: string | null;
}

/** All calls belong inside the caller's transaction. */
export interface ProcessStore {
  /**
   * Prepares a process for running. Where its version has changed, all its rows are deleted, and `true` tells the caller to remove
   * its checkpoints too. In the replay its commands get the same ids, for which the API returns the same responses.
   */
  readonly prepare: (process: Process) => boolean;
  /** Applies an event; returns the commands that the process issues. They follow from the given trace context, or from the event's. */
  readonly applyEvent: (process: Process, event: RecordedEvent, traceparent?: string) => ReadonlyArray<PendingCommand>;
  /** Removes a command and applies its outcome; returns the commands that the process issues. */
  readonly applyOutcome: (pending: PendingCommand, outcome: CommandOutcome) => ReadonlyArray<PendingCommand>;
  /** Deadlines of a process that have passed at a time, oldest first. */
  readonly deadlinesDue: (process: Process, nowMs: number, limit: number) => ReadonlyArray<DueDeadline>;
  /** Applies a passed deadline; returns the commands that the process issues. */
  readonly applyDeadline: (process: Process, due: DueDeadline) => ReadonlyArray<PendingCommand>;
  /** Suspends a deadline whose process threw. */
  readonly suspendDeadline: (process: Process, due: DueDeadline, reason: string) => void;
  /** Records an attempt that has failed. */
  readonly noteAttempt: (
    pending: PendingCommand,
    attempt: { readonly nextAttemptAtMs: number; readonly reason: string },
  ) => void;
  /** Records that a command is not to be sent before a time. */
  readonly postpone: (pending: PendingCommand, notBeforeMs: number, reason: string) => void;
  /** Suspends a command that no retry can help. */
  readonly suspend: (pending: PendingCommand, reason: string) => void;
  /** Resumes suspended commands and deadlines; returns their number. */
  readonly resumeAll: () => number;
  /** All pending commands in the order of issue; of all instances, or of one. */
  readonly pending: (process: Process, instance?: string) => ReadonlyArray<PendingCommand>;
}

/** Makes the process store on the rows of a file. */
export const processStoreOf = (rows: ProcessRows): ProcessStore => {
  /** What follows from an input follows from its trace context, even if it is sent or due much later. */
  const apply = (
    process: Process,
    instance: string,
    input: ProcessInput,
    traceparent: string | null,
  ): ReadonlyArray<PendingCommand> => {
    const before = rows.state(process.name, instance);
    const step = process.step(before, input);
    if (step.state !== undefined && step.state !== before) rows.writeState(process.name, instance, step.state);
    for (const { id, dueAt } of step.deadlines) {
      const dueAtMs = timeMsOf(dueAt);
      if (dueAtMs === undefined)
        throw new Error(`${process.name} sets the deadline ${id} to '${dueAt}', which is not a ${TIME_WITH_ZONE}`);
      rows.addDeadline(process.name, { id, instance, dueAtMs, traceparent });
    }
    return step.commands.flatMap((command) => {
      const seq = rows.issue(process.name, instance, command, traceparent);
      return seq === undefined ? [] : { seq, process, instance, command, attempts: 0, traceparent, notBeforeMs: 0 };
    });
  };

  return {
    prepare: ({ name, version }) => {
      const known = rows.version(name);
      if (known === version) return false;
      rows.begin(name, version);
      return known !== undefined;
    },
    applyEvent: (process, event, traceparent = event.traceparent) => {
      const instance = process.instanceOf(event);
      return instance === undefined ? [] : apply(process, instance, { _tag: 'Event', event }, traceparent ?? null);
    },
    applyOutcome: ({ seq, process, instance, traceparent }, outcome) => {
      rows.remove(seq);
      return apply(process, instance, { _tag: 'Outcome', outcome }, traceparent);
    },
    deadlinesDue: (process, nowMs, limit) =>
      rows.deadlinesDue(process.name, nowMs, limit).map(({ id, instance, dueAtMs, traceparent }) => ({
        instance,
        traceparent,
        deadline: { id, dueAt: isoTime(dueAtMs) },
      })),
    applyDeadline: (process, { instance, deadline, traceparent }) =>
      rows.passDeadline(process.name, deadline.id)
        ? apply(process, instance, { _tag: 'DeadlinePassed', deadline }, traceparent)
        : [],
    noteAttempt: ({ seq }, { nextAttemptAtMs, reason }) => rows.noteAttempt(seq, nextAttemptAtMs, reason),
    postpone: ({ seq }, notBeforeMs, reason) => rows.postpone(seq, notBeforeMs, reason),
    suspend: ({ seq }, reason) => rows.suspend(seq, reason),
    suspendDeadline: (process, { deadline }, reason) => rows.suspendDeadline(process.name, deadline.id, reason),
    resumeAll: rows.resumeAll,
    pending: (process, instance) => rows.pending(process.name, instance).map((row) => ({ ...row, process })),
  };
};
