/** Dead letters and redrives as operators see them; works on a read-only connection. */
import { isoTime } from '../../clock';
import type { FailureClass } from '../../consumption/intake/intake';
import type { Database } from '../../sqlite/database';
import { decodeHeaders } from '../store/store';
import { previewOf, type RedrivePreview, type RedriveState } from '../redrive/redrive';

export const deadLetterStatuses = ['open', 'assigned', 'redriven', 'discarded'] as const;

export type DeadLetterStatus = (typeof deadLetterStatuses)[number];

/** A dead letter in a list. */
export interface DeadLetter {
  /** `<group>:<number>`. */
  readonly id: string;
  readonly group: string;
  readonly status: DeadLetterStatus;
  readonly owner: string | null;
  readonly class: FailureClass;
  readonly reason: string;
  readonly fingerprint: string;
  readonly attempts: number;
  readonly firstFailedAt: string;
  readonly lastFailedAt: string;
  /** Null where the record names no event. */
  readonly eventId: string | null;
  readonly stream: string | null;
  readonly type: string | null;
  readonly schemaVersion: number | null;
  readonly position: number | null;
  readonly correlationId: string | null;
  readonly causationId: string | null;
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  /** How many events wait behind it. */
  readonly parked: number;
}

/** What was done to a dead letter. */
export interface AuditEntry {
  readonly action: string;
  readonly actor: string;
  readonly detail: string;
  readonly requestId: number | null;
  readonly at: string;
}

/** A dead letter with all that is known of it. */
export interface DeadLetterDetail extends DeadLetter {
  /** In their order, values as text. */
  readonly headers: ReadonlyArray<{ readonly name: string; readonly value: string }>;
  /** The bytes as base64, where the record names no event; all others are in the store. */
  readonly value: string | null;
  /** What the handler threw; null where it threw nothing. */
  readonly stack: string | null;
  readonly audit: ReadonlyArray<AuditEntry>;
}

/** Which dead letters are meant; every member narrows. */
export interface DeadLetterFilter {
  readonly group?: string;
  readonly status?: DeadLetterStatus;
  readonly class?: FailureClass;
  readonly fingerprint?: string;
  readonly stream?: string;
}

/** How a redrive stands. */
export interface RedriveStatus {
  readonly id: number;
  readonly group: string;
  readonly state: 'requested' | RedriveState;
  /** Why it is halted. */
  readonly reason: string | null;
  readonly ratePerSecond: number;
  readonly preview: RedrivePreview;
  /** Keys by what became of them. */
  readonly keys: Readonly<Record<'waiting' | 'done' | 'failed' | 'gone', number>>;
  /** Which of the batches (one, 5 %, 25 %, the rest) comes next; null where none does. */
  readonly batch: number | null;
  /** How often it was set going. */
  readonly runs: number;
  /** Events taken so far, those behind the dead letters included. */
  readonly events: number;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

export interface DeadLetterCount {
  readonly group: string;
  readonly class: FailureClass;
  readonly total: number;
  readonly open: number;
}

export interface DeadLetterReader {
  /** The newest first; below `before`, a letter's number. */
  readonly list: (
    filter: DeadLetterFilter,
    page: { readonly before?: number; readonly limit: number },
  ) => ReadonlyArray<DeadLetter>;
  readonly find: (group: string, letter: number) => DeadLetterDetail | undefined;
  /** What a redrive would take: open letters of a group at the head of their streams, and what that comes to. */
  readonly select: (
    group: string,
    filter: Omit<DeadLetterFilter, 'group' | 'status'> & { readonly letters?: ReadonlyArray<number> },
  ) => { readonly letters: ReadonlyArray<number>; readonly preview: RedrivePreview };
  readonly redrive: (id: number) => RedriveStatus | undefined;
  readonly counts: () => ReadonlyArray<DeadLetterCount>;
}

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

/** A build that is not served has no place in front of people. */
const OF_GROUPS = `d.consumer NOT GLOB 'rebuild-[0-9]*'`;

/** Prepares the queries. */
export const deadLetterReader = (database: Database): DeadLetterReader => {
  const lettersWhere = (
    filter: DeadLetterFilter & { readonly letters?: ReadonlyArray<number> },
    extra: string,
    ...rest: ReadonlyArray<number>
  ): ReadonlyArray<LetterRow> => {
    const { letters, ...texts } = filter;
    const wanted = Object.entries({ consumer: texts.group, ...texts, group: undefined }).filter(
      ([, value]) => value !== undefined,
    );
    const named = letters === undefined ? '' : 'AND d.id IN (SELECT value FROM json_each(?))';
    const conditions = wanted.map(([name]) => `AND d.${name} = ?`).join(' ');
    const sql = `SELECT ${COLUMNS} FROM dead_letters d WHERE ${OF_GROUPS} ${conditions} ${named} ${extra}`;
    const values = [...wanted.map(([, value]) => value), ...(letters === undefined ? [] : [JSON.stringify(letters)])];
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

/** Splits `<group>:<number>`; undefined where it is none. */
export const parseDeadLetterId = (id: string): { readonly group: string; readonly letter: number } | undefined => {
  const [, group, letter] = /^([a-z][a-z0-9-]*):([1-9]\d{0,14})$/.exec(id) ?? [];
  return group === undefined ? undefined : { group, letter: Number(letter) };
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
    // Written from the request that the API made.
    preview: JSON.parse(preview) as RedrivePreview,
    keys,
    batch: counts.find(({ state }) => state === 'waiting')?.batch ?? null,
    startedAt: startedAtMs === null ? null : isoTime(startedAtMs),
    finishedAt: finishedAtMs === null ? null : isoTime(finishedAtMs),
  };
};
