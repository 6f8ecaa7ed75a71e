/** Suspended commands and deadlines, as rows with an audit. */
import { isoTime, type Clock } from '../../clock';
import { RequestRefused } from '../../commands/operation-requests';
import type { AuditContext } from '../../dead-letters/store/store';
import type {
  SetAside,
  SetAsideAudit,
  SetAsideEntry,
  SetAsideFilter,
  SetAsideRow,
  SetAsideStatus,
} from '../../reactors/processes/processes';
import type { Database, Migration } from '../database';

/** A step of the reactors' schema. */
export const setAsideMigration: Migration = {
  name: 'set aside',
  sql: `CREATE TABLE set_aside (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          process TEXT NOT NULL,
          kind TEXT NOT NULL CHECK (kind IN ('command', 'deadline')),
          -- The id of the command or the deadline.
          subject TEXT NOT NULL,
          instance TEXT NOT NULL,
          reason TEXT NOT NULL,
          status TEXT NOT NULL CHECK (status IN ('open', 'released', 'discarded')),
          set_aside_at_ms INTEGER NOT NULL,
          UNIQUE (process, kind, subject)
        ) STRICT;
        CREATE TABLE set_aside_audit (
          set_aside_id INTEGER NOT NULL,
          action TEXT NOT NULL,
          actor TEXT NOT NULL,
          detail TEXT NOT NULL,
          request_id INTEGER,
          at_ms INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX set_aside_audit_by_id ON set_aside_audit (set_aside_id);`,
};

const ENGINE: AuditContext = { actor: 'tidemark', requestId: null };
const COLUMNS = 'id, process, kind, subject, instance, reason, status';

/** Prepares the statements on the reactors' file. */
export const setAsideOf = (database: Database, clock: Clock): SetAside => {
  const insert = database.prepare<[string, string, string, string, string, number]>(
    `INSERT INTO set_aside (process, kind, subject, instance, reason, status, set_aside_at_ms)
       VALUES (?, ?, ?, ?, ?, 'open', ?)
       ON CONFLICT DO UPDATE SET reason = excluded.reason, status = 'open', set_aside_at_ms = excluded.set_aside_at_ms
       RETURNING id`,
  );
  const find = database.prepare<[number, string], SetAsideRow>(
    `SELECT ${COLUMNS} FROM set_aside WHERE id = ? AND process = ?`,
  );
  const open = database.prepare<[], SetAsideRow>(`SELECT ${COLUMNS} FROM set_aside WHERE status = 'open'`);
  const setStatus = database.prepare<[SetAsideStatus, number]>('UPDATE set_aside SET status = ? WHERE id = ?');
  const audit = database.prepare<[number, string, string, string, number | null, number]>(
    'INSERT INTO set_aside_audit VALUES (?, ?, ?, ?, ?, ?)',
  );
  const resumeCommand = database.prepare<[string, string]>(
    `UPDATE pending_commands SET state = 'waiting', attempts = 0, reason = NULL WHERE process = ? AND id = ?`,
  );
  const resume = {
    command: resumeCommand,
    effect: resumeCommand,
    deadline: database.prepare<[string, string]>('UPDATE deadlines SET fault = NULL WHERE process = ? AND id = ?'),
  };
  const dropCommand = database.prepare<[string, string]>('DELETE FROM pending_commands WHERE process = ? AND id = ?');
  const drop = {
    command: dropCommand,
    effect: dropCommand,
    deadline: database.prepare<[string, string]>(
      `UPDATE deadlines SET fault = NULL, state = 'passed' WHERE process = ? AND id = ?`,
    ),
  };
  const end = (row: SetAsideRow, status: SetAsideStatus, detail: string, { actor, requestId }: AuditContext): void => {
    setStatus.run(status, row.id);
    audit.run(row.id, status, actor, detail, requestId, clock.nowMs());
  };
  const openOne = (process: string, id: number): SetAsideRow => {
    const row = find.get(id, process);
    if (row === undefined) throw new RequestRefused(`${process} has no suspended command or deadline ${id}`);
    if (row.status !== 'open') throw new RequestRefused(`${process}:${id} is ${row.status} already`);
    return row;
  };
  return {
    note: ({ process, kind, subject, instance, reason }) => {
      const row = insert.get(process, kind, subject, instance, reason, clock.nowMs()) as { readonly id: number };
      audit.run(row.id, 'set aside', ENGINE.actor, reason, null, clock.nowMs());
    },
    release: (process, id, context) => {
      const row = openOne(process, id);
      resume[row.kind].run(process, row.subject);
      end(row, 'released', 'resumed', context);
      return row;
    },
    discard: (process, id, reason, context) => {
      const row = openOne(process, id);
      drop[row.kind].run(process, row.subject);
      end(row, 'discarded', reason, context);
      return row;
    },
    closeAll: (detail) => {
      for (const row of open.all()) end(row, 'released', detail, ENGINE);
    },
  };
};

/** Reads suspended commands and deadlines, newest first; works on a read-only connection too. */
export const readSetAside = (
  database: Database,
  {
    group = null,
    status = null,
    number = null,
  }: { readonly [Name in keyof SetAsideFilter]?: SetAsideFilter[Name] | null },
  limit: number,
): ReadonlyArray<SetAsideEntry> => {
  const audit = database.prepare<[number], Omit<SetAsideAudit, 'at'> & { readonly atMs: number }>(
    `SELECT action, actor, detail, request_id AS requestId, at_ms AS atMs FROM set_aside_audit
      WHERE set_aside_id = ? ORDER BY rowid`,
  );
  return database
    .prepare<[object], SetAsideRow & { readonly atMs: number }>(
      `SELECT ${COLUMNS}, set_aside_at_ms AS atMs FROM set_aside
        WHERE process = coalesce(:group, process) AND status = coalesce(:status, status) AND id = coalesce(:number, id)
        ORDER BY id DESC LIMIT :limit`,
    )
    .all({ group, status, number, limit })
    .map(({ id, process, atMs, ...row }) => ({
      ...row,
      id: `${process}:${id}`,
      group: process,
      setAsideAt: isoTime(atMs),
      audit: audit.all(id).map(({ atMs: auditedAtMs, ...entry }) => ({ ...entry, at: isoTime(auditedAtMs) })),
    }));
};
