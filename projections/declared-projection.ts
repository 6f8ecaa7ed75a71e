/** A declared projection as the engine calls it, without its type parameters, and the checks of a declaration. */
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
import type { Reference, Table } from './table';

// -------------------------------------------------------------------------------------
// What every kind of projection declares
// -------------------------------------------------------------------------------------

export type Definition = AnyEventDefinition & { readonly of: (data: never) => DomainEvent };

/** The recorded events of some definitions. */
export type Handled<D> = EventOf<D> extends infer Event ? RecordedOf<Event> : never;

type RecordedOf<Event> = Event extends DomainEvent<infer Type, infer Data> ? RecordedEvent<Type, Data> : never;

/** A projection's rejection of an event for a business reason: the event is dead-lettered and its stream quarantined. */
export interface Rejected {
  readonly _tag: 'Rejected';
  readonly reason: string;
}

/**
 * Rejects an event with a reason.
 *
 * @example
 * ```ts
 * project: ({ data }) => (data.amount < 0 ? rejected('a negative amount') : [{ key, add: { amount: data.amount } }])
 * ```
 */
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

export interface Description<D extends Definition> {
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

// -------------------------------------------------------------------------------------
// What the engine calls
// -------------------------------------------------------------------------------------

/** A row by column names. */
export type Row = Readonly<Record<string, unknown>>;

/** A change of a row without its types. */
export interface RowChange {
  /** The reference that the row belongs to; absent for the view, or the detail table where there is one. */
  readonly in?: string;
  readonly key: Row;
  /** Removes the row; nothing else is set then, except for `version`. */
  readonly remove?: true;
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
  /** Changes of the view, of the detail table where there is one, and of the references. Throws {@link ProjectionRejected}. */
  readonly project: (event: RecordedEvent) => ReadonlyArray<RowChange>;
  readonly compute?: (row: Row) => Row;
  readonly rollup?: {
    readonly memory: Table;
    readonly contribution: (row: Row) => Contribution | undefined;
  };
  /** The tables that rows of the view are joined with, by name. */
  readonly references?: Readonly<Record<string, Reference>>;
}

/** The changes of a projection's answer. Throws {@link ProjectionRejected}, and MissingCase where there is none. */
export const changesOf = (
  name: string,
  { type }: RecordedEvent,
  returned: ReadonlyArray<object> | Rejected,
): ReadonlyArray<RowChange> => {
  const result = resultFor(`the projection ${name}: project`, type, returned);
  // The types of a declaration allow changes only.
  if (!('_tag' in result)) return result as ReadonlyArray<RowChange>;
  throw new ProjectionRejected(result.reason);
};

/** The columns of the view that its references fill. */
export const joinedColumns = ({ references = {} }: Pick<Projection, 'references'>): ReadonlyArray<string> =>
  Object.values(references).flatMap(({ columns }) => Object.keys(columns));

const MAX_VERSION = 1_000_000;

/** Checks a declaration and returns it. Throws InvalidDeclaration. */
export const validate = (projection: Projection): Projection => {
  const { name, version, view, rollup, references = {} } = projection;
  assertName(PROJECTION, name, 'a projection');
  const where = `the projection ${name}`;
  assertInteger('version', version, where, 1, MAX_VERSION);
  validateTable(view, where);
  if (rollup !== undefined) validateTable(rollup.memory, where);
  for (const [reference, { table }] of Object.entries(references)) {
    assertName(REFERENCE, reference, where);
    validateTable(table, `${where}, reference ${reference}`);
  }
  validateJoins(projection, where);
  return projection;
};

const REFERENCE = {
  ...COLUMN,
  what: 'the name of a reference',
  example: 'member',
  reserved: new Map(['view', 'memory'].map((name) => [name, "another of the projection's tables"])),
};

const validateTable = (table: Table, where: string): void => {
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
  if (table.removals !== undefined && table.columns['version']?.type !== 'integer')
    throw new InvalidDeclaration(`${where}: a table whose removals are remembered needs an integer column 'version'`);
};

const validateJoins = (projection: Projection, where: string): void => {
  const { view, references = {} } = projection;
  const joined = joinedColumns(projection);
  assertUnique('joined column', joined, where);
  for (const [name, reference] of Object.entries(references)) {
    const fault = onFault(view, reference, joined) ?? columnsFault(view, reference);
    if (fault !== undefined) throw new InvalidDeclaration(`${where}, reference ${name}: ${fault}`);
  }
};

/** What is wrong with the columns that a reference is found by. */
const onFault = (view: Table, { table, on }: Reference, joined: ReadonlyArray<string>): string | undefined => {
  const keys = Object.entries(table.key);
  if (on.length !== keys.length)
    return `'on' has to name one column of the view for each of its key's (${keys.map(([name]) => name).join(', ')})`;
  for (const [index, name] of on.entries()) {
    const column = { ...view.key, ...view.columns }[name];
    if (column === undefined) return `'on' names the column '${name}', which the view does not have`;
    if (joined.includes(name)) return `'on' names the column '${name}', which a reference fills`;
    const type = keys[index]?.[1].type;
    if (column.type !== type) return `'on' compares the column '${name}' with a key of the type ${String(type)}`;
  }
  return undefined;
};

/** What is wrong with the columns that a reference fills. */
const columnsFault = (view: Table, { table, columns }: Reference): string | undefined => {
  if (Object.keys(columns).length === 0) return "'columns' is empty";
  for (const [name, source] of Object.entries(columns)) {
    const to = view.columns[name];
    const from = table.columns[source];
    if (to === undefined) return `it fills the column '${name}', which the view does not have beside its key`;
    if (from === undefined) return `the column '${name}' shows its column '${source}', which it does not have`;
    if (to.type !== from.type) return `the column '${name}' and its column '${source}' have different types`;
    if (!to.nullable) return `the column '${name}' has to be nullable: it is null until the row is known`;
  }
  return undefined;
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
