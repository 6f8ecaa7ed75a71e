/** States, commands and deadlines of processes, as rows. */
import type { ProcessCommand } from '../../../domain/kernel/process-manager';
import type { DeadlineRow, PendingCounts, ProcessRows } from '../../reactors/processes/processes';
import type { Database } from '../database';

interface PendingRow {
  readonly seq: number;
  readonly instance: string;
  readonly command: string;
  readonly attempts: number;
  readonly traceparent: string | null;
  readonly notBeforeMs: number;
}

/** Prepares the statements on the reactors' file. */
export const processRows = (database: Database): ProcessRows => {
  const statements = prepareStatements(database);
  return {
    version: (process) => statements.readVersion.get(process)?.version,
    begin: (process, version) => {
      for (const discard of statements.discard) discard.run(process);
      statements.writeVersion.run(process, version);
    },
    state: (process, instance) => statements.readState.get(process, instance)?.state,
    writeState: (process, instance, state) => void statements.writeState.run(process, instance, state),
    addDeadline: (process, { id, instance, dueAtMs, traceparent }) =>
      void statements.addDeadline.run(process, id, instance, dueAtMs, traceparent),
    deadlinesDue: (process, nowMs, limit) => statements.deadlinesDue.all(process, nowMs, limit),
    passDeadline: (process, id) => statements.passDeadline.run(process, id).changes > 0,
    suspendDeadline: (process, id, reason) => void statements.suspendDeadline.run(reason, process, id),
    issue: (process, instance, command, traceparent) => {
      if (statements.issue.run(process, command.id).changes === 0) return undefined;
      const { lastInsertRowid } = statements.insert.run(
        process,
        instance,
        command.id,
        JSON.stringify(command),
        traceparent,
      );
      return Number(lastInsertRowid);
    },
    remove: (seq) => void statements.remove.run(seq),
    noteAttempt: (seq, nextAttemptAtMs, reason) => void statements.noteAttempt.run(nextAttemptAtMs, reason, seq),
    postpone: (seq, notBeforeMs, reason) => void statements.postpone.run(notBeforeMs, reason, seq),
    suspend: (seq, reason) => void statements.suspend.run(reason, seq),
    resumeAll: () => statements.resumeCommands.run().changes + statements.resumeDeadlines.run().changes,
    pending: (process, instance) =>
      statements.pending.all(process, instance ?? null).map(({ command, ...row }) => ({
        ...row,
        // Written by `issue` above.
        command: JSON.parse(command) as ProcessCommand,
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
  addDeadline: database.prepare<[string, string, string, number, string | null]>(
    `INSERT INTO deadlines (process, id, instance, due_at_ms, state, traceparent) VALUES (?, ?, ?, ?, 'waiting', ?)
       ON CONFLICT DO NOTHING`,
  ),
  deadlinesDue: database.prepare<[string, number, number], DeadlineRow>(
    // A process instance with parked events must not decide yet; '*' stands for an unknown instance.
    `SELECT id, instance, due_at_ms AS dueAtMs, traceparent FROM deadlines
      WHERE process = ? AND state = 'waiting' AND due_at_ms <= ? AND fault IS NULL
        AND NOT EXISTS (SELECT 1 FROM stale_rows WHERE consumer = process AND row_key IN ('*', instance))
      ORDER BY due_at_ms LIMIT ?`,
  ),
  passDeadline: database.prepare<[string, string]>(
    `UPDATE deadlines SET state = 'passed' WHERE process = ? AND id = ? AND state = 'waiting'`,
  ),
  suspendDeadline: database.prepare<[string, string, string]>(
    'UPDATE deadlines SET fault = ? WHERE process = ? AND id = ?',
  ),
  resumeDeadlines: database.prepare<[]>('UPDATE deadlines SET fault = NULL WHERE fault IS NOT NULL'),
  issue: database.prepare<[string, string]>('INSERT INTO issued_commands VALUES (?, ?) ON CONFLICT DO NOTHING'),
  insert: database.prepare<[string, string, string, string, string | null]>(
    `INSERT INTO pending_commands (process, instance, id, command, state, attempts, next_attempt_at_ms, traceparent)
     VALUES (?, ?, ?, ?, 'waiting', 0, 0, ?)`,
  ),
  remove: database.prepare<[number]>('DELETE FROM pending_commands WHERE seq = ?'),
  noteAttempt: database.prepare<[number, string, number]>(
    'UPDATE pending_commands SET attempts = attempts + 1, next_attempt_at_ms = ?, reason = ? WHERE seq = ?',
  ),
  postpone: database.prepare<[number, string, number]>(
    'UPDATE pending_commands SET not_before_ms = ?, reason = ? WHERE seq = ?',
  ),
  suspend: database.prepare<[string, number]>(
    `UPDATE pending_commands SET state = 'parked', attempts = attempts + 1, reason = ? WHERE seq = ?`,
  ),
  resumeCommands: database.prepare<[]>(`UPDATE pending_commands SET state = 'waiting' WHERE state = 'parked'`),
  pending: database.prepare<[string, string | null], PendingRow>(
    `SELECT seq, instance, command, attempts, traceparent, not_before_ms AS notBeforeMs FROM pending_commands
      WHERE process = ? AND instance = coalesce(?, instance) ORDER BY seq`,
  ),
});

/** Counts pending commands and what is suspended; works on a read-only connection too. */
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

/** Counts commands with at least `minAttempts` failed attempts, with the reason of the oldest; works on a read-only connection too. */
export const repeatedCommands = (
  database: Database,
  process: string,
  minAttempts: number,
): { readonly repeats: number; readonly reason: string | undefined } => {
  const found = database
    .prepare<[string, number], string>(
      `SELECT coalesce(reason, '') FROM pending_commands
        WHERE process = ? AND state = 'waiting' AND attempts >= ? AND reason IS NOT NULL ORDER BY seq`,
    )
    .pluck()
    .all(process, minAttempts);
  return { repeats: found.length, reason: found[0] };
};
