/**
 * A projection as data: a view's table, the events that it is made from, and a pure function from an event to changes of
 * rows. It is handed an event and nothing else, so that the same events make the same rows, today and in any rebuild.
 *
 * Order holds within one stream and is never assumed between streams: what comes from several streams has to commute
 * (`add`, `max`, columns that one stream alone sets).
 */
import {
  assertInteger,
  assertName,
  assertUnique,
  COLUMN,
  InvalidDeclaration,
  PROJECTION,
} from '../domain/kernel/declarations';
import type { AnyEventDefinition, DomainEvent, EventOf } from '../domain/kernel/event-definition';
import type { RecordedEvent } from '../domain/kernel/recorded-event';
import type { ContributionOf, RowOf, Table, UpsertOf } from './table';

export {
  boolean,
  type Column,
  type Columns,
  type ColumnType,
  integer,
  json,
  nullable,
  type Table,
  text,
} from './table';

// -------------------------------------------------------------------------------------
// What a team writes
// -------------------------------------------------------------------------------------

type Definition = AnyEventDefinition & { readonly of: (data: never) => DomainEvent };

type Handled<D> = EventOf<D> extends infer Event ? RecordedOf<Event> : never;

type RecordedOf<Event> = Event extends DomainEvent<infer Type, infer Data> ? RecordedEvent<Type, Data> : never;

/** The business says no to an event: it is set aside with its key, for an operator to look at. */
export interface Rejected {
  readonly _tag: 'Rejected';
  readonly reason: string;
}

/** Says no to an event, and why. */
export const rejected = (reason: string): Rejected => ({ _tag: 'Rejected', reason });

/** How a rejection travels through the engine. */
export class ProjectionRejected extends Error {
  override readonly name = 'EventRejected';
}

/** What is done when a fault that should pass (a busy database, say) does not pass within its bound. */
export interface RetryDeclaration {
  readonly boundMs: number;
  /** `halt` the partition and try on, or `quarantine` the key where the fault is about one event. */
  readonly exhausted: 'halt' | 'quarantine';
}

interface Description<D extends Definition> {
  /** Names the view in the URL, the consumer group, and the tables. */
  readonly name: string;
  /** Another version means other rows from the same events: the rows are made again, from the first event on. */
  readonly version: number;
  /** What a row stands for, in a sentence. */
  readonly meaning: string;
  readonly handles: ReadonlyArray<D>;
  /** Left out: ten minutes, then `halt`. */
  readonly retry?: RetryDeclaration;
}

interface Direct<View extends Table, D extends Definition> extends Description<D> {
  readonly view: View;
  readonly project: (event: Handled<D>) => ReadonlyArray<UpsertOf<View>> | Rejected;
  /** Columns that follow from the others of the same row, whichever events came first; pure. */
  readonly compute?: (row: RowOf<View['key']> & RowOf<View['columns']>) => Partial<RowOf<View['columns']>>;
}

interface Rollup<View extends Table, Memory extends Table, D extends Definition> extends Description<D> {
  readonly view: View;
  /** Rows of its own, which are not served: one for each thing that counts in the view. */
  readonly memory: Memory;
  /** Changes the memory. */
  readonly project: (event: Handled<D>) => ReadonlyArray<UpsertOf<Memory>> | Rejected;
  /** What a row of the memory counts for, if it counts yet. A row of the view whose sums are all 0 vanishes. */
  readonly contribution: (row: RowOf<Memory['key']> & RowOf<Memory['columns']>) => ContributionOf<View> | undefined;
}

// -------------------------------------------------------------------------------------
// What the engine drives
// -------------------------------------------------------------------------------------

/** A row by column names. */
export type Row = Readonly<Record<string, unknown>>;

/** A change of a row without its types. */
export interface Upsert {
  readonly key: Row;
  readonly version?: number;
  readonly set?: Row;
  readonly add?: Readonly<Record<string, number>>;
  readonly addEach?: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly max?: Readonly<Record<string, number | string>>;
}

/** What a memory row adds to the view, without its types. */
export interface Contribution {
  readonly key: Row;
  readonly add: Readonly<Record<string, number>>;
}

/** A projection without its type parameters. */
export interface Projection {
  readonly name: string;
  readonly version: number;
  readonly meaning: string;
  readonly handles: ReadonlyArray<AnyEventDefinition>;
  readonly retry?: RetryDeclaration;
  readonly view: Table;
  /** Changes of the view, or of the memory where there is one. Throws {@link ProjectionRejected}. */
  readonly project: (event: RecordedEvent) => ReadonlyArray<Upsert>;
  readonly compute?: (row: Row) => Row;
  readonly rollup?: {
    readonly memory: Table;
    readonly contribution: (row: Row) => Contribution | undefined;
  };
}

/** Declares a projection that changes the rows of its view. Throws where a name can't be one. */
export const defineProjection = <const View extends Table, D extends Definition>(
  definition: Direct<View, D>,
): Projection => {
  const { project, compute, ...rest } = definition;
  // The engine hands it the events that it handles, checked by their codecs, and nothing else; and whole rows of the view.
  return checked({
    ...rest,
    project: (event) => changesOf(project(event as Handled<D>)),
    ...(compute === undefined ? {} : { compute: (row: Row): Row => compute(row as never) }),
  });
};

/** Declares a projection whose view sums up rows that it keeps for itself. Throws where a name can't be one. */
export const defineRollup = <const View extends Table, const Memory extends Table, D extends Definition>(
  definition: Rollup<View, Memory, D>,
): Projection => {
  const { project, memory, contribution, ...rest } = definition;
  return checked({
    ...rest,
    // As above; and the engine hands `contribution` whole rows of the memory's own table.
    project: (event) => changesOf(project(event as Handled<D>)),
    rollup: { memory, contribution: (row) => contribution(row as never) as Contribution | undefined },
  });
};

const changesOf = (answer: ReadonlyArray<object> | Rejected): ReadonlyArray<Upsert> => {
  if (!('_tag' in answer)) return answer as ReadonlyArray<Upsert>;
  throw new ProjectionRejected(answer.reason);
};

const MAX_VERSION = 1_000_000;

const checked = (projection: Projection): Projection => {
  const { name, version, view, rollup } = projection;
  assertName(PROJECTION, name, 'a projection');
  const where = `the projection ${name}`;
  assertInteger('version', version, where, 1, MAX_VERSION);
  for (const table of rollup === undefined ? [view] : [view, rollup.memory]) {
    const key = Object.keys(table.key);
    const columns = [...key, ...Object.keys(table.columns)];
    const unsortable = Object.entries(table.key).find(([, { type }]) => type === 'json' || type === 'boolean');
    if (unsortable !== undefined)
      throw new InvalidDeclaration(`${where} can't have the key '${unsortable[0]}': a key takes texts and integers`);
    if (key.length === 0) throw new InvalidDeclaration(`${where}: a table needs a key of at least one column`);
    for (const column of columns) assertName(COLUMN, column, where);
    // SQLite takes the case of names for nothing.
    assertUnique('column', columns, where, (column) => column.toLowerCase());
    for (const column of (table.indexes ?? []).flat())
      if (!columns.includes(column))
        throw new InvalidDeclaration(`${where}: an index names the column '${column}', which the table does not have`);
  }
  return projection;
};

/** The projections of a program. Throws InvalidDeclaration where two have one name. */
export const projectionsOf = (projections: ReadonlyArray<Projection>): ReadonlyArray<Projection> => {
  assertUnique(
    'projection',
    projections.map(({ name }) => name),
    'the list of projections',
  );
  return projections;
};
