/** The tables of projections, typed: columns with their meanings, and what may change in a row of theirs. */

export type ColumnType = 'text' | 'integer' | 'boolean' | 'json';

/** A column and what its values mean. A new row begins with null, or else with 0, false or an empty text. */
export interface Column<Type extends ColumnType = ColumnType, Nullable extends boolean = boolean> {
  readonly type: Type;
  readonly nullable: Nullable;
  readonly meaning: string;
}

/** A text column. */
export const text = (meaning: string): Column<'text', false> => ({ type: 'text', nullable: false, meaning });

/** A column of safe integers. An event that would take it beyond them is rejected: set aside, with column and row named. */
export const integer = (meaning: string): Column<'integer', false> => ({ type: 'integer', nullable: false, meaning });

/** A column of truth values. */
export const boolean = (meaning: string): Column<'boolean', false> => ({ type: 'boolean', nullable: false, meaning });

/** A column of JSON values, null until set. */
export const json = (meaning: string): Column<'json', true> => ({ type: 'json', nullable: true, meaning });

/** The same column, null until set. */
export const nullable = <Type extends ColumnType>({ type, meaning }: Column<Type>): Column<Type, true> => ({
  type,
  nullable: true,
  meaning,
});

export type Columns = Readonly<Record<string, Column>>;

/** A table: the columns that name a row, in the order of sorting, and the columns that describe it. */
export interface Table<Key extends Columns = Columns, Rest extends Columns = Columns> {
  readonly key: Key;
  readonly columns: Rest;
  /** Columns that clients often filter by; each index costs a little at every write. */
  readonly indexes?: ReadonlyArray<ReadonlyArray<keyof Rest & string>>;
}

interface Plain {
  readonly text: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly json: unknown;
}

/** What a column holds in memory. */
export type ValueOf<C> =
  C extends Column<infer Type, infer Nullable> ? Plain[Type] | (Nullable extends true ? null : never) : never;

/** What a row holds in memory. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> };

type IntegersOf<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends Column<'integer'> ? Name : never]?: number;
};

type JsonsOf<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends Column<'json'> ? Name : never]?: Readonly<Record<string, number>>;
};

/** The columns that have an order: integers by value, texts as instants. */
type OrderedOf<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends Column<'json' | 'boolean'> ? never : Name]?: NonNullable<
    ValueOf<C[Name]>
  >;
};

// -------------------------------------------------------------------------------------
// Changes of rows
// -------------------------------------------------------------------------------------

/** A change of one row, which is born where it is not there yet. */
export interface UpsertOf<T extends Table> {
  readonly key: RowOf<T['key']>;
  /** A guard: nothing is done unless it is above the row's `version` column, which then takes it. */
  readonly version?: number;
  readonly set?: Partial<RowOf<T['columns']>>;
  readonly add?: IntegersOf<T['columns']>;
  /** Adds to the members of JSON objects, such as sums by currency. */
  readonly addEach?: JsonsOf<T['columns']>;
  /** The greater one stays: of integers by value, of instants (ISO 8601, UTC) the later one. */
  readonly max?: OrderedOf<T['columns']>;
}

/** What one row of the memory adds to one row of the view. */
export interface ContributionOf<View extends Table> {
  readonly key: RowOf<View['key']>;
  readonly add: IntegersOf<View['columns']>;
}
