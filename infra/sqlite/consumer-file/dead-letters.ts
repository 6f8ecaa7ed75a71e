/** Dead letters as rows: the changes by operators, redrives and rebuilds. */
import type { Clock } from '../../clock';
import type { AuditContext, DeadLetterRows, FirstDeadLetter } from '../../dead-letters/store/store';
import type { Database } from '../database';

const ENGINE: AuditContext = { actor: 'tidemark', requestId: null };
const COLUMNS = 'id, consumer, event_id AS eventId, stream, status';

/** Prepares the statements on a file that has the dead letters' migration. */
export const deadLetterRows = (database: Database, clock: Clock): DeadLetterRows => {
  const find = database.prepare<[number], FirstDeadLetter>(`SELECT ${COLUMNS} FROM dead_letters WHERE id = ?`);
  const firstOf = database.prepare<[string, string], FirstDeadLetter>(
    `SELECT ${COLUMNS} FROM dead_letters
      WHERE id = (SELECT dead_letter_id FROM quarantined_keys WHERE consumer = ? AND stream = ?)`,
  );
  const setStatus = database.prepare<[FirstDeadLetter['status'], number]>(
    'UPDATE dead_letters SET status = ? WHERE id = ?',
  );
  const setOwner = database.prepare<[string, number]>(
    `UPDATE dead_letters SET owner = ?, status = CASE status WHEN 'open' THEN 'assigned' ELSE status END WHERE id = ?`,
  );
  const insertAudit = database.prepare<[number, string, string, string, number | null, number]>(
    'INSERT INTO dead_letter_audit (dead_letter_id, action, actor, detail, request_id, at_ms) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const audit = (id: number, action: string, detail: string, { actor, requestId }: AuditContext): void =>
    void insertAudit.run(id, action, actor, detail, requestId, clock.nowMs());
  const close = (
    id: number,
    status: FirstDeadLetter['status'],
    action: string,
    detail: string,
    context: AuditContext,
  ): void => {
    setStatus.run(status, id);
    audit(id, action, detail, context);
  };
  const succession = successionOf(database, (id, detail) => close(id, 'redriven', 'redriven', detail, ENGINE));
  return {
    find: (id) => find.get(id),
    firstOf: (consumer, stream) => firstOf.get(consumer, stream),
    assign: (id, owner, context) => {
      setOwner.run(owner, id);
      audit(id, 'assigned', owner, context);
    },
    note: (id, note, context) => audit(id, 'noted', note, context),
    discard: (id, reason, context) => close(id, 'discarded', 'discarded', reason, context),
    markRedriven: (id, detail, context) => close(id, 'redriven', 'redriven', detail, context),
    noteFailedAgain: (id, reason, context) => audit(id, 'failed again', reason, context),
    adopt: (from, to) => succession(from, to, 'a rebuild that could read it was swapped in'),
    restart: (consumer) => succession('', consumer, 'the group starts again from the first event'),
    forget: (consumer) => {
      database
        .prepare<[string]>(
          'DELETE FROM dead_letter_outbox WHERE dead_letter_id IN (SELECT id FROM dead_letters WHERE consumer = ?)',
        )
        .run(consumer);
      for (const table of ['dead_letters', ...QUEUE_TABLES, 'circuit_breakers'])
        database.prepare<[string]>(`DELETE FROM ${table} WHERE consumer = ?`).run(consumer);
    },
  };
};

const QUEUE_TABLES = ['quarantined_keys', 'parked_events', 'stale_rows'];

/**
 * Replaces the dead letters and parked events of `to` by those of `from`. A dead letter of both keeps its number and audit; one of
 * `to` alone is resolved.
 */
const successionOf = (database: Database, resolve: (id: number, detail: string) => void) => {
  const onlyOld = database
    .prepare<[string, string], number>(
      `SELECT id FROM dead_letters WHERE consumer = ? AND event_id IS NOT NULL AND status IN ('open', 'assigned')
          AND event_id NOT IN (SELECT event_id FROM dead_letters WHERE consumer = ? AND event_id IS NOT NULL)`,
    )
    .pluck();
  const both = database.prepare<[string, string], { readonly was: number; readonly is: number }>(
    `SELECT old.id AS was, fresh.id AS "is" FROM dead_letters old JOIN dead_letters fresh
         ON fresh.event_id = old.event_id OR (fresh.event_id IS NULL AND old.event_id IS NULL AND fresh.log_id = old.log_id
            AND fresh.topic = old.topic AND fresh."partition" = old."partition" AND fresh."offset" = old."offset")
      WHERE old.consumer = ? AND fresh.consumer = ?`,
  );
  const refresh = database.prepare<[number, number]>(
    `UPDATE dead_letters AS old SET class = fresh.class, reason = fresh.reason, fingerprint = fresh.fingerprint, stack = fresh.stack,
            logged = fresh.logged,
            attempts = old.attempts + fresh.attempts, last_failed_at_ms = fresh.last_failed_at_ms,
            status = CASE WHEN fresh.event_id IS NULL THEN old.status WHEN old.owner IS NULL THEN 'open' ELSE 'assigned' END
       FROM dead_letters AS fresh WHERE fresh.id = ? AND old.id = ?`,
  );
  const repoint = database.prepare<[number, number]>(
    'UPDATE quarantined_keys SET dead_letter_id = ? WHERE dead_letter_id = ?',
  );
  const dropCopy = database.prepare<[number]>('DELETE FROM dead_letter_outbox WHERE dead_letter_id = ?');
  const drop = database.prepare<[number]>('DELETE FROM dead_letters WHERE id = ?');
  const clear = QUEUE_TABLES.map((table) => database.prepare<[string]>(`DELETE FROM ${table} WHERE consumer = ?`));
  const rename = [...QUEUE_TABLES, 'dead_letters'].map((table) =>
    database.prepare<[string, string]>(`UPDATE ${table} SET consumer = ? WHERE consumer = ?`),
  );
  return (from: string, to: string, detail: string): void => {
    for (const id of onlyOld.all(to, from)) resolve(id, detail);
    for (const { was, is } of both.all(to, from)) {
      refresh.run(is, was);
      repoint.run(was, is);
      dropCopy.run(is);
      drop.run(is);
    }
    for (const statement of clear) statement.run(to);
    for (const statement of rename) statement.run(to, from);
  };
};
