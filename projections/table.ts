/** The tables of projections, typed: columns with their meanings, and the changes that a row allows. */

export type ColumnType = 'text' | 'integer' | 'boolean' | 'json';

/** A column and what its values mean. In a new row it is null if nullable, else 0, false or an empty text. */
export interface Column<Type extends ColumnType = ColumnType, Nullable extends boolean = boolean> {
  readonly type: Type;
  readonly nullable: Nullable;
  readonly meaning: string;
}

/**
 * A text column.
 *
 * @example
 * ```ts
 * columns: { title: text('What the book is called.') }
 * ```
 */
export const text = (meaning: string): Column<'text', false> => ({ type: 'text', nullable: false, meaning });

/**
 * A column of safe integers. An event that would exceed them is rejected, with a message that names the column and the row.
 *
 * @example
 * ```ts
 * columns: { open: integer('How many books are not back yet.') }
 * ```
 */
export const integer = (meaning: string): Column<'integer', false> => ({ type: 'integer', nullable: false, meaning });

/**
 * A column of booleans.
 *
 * @example
 * ```ts
 * columns: { isLent: boolean('Whether somebody has it.') }
 * ```
 */
export const boolean = (meaning: string): Column<'boolean', false> => ({ type: 'boolean', nullable: false, meaning });

/**
 * A column of JSON values, null until set.
 *
 * @example
 * ```ts
 * columns: { amountByCurrency: json('What is owed, by currency, in minor units.') }
 * ```
 */
export const json = (meaning: string): Column<'json', true> => ({ type: 'json', nullable: true, meaning });

/**
 * The same column, null until set.
 *
 * @example
 * ```ts
 * columns: { returnedAt: nullable(text('When it came back.')) }
 * ```
 */
export const nullable = <Type extends ColumnType>({ type, meaning }: Column<Type>): Column<Type, true> => ({
  type,
  nullable: true,
  meaning,
});

export type Columns = Readonly<Record<string, Column>>;

/** A table: the key columns, in sort order, and the other columns. */
export interface Table<Key extends Columns = Columns, Rest extends Columns = Columns> {
  readonly key: Key;
  readonly columns: Rest;
  /** Columns that clients often filter or sort by; each index slows down writes a little. */
  readonly indexes?: ReadonlyArray<ReadonlyArray<keyof Rest & string>>;
  /**
   * `remembered`: a removal with a `version` leaves a hidden tombstone with that version, so that a change with a lower one that
   * comes later does not make the row again. For rows that several streams change; else a removed row is forgotten.
   */
  readonly removals?: 'remembered';
}

/**
 * A table of what other streams know, which rows of the view are joined with: `on` names the columns of the view that hold the
 * reference's key, and `columns` says which columns of the view show which of the reference's. They are null until the row of
 * the reference is known, and again once it is removed.
 */
export interface Reference<Source extends Table = Table> {
  readonly table: Source;
  readonly on: ReadonlyArray<string>;
  readonly columns: Readonly<Record<string, keyof Source['columns'] & string>>;
}

interface Plain {
  readonly text: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly json: unknown;
}

/** The type of a column's values. */
export type ValueOf<C> =
  C extends Column<infer Type, infer Nullable> ? Plain[Type] | (Nullable extends true ? null : never) : never;

/** The type of a row. */
export type RowOf<C extends Columns> = { readonly [Name in keyof C]: ValueOf<C[Name]> };

type IntegersOf<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends Column<'integer'> ? Name : never]?: number;
};

type JsonsOf<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends Column<'json'> ? Name : never]?: Readonly<Record<string, number>>;
};

/** The columns that can be compared: integers by value, texts as instants. */
type OrderedOf<C extends Columns> = {
  readonly [Name in keyof C as C[Name] extends Column<'json' | 'boolean'> ? never : Name]?: NonNullable<
    ValueOf<C[Name]>
  >;
};

// -------------------------------------------------------------------------------------
// Changes of rows
// -------------------------------------------------------------------------------------

/** A change of one row, which is created if it does not exist yet. */
export interface UpsertOf<T extends Table> {
  readonly key: RowOf<T['key']>;
  readonly remove?: never;
  /** A guard: the change is skipped unless this is above the row's `version` column, which is then set to it. */
  readonly version?: number;
  readonly set?: Partial<RowOf<T['columns']>>;
  readonly add?: IntegersOf<T['columns']>;
  /** Adds to the members of JSON objects, such as sums by currency. */
  readonly addEach?: JsonsOf<T['columns']>;
  /** Keeps the greater value: integers by value, instants (ISO 8601, UTC) by time. */
  readonly max?: OrderedOf<T['columns']>;
}

/** The removal of one row; nothing happens where it does not exist. */
export interface RemovalOf<T extends Table> {
  readonly key: RowOf<T['key']>;
  readonly remove: true;
  /** The same guard as for other changes; only in a table whose removals are remembered. */
  readonly version?: number;
}

/** A change of one row. */
export type ChangeOf<T extends Table> = UpsertOf<T> | RemovalOf<T>;

/** What one row of the detail table adds to one row of the view. */
export interface ContributionOf<View extends Table> {
  readonly key: RowOf<View['key']>;
  readonly add: IntegersOf<View['columns']>;
}
