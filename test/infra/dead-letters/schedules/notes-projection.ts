/**
 * A projection of notes: a row for each note and a row for each of its events. Lost or duplicated events are visible in the rows,
 * and events out of order in the diary, which records the order of the rows of events.
 */
import type { Catalog } from '../../../../domain/kernel/aggregate';
import { aggregateIdOf, type RecordedEvent, type StoredEvent } from '../../../../domain/kernel/recorded-event';
import { TransientEventError } from '../../../../infra/consumption/intake/failures';
import type { Database } from '../../../../infra/sqlite/database';
import { integer, ProjectionRejected, text, type Projection, type RowChange } from '../../../../projections/projection';
import type { NoteEvent } from '../notes';

/** The group and its projection. */
export const GROUP = 'notes';
const TABLE = `"${GROUP}#1"`;
/** How long a partition is retried, by the clock of the run. */
export const RETRY_BOUND_MS = 2_000;

/** The fault of an event until the fix is released; the text of the note triggers it. */
export const faults = ['malformed', 'version', 'name', 'rejected', 'defect', 'breaks', 'later'] as const;
export type Fault = (typeof faults)[number] | 'none';

/** An event with its fault; the number makes its text unique. */
export const noteEvent = (stream: string, fault: Fault, number: number): NoteEvent => {
  switch (fault) {
    case 'malformed':
      return { stream, text: `longer than the old release takes ${number}` };
    case 'version':
      return { stream, schemaVersion: 2, text: `new ${number}` };
    case 'name':
      return { stream, type: 'NoteErased' };
    case 'rejected':
      return { stream, text: `no ${number}` };
    default:
      return { stream, text: `${fault} ${number}` };
  }
};

const textOf = ({ data }: RecordedEvent): string => (data as { readonly text?: string }).text ?? '';

/** The projection of a release. `isAway` returns whether something that an event needs is unavailable for now. */
export const notesProjection = (
  catalog: Catalog,
  isFixed: boolean,
  isAway: (event: RecordedEvent) => boolean,
): Projection => ({
  name: GROUP,
  version: 1,
  meaning: 'A row for each note, and one for each of its events.',
  retry: { boundMs: RETRY_BOUND_MS, exhausted: 'quarantine' },
  view: {
    key: { note: text('The note, or its event.') },
    columns: { text: text('What it says.'), events: integer('How many events made the row.') },
  },
  handles: catalog.aggregates.flatMap(({ events }) => [...events.values()]),
  project: (event) => {
    const says = textOf(event);
    if (says.startsWith('later') && isAway(event)) throw new TransientEventError('what it needs is away');
    if (!isFixed && says.startsWith('no ')) throw new ProjectionRejected('the business said no');
    if (!isFixed && says.startsWith('defect')) throw new TypeError('undefined is not a number');
    // Null violates the table's constraint, which is only detected when the whole batch is written.
    const cell = !isFixed && says.startsWith('breaks') ? null : says;
    const change = (note: string): RowChange => ({ key: { note }, set: { text: cell }, add: { events: 1 } });
    return [change(aggregateIdOf(event.stream)), change(event.id)];
  },
});

interface NoteRow {
  readonly note: string;
  readonly text: string;
  readonly events: number;
}

/** The rows of a run without failures, ordered by key. */
export const expectedRows = (stored: ReadonlyArray<StoredEvent>): ReadonlyArray<NoteRow> => {
  const rows = new Map<string, NoteRow>();
  for (const event of stored) {
    const note = aggregateIdOf(event.stream);
    const { text: says = '' } = JSON.parse(event.payload) as { readonly text?: string };
    rows.set(note, { note, text: says, events: (rows.get(note)?.events ?? 0) + 1 });
    rows.set(event.id, { note: event.id, text: says, events: 1 });
  }
  return [...rows.values()].sort((left, right) => (left.note < right.note ? -1 : 1));
};

/** The actual rows, ordered by key. */
export const rowsIn = (database: Database): ReadonlyArray<NoteRow> =>
  database.prepare<[], NoteRow>(`SELECT note, text, events FROM ${TABLE} ORDER BY note`).all();

/** Records each new row of an event in the diary, in the same transaction. */
export const createDiary = (database: Database): void => {
  database.exec(`CREATE TABLE diary (seq INTEGER PRIMARY KEY, id TEXT NOT NULL) STRICT;
    CREATE TRIGGER diary_of_notes AFTER INSERT ON ${TABLE} WHEN instr(new.note, '@') > 0
      BEGIN INSERT INTO diary (id) VALUES (new.note); END;`);
};

/** The applied events, in the order of application. */
export const readDiary = (database: Database): ReadonlyArray<string> =>
  database.prepare<[], string>('SELECT id FROM diary ORDER BY seq').pluck().all();
