/** What the reactors remember: the state of every process instance, what was asked for, and what is still to be done. */
import type {
  CommandOutcome,
  ProcessCommand,
  ProcessDeadline,
  ProcessInput,
} from '../../domain/kernel/process-manager';
import type { RecordedEvent } from '../../domain/kernel/recorded-event';
import { TIME_WITH_ZONE, timeMsOf } from '../../domain/kernel/time-text';
import { isoTime } from '../clock';
import type { Database } from '../sqlite/database';
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

interface PendingRow {
  readonly seq: number;
  readonly instance: string;
  readonly command: string;
  readonly attempts: number;
}

/** Prepares the statements on the reactors' file. */
export const processStore = (database: Database): ProcessStore => {
  const statements = prepareStatements(database);

  const issue = (process: Process, instance: string, command: ProcessCommand): PendingCommand | undefined => {
    if (statements.issue.run(process.name, command.id).changes === 0) return undefined;
    const { lastInsertRowid } = statements.insert.run(process.name, instance, command.id, JSON.stringify(command));
    return { seq: Number(lastInsertRowid), process, instance, command, attempts: 0 };
  };

  const learn = (process: Process, instance: string, input: ProcessInput): ReadonlyArray<PendingCommand> => {
    const before = statements.readState.get(process.name, instance)?.state;
    const step = process.step(before, input);
    if (step.state !== before) statements.writeState.run(process.name, instance, step.state);
    for (const { id, dueAt } of step.deadlines) {
      const dueAtMs = timeMsOf(dueAt);
      if (dueAtMs === undefined)
        throw new Error(`${process.name} asks for the deadline ${id} at '${dueAt}'; it takes a ${TIME_WITH_ZONE}`);
      statements.addDeadline.run(process.name, id, instance, dueAtMs);
    }
    return step.commands.flatMap((command) => issue(process, instance, command) ?? []);
  };

  return {
    prepare: (process) => {
      const known = statements.readVersion.get(process.name)?.version;
      if (known === process.version) return false;
      for (const discard of statements.discard) discard.run(process.name);
      statements.writeVersion.run(process.name, process.version);
      return known !== undefined;
    },
    learnEvent: (process, event) => {
      const instance = process.instanceOf(event);
      return instance === undefined ? [] : learn(process, instance, { _tag: 'Event', event });
    },
    learnOutcome: ({ seq, process, instance }, outcome) => {
      statements.remove.run(seq);
      return learn(process, instance, { _tag: 'Outcome', outcome });
    },
    deadlinesDue: (process, nowMs, limit) =>
      statements.deadlinesDue.all(process.name, nowMs, limit).map(({ id, instance, dueAtMs }) => ({
        instance,
        deadline: { id, dueAt: isoTime(dueAtMs) },
      })),
    learnDeadline: (process, { instance, deadline }) => {
      if (statements.passDeadline.run(process.name, deadline.id).changes === 0) return [];
      return learn(process, instance, { _tag: 'DeadlinePassed', deadline });
    },
    noteAttempt: ({ seq }, { nextAttemptAtMs, reason }) =>
      void statements.noteAttempt.run(nextAttemptAtMs, reason, seq),
    park: ({ seq }, reason) => void statements.park.run(reason, seq),
    parkDeadline: (process, { deadline }, reason) =>
      void statements.parkDeadline.run(reason, process.name, deadline.id),
    unparkAll: () => statements.unparkAll.run().changes + statements.unparkDeadlines.run().changes,
    pending: (process, instance) =>
      statements.pending.all(process.name, instance ?? null).map((row) => ({
        seq: row.seq,
        process,
        instance: row.instance,
        // Written by `issue` above.
        command: JSON.parse(row.command) as ProcessCommand,
        attempts: row.attempts,
      })),
  };
};

const prepareStatements = (database: Database) => ({
  readVersion: database.prepare<[string], { version: number }>('SELECT version FROM processes WHERE process = ?'),
  writeVersion: database.prepare<[string, number]>(
    'INSERT INTO processes VALUES (?, ?) ON CONFLICT DO UPDATE SET version = excluded.version',
  ),
  discard: ['process_instances', 'issued_commands', 'pending_commands', 'deadlines'].map((table) =>
    database.prepare<[string]>(`DELETE FROM ${table} WHERE process = ?`),
  ),
  readState: database.prepare<[string, string], { state: string }>(
    'SELECT state FROM process_instances WHERE process = ? AND instance = ?',
  ),
  writeState: database.prepare<[string, string, string]>(
    'INSERT INTO process_instances VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET state = excluded.state',
  ),
  addDeadline: database.prepare<[string, string, string, number]>(
    `INSERT INTO deadlines (process, id, instance, due_at_ms, state) VALUES (?, ?, ?, ?, 'waiting') ON CONFLICT DO NOTHING`,
  ),
  deadlinesDue: database.prepare<
    [string, number, number],
    { readonly id: string; readonly instance: string; readonly dueAtMs: number }
  >(
    // A process instance that lacks events must not decide yet; '*' lacks some of an instance that can't be told.
    `SELECT id, instance, due_at_ms AS dueAtMs FROM deadlines
      WHERE process = ? AND state = 'waiting' AND due_at_ms <= ? AND fault IS NULL
        AND NOT EXISTS (SELECT 1 FROM stale_rows WHERE consumer = process AND row_key IN ('*', instance))
      ORDER BY due_at_ms LIMIT ?`,
  ),
  passDeadline: database.prepare<[string, string]>(
    `UPDATE deadlines SET state = 'passed' WHERE process = ? AND id = ? AND state = 'waiting'`,
  ),
  parkDeadline: database.prepare<[string, string, string]>(
    'UPDATE deadlines SET fault = ? WHERE process = ? AND id = ?',
  ),
  unparkDeadlines: database.prepare<[]>('UPDATE deadlines SET fault = NULL WHERE fault IS NOT NULL'),
  issue: database.prepare<[string, string]>('INSERT INTO issued_commands VALUES (?, ?) ON CONFLICT DO NOTHING'),
  insert: database.prepare<[string, string, string, string]>(
    `INSERT INTO pending_commands (process, instance, id, command, state, attempts, next_attempt_at_ms)
     VALUES (?, ?, ?, ?, 'waiting', 0, 0)`,
  ),
  remove: database.prepare<[number]>('DELETE FROM pending_commands WHERE seq = ?'),
  noteAttempt: database.prepare<[number, string, number]>(
    'UPDATE pending_commands SET attempts = attempts + 1, next_attempt_at_ms = ?, reason = ? WHERE seq = ?',
  ),
  park: database.prepare<[string, number]>(
    `UPDATE pending_commands SET state = 'parked', attempts = attempts + 1, reason = ? WHERE seq = ?`,
  ),
  unparkAll: database.prepare<[]>(`UPDATE pending_commands SET state = 'waiting' WHERE state = 'parked'`),
  pending: database.prepare<[string, string | null], PendingRow>(
    `SELECT seq, instance, command, attempts FROM pending_commands
      WHERE process = ? AND instance = coalesce(?, instance) ORDER BY seq`,
  ),
});

/** Counts what waits; works on a read-only connection too. */
export const pendingCounts = (database: Database, process: string): PendingCounts => {
  const waiting = database
    .prepare<[string], number>(`SELECT count(*) FROM pending_commands WHERE process = ? AND state = 'waiting'`)
    .pluck();
  const parked = database.prepare<[string, string], { readonly id: string; readonly reason: string }>(
    `SELECT id, reason FROM (
       SELECT 0 AS kind, seq AS place, id, coalesce(reason, '') AS reason FROM pending_commands
        WHERE process = ? AND state = 'parked'
       UNION ALL SELECT 1, due_at_ms, id, fault FROM deadlines WHERE process = ? AND fault IS NOT NULL
     ) ORDER BY kind, place`,
  );
  const found = parked.all(process, process);
  return { waiting: waiting.get(process) ?? 0, parked: found.length, firstParked: found[0] };
};

/** Commands that have been sent in vain so often, with what stands against the oldest; works on a read-only connection too. */
export const repeatedCommands = (
  database: Database,
  process: string,
  fewAttempts: number,
): { readonly repeats: number; readonly reason: string | undefined } => {
  const found = database
    .prepare<[string, number], string>(
      `SELECT coalesce(reason, '') FROM pending_commands
        WHERE process = ? AND state = 'waiting' AND attempts >= ? AND reason IS NOT NULL ORDER BY seq`,
    )
    .pluck()
    .all(process, fewAttempts);
  return { repeats: found.length, reason: found[0] };
};
