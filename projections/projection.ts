/**
 * A projection as data: a view's table, the events that it handles, and a pure function from an event to changes of rows.
 * The function receives nothing but the event, so that the same events yield the same rows, now and in any rebuild.
 *
 * Events are in order within one stream only: changes from several streams have to commute (`add`, `max`, columns that
 * only one stream sets).
 */
import {
  assertInteger,
  assertName,
  assertUnique,
  COLUMN,
  InvalidDeclaration,
  PROJECTION,
  resultFor,
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

/** A projection's rejection of an event for a business reason: the event is dead-lettered and its stream quarantined. */
export interface Rejected {
  readonly _tag: 'Rejected';
  readonly reason: string;
}

/** Rejects an event with a reason. */
export const rejected = (reason: string): Rejected => ({ _tag: 'Rejected', reason });

/** A rejection as an exception inside the engine. */
export class ProjectionRejected extends Error {
  override readonly name = 'EventRejected';
}

/** What to do when a transient fault (such as a busy database) lasts longer than `boundMs`. */
export interface RetryDeclaration {
  readonly boundMs: number;
  /** `halt` the partition and keep retrying, or `quarantine` the stream if the fault concerns one event. */
  readonly exhausted: 'halt' | 'quarantine';
}

interface Description<D extends Definition> {
  /** Names the view in the URL, the consumer group, and the tables. */
  readonly name: string;
  /** A new version means that the same events yield other rows: they are rebuilt from the first event. */
  readonly version: number;
  /** What a row represents, in a sentence. */
  readonly meaning: string;
  readonly handles: ReadonlyArray<D>;
  /** Default: ten minutes, then `halt`. */
  readonly retry?: RetryDeclaration;
}

interface Direct<View extends Table, D extends Definition> extends Description<D> {
  readonly view: View;
  readonly project: (event: Handled<D>) => ReadonlyArray<UpsertOf<View>> | Rejected;
  /** Columns computed from the other columns of the same row, whatever the sequence of events; pure. */
  readonly compute?: (row: RowOf<View['key']> & RowOf<View['columns']>) => Partial<RowOf<View['columns']>>;
}

interface Rollup<View extends Table, Memory extends Table, D extends Definition> extends Description<D> {
  readonly view: View;
  /** The detail table, which is not served: one row for each item that contributes to the view. */
  readonly memory: Memory;
  /** Changes of the detail table. */
  readonly project: (event: Handled<D>) => ReadonlyArray<UpsertOf<Memory>> | Rejected;
  /** What a detail row adds to the view; undefined while it adds nothing. A row of the view is removed when all its sums are 0. */
  readonly contribution: (row: RowOf<Memory['key']> & RowOf<Memory['columns']>) => ContributionOf<View> | undefined;
}

// -------------------------------------------------------------------------------------
// What the engine calls
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

/** What a detail row adds to the view, without its types. */
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
  /** Changes of the view, or of the detail table where there is one. Throws {@link ProjectionRejected}. */
  readonly project: (event: RecordedEvent) => ReadonlyArray<Upsert>;
  readonly compute?: (row: Row) => Row;
  readonly rollup?: {
    readonly memory: Table;
    readonly contribution: (row: Row) => Contribution | undefined;
  };
}

/** Declares a projection that changes the rows of its view. Throws InvalidDeclaration for an invalid name or key. */
export const defineProjection = <const View extends Table, D extends Definition>(
  definition: Direct<View, D>,
): Projection => {
  const { project, compute, ...rest } = definition;
  // The engine passes only events that the projection handles, validated by their codecs, and complete rows of the view.
  return validate({
    ...rest,
    project: (event) => changesOf(rest.name, event, project(event as Handled<D>)),
    ...(compute === undefined ? {} : { compute: (row: Row): Row => compute(row as never) }),
  });
};

/** Declares a projection whose view sums up the rows of its detail table. Throws InvalidDeclaration for an invalid name or key. */
export const defineRollup = <const View extends Table, const Memory extends Table, D extends Definition>(
  definition: Rollup<View, Memory, D>,
): Projection => {
  const { project, memory, contribution, ...rest } = definition;
  return validate({
    ...rest,
    // As above; and the engine passes complete rows of the detail table to `contribution`.
    project: (event) => changesOf(rest.name, event, project(event as Handled<D>)),
    rollup: { memory, contribution: (row) => contribution(row as never) as Contribution | undefined },
  });
};

const changesOf = (
  name: string,
  { type }: RecordedEvent,
  returned: ReadonlyArray<object> | Rejected,
): ReadonlyArray<Upsert> => {
  const result = resultFor(`the projection ${name}: project`, type, returned);
  if (!('_tag' in result)) return result as ReadonlyArray<Upsert>;
  throw new ProjectionRejected(result.reason);
};

const MAX_VERSION = 1_000_000;

const validate = (projection: Projection): Projection => {
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
    // SQLite ignores the case of names.
    assertUnique('column', columns, where, (column) => column.toLowerCase());
    for (const column of (table.indexes ?? []).flat())
      if (!columns.includes(column))
        throw new InvalidDeclaration(`${where}: an index names the column '${column}', which the table does not have`);
  }
  return projection;
};

/** Checks the projections of a program and returns them. Throws InvalidDeclaration where two have the same name. */
export const projectionsOf = (projections: ReadonlyArray<Projection>): ReadonlyArray<Projection> => {
  assertUnique(
    'projection',
    projections.map(({ name }) => name),
    'the list of projections',
  );
  return projections;
};
