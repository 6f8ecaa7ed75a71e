/** Queries for operators on dead letters and redrives, over a read-only connection. */
import { isoTime } from '../../clock';
import type {
  AuditEntry,
  DeadLetter,
  DeadLetterCount,
  DeadLetterDetail,
  DeadLetterFilter,
  DeadLetterReader,
  RedriveStatus,
} from '../../dead-letters/query/query';
import { previewOf, RedrivePreview, type RedriveState } from '../../dead-letters/redrive/redrive';
import { readJsonCell } from '../../json-cell';
import type { Database } from '../database';
import { decodeHeaders } from './header-codec';

type LetterRow = Omit<DeadLetter, 'id' | 'firstFailedAt' | 'lastFailedAt' | 'key'> & {
  readonly number: number;
  readonly firstFailedAtMs: number;
  readonly lastFailedAtMs: number;
  readonly key: Buffer | null;
};

interface DetailRow {
  readonly headers: string;
  readonly value: Buffer | null;
  readonly stack: string | null;
}

const COLUMNS = `d.id AS number, d.consumer AS "group", d.status, d.owner, d.class, d.reason, d.fingerprint, d.attempts,
  d.first_failed_at_ms AS firstFailedAtMs, d.last_failed_at_ms AS lastFailedAtMs, d.event_id AS eventId, d.stream, d.type,
  d.schema_version AS schemaVersion, d.position, d.correlation_id AS correlationId, d.causation_id AS causationId,
  d.topic, d."partition", d."offset", d."key",
  (SELECT count(*) FROM quarantined_keys k JOIN parked_events p ON p.consumer = k.consumer AND p.stream = k.stream
    WHERE k.dead_letter_id = d.id) AS parked`;

/** Dead letters of rebuilds are not shown before their generation is served. */
const OF_GROUPS = `d.consumer NOT GLOB 'rebuild-[0-9]*'`;

/** Prepares the queries. */
export const deadLetterReader = (database: Database): DeadLetterReader => {
  const lettersWhere = (
    filter: DeadLetterFilter & { readonly letters?: ReadonlyArray<number> },
    extra: string,
    ...rest: ReadonlyArray<number>
  ): ReadonlyArray<LetterRow> => {
    const { letters, ...texts } = filter;
    const columns = Object.entries({ consumer: texts.group, ...texts, group: undefined }).filter(
      ([, value]) => value !== undefined,
    );
    const ofIds = letters === undefined ? '' : 'AND d.id IN (SELECT value FROM json_each(?))';
    const conditions = columns.map(([name]) => `AND d.${name} = ?`).join(' ');
    const sql = `SELECT ${COLUMNS} FROM dead_letters d WHERE ${OF_GROUPS} ${conditions} ${ofIds} ${extra}`;
    const values = [...columns.map(([, value]) => value), ...(letters === undefined ? [] : [JSON.stringify(letters)])];
    return database.prepare<unknown[], LetterRow>(sql).all(...values, ...rest);
  };
  return {
    list: (filter, { before = Number.MAX_SAFE_INTEGER, limit }) =>
      lettersWhere(filter, 'AND d.id < ? ORDER BY d.id DESC LIMIT ?', before, limit).map(letterOf),
    find: (group, letter) => findLetter(database, lettersWhere({ group, letters: [letter] }, '').at(0)),
    select: (group, filter) => {
      const rows = lettersWhere(
        { group, ...filter },
        `AND d.status IN ('open', 'assigned') AND EXISTS (SELECT 1 FROM quarantined_keys q WHERE q.dead_letter_id = d.id)
         ORDER BY d.position`,
      );
      const bytesOnly = lettersWhere(
        { group, ...filter },
        `AND d.status IN ('open', 'assigned') AND d.event_id IS NULL ORDER BY d.id`,
      );
      return { letters: rows.map(({ number }) => number), preview: previewOf(rows, bytesOnly.length) };
    },
    redrive: (id) => redriveStatus(database, id),
    counts: () =>
      database
        .prepare<[], DeadLetterCount>(
          `SELECT d.consumer AS "group", d.class, count(*) AS total, sum(d.status IN ('open', 'assigned')) AS open
             FROM dead_letters d WHERE ${OF_GROUPS} GROUP BY 1, 2 ORDER BY 1, 2`,
        )
        .all(),
  };
};

const letterOf = ({ number, firstFailedAtMs, lastFailedAtMs, key, ...row }: LetterRow): DeadLetter => ({
  id: `${row.group}:${number}`,
  ...row,
  key: key === null ? null : key.toString('utf8'),
  firstFailedAt: isoTime(firstFailedAtMs),
  lastFailedAt: isoTime(lastFailedAtMs),
});

const findLetter = (database: Database, row: LetterRow | undefined): DeadLetterDetail | undefined => {
  if (row === undefined) return undefined;
  const detail = database
    .prepare<[number], DetailRow>('SELECT headers, value, stack FROM dead_letters WHERE id = ?')
    .get(row.number);
  const audit = database
    .prepare<[number], Omit<AuditEntry, 'at'> & { readonly atMs: number }>(
      `SELECT action, actor, detail, request_id AS requestId, at_ms AS atMs
         FROM dead_letter_audit WHERE dead_letter_id = ? ORDER BY seq`,
    )
    .all(row.number);
  return {
    ...letterOf(row),
    headers: decodeHeaders(detail?.headers ?? '[]').map(([name, value]) => ({ name, value: value.toString('utf8') })),
    value: detail?.value?.toString('base64') ?? null,
    stack: detail?.stack ?? null,
    audit: audit.map(({ atMs, ...entry }) => ({ ...entry, at: isoTime(atMs) })),
  };
};

interface RedriveRow {
  readonly id: number;
  readonly group: string;
  readonly state: RedriveState;
  readonly reason: string | null;
  readonly ratePerSecond: number;
  readonly preview: string;
  readonly runs: number;
  readonly events: number;
  readonly startedAtMs: number | null;
  readonly finishedAtMs: number | null;
}

const redriveStatus = (database: Database, id: number): RedriveStatus | undefined => {
  const row = database
    .prepare<[number], RedriveRow>(
      `SELECT id, consumer AS "group", state, reason, rate_per_second AS ratePerSecond, preview, runs, events,
              started_at_ms AS startedAtMs, finished_at_ms AS finishedAtMs FROM redrives WHERE id = ?`,
    )
    .get(id);
  if (row === undefined) return undefined;
  const counts = database
    .prepare<[number], { readonly state: keyof RedriveStatus['keys']; readonly keys: number; readonly batch: number }>(
      'SELECT state, count(*) AS keys, min(batch) AS batch FROM redrive_keys WHERE redrive_id = ? GROUP BY state',
    )
    .all(id);
  const keys = { waiting: 0, done: 0, failed: 0, gone: 0 };
  for (const each of counts) keys[each.state] = each.keys;
  const { startedAtMs, finishedAtMs, preview, ...rest } = row;
  return {
    ...rest,
    preview: readJsonCell(`preview of redrive ${id}`, preview, RedrivePreview),
    keys,
    batch: counts.find(({ state }) => state === 'waiting')?.batch ?? null,
    startedAt: startedAtMs === null ? null : isoTime(startedAtMs),
    finishedAt: finishedAtMs === null ? null : isoTime(finishedAtMs),
  };
};
