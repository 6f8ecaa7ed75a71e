/**
 * Codecs that carry their own meaning. Every record (an event's payload, a command's body) names each of its fields and
 * says in a sentence what the value means, so that documentation, JSON Schema and validation have one source.
 */
import * as E from 'fp-ts/Either';
import * as t from 'io-ts';

// -------------------------------------------------------------------------------------
// JSON Schema fragments
// -------------------------------------------------------------------------------------

/** A JSON Schema (2020-12) fragment; plain JSON. */
export type JsonSchema = Readonly<Record<string, unknown>>;

/** A primitive codec that can say what it accepts as JSON Schema, which io-ts refinements cannot. */
export class ConstrainedType<A> extends t.Type<A, A> {
  readonly _tag = 'ConstrainedType' as const;
  constructor(
    name: string,
    is: (value: unknown) => value is A,
    readonly schema: JsonSchema,
    /** The schema that requests are checked against, where the published `schema` says less than the code. */
    readonly inputSchema: JsonSchema = schema,
  ) {
    super(name, is, (value, context) => (is(value) ? t.success(value) : t.failure(value, context)), t.identity);
  }
}

/**
 * A codec for values that pass `test`.
 * @param name the expected value as messages call it, for example `positive integer`
 * @param test whether a value belongs to the type
 * @param schema the same rule as JSON Schema
 * @param inputSchema the rule in full, where the published `schema` leaves something out
 * @example
 * ```ts
 * const Percent = constrained(
 *   'percentage (integer, 0 to 100)',
 *   (value): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 100,
 *   { type: 'integer', minimum: 0, maximum: 100 },
 * );
 * ```
 */
export const constrained = <A>(
  name: string,
  test: (value: unknown) => value is A,
  schema: JsonSchema,
  inputSchema?: JsonSchema,
): ConstrainedType<A> => new ConstrainedType(name, test, schema, inputSchema);

/**
 * A list. Its limits apply to requests, whose work must be bounded. Decoding ignores them: a recorded event is read
 * however long its list is.
 */
export class ListType<C extends t.Mixed> extends t.ReadonlyArrayType<
  C,
  ReadonlyArray<t.TypeOf<C>>,
  ReadonlyArray<t.OutputOf<C>>
> {
  constructor(
    element: C,
    readonly maxItems: number,
    readonly minItems: number,
  ) {
    const { name, is, validate, encode } = t.readonlyArray(element);
    super(name, is, validate, encode, element);
  }
}

/**
 * A list of `minItems` to `maxItems` elements in a request.
 *
 * @example
 * ```ts
 * const tags = field(list(Text, 20), 'What readers call it.');
 * ```
 */
export const list = <C extends t.Mixed>(element: C, maxItems: number, minItems = 0): ListType<C> =>
  new ListType(element, maxItems, minItems);

/**
 * A value or null.
 *
 * @example
 * ```ts
 * const subtitle = field(orNull(Text), 'The subtitle; null where there is none.');
 * ```
 */
export const orNull = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC]> => t.union([codec, t.null]);

// -------------------------------------------------------------------------------------
// Documented records
// -------------------------------------------------------------------------------------

/** One field of a record: its codec, what its value means (unit, currency, zone), and whether it is required. */
export interface Field<C extends t.Mixed, Required extends boolean> {
  readonly codec: C;
  readonly meaning: string;
  readonly required: Required;
}

/** Any field, where its types don't matter. */
export type AnyField = Field<t.Mixed, boolean>;

/** The fields of a record by name. */
export type Fields = Readonly<Record<string, AnyField>>;

type RequiredNames<F extends Fields> = { [K in keyof F]: F[K] extends Field<t.Mixed, true> ? K : never }[keyof F];

/** The TypeScript type of a record with these fields. */
export type RecordOf<F extends Fields> = {
  readonly [K in RequiredNames<F>]: t.TypeOf<F[K]['codec']>;
} & { readonly [K in Exclude<keyof F, RequiredNames<F>>]?: t.TypeOf<F[K]['codec']> };

/**
 * A required field.
 *
 * @example
 * ```ts
 * const memberId = field(Identifier, 'Who has the book.');
 * ```
 */
export const field = <C extends t.Mixed>(codec: C, meaning: string): Field<C, true> => ({
  codec,
  meaning,
  required: true,
});

/**
 * An optional field (`undefined` counts as absent; `null` does not).
 *
 * @example
 * ```ts
 * const note = optionalField(Text, 'What the desk wrote down.');
 * ```
 */
export const optionalField = <C extends t.Mixed>(codec: C, meaning: string): Field<C, false> => ({
  codec,
  meaning,
  required: false,
});

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A record codec: decoding keeps the declared fields only and reports every field that fails. */
export class RecordType<F extends Fields> extends t.Type<RecordOf<F>, unknown> {
  readonly _tag = 'RecordType' as const;
  constructor(
    name: string,
    readonly fields: F,
  ) {
    const entries = Object.entries<AnyField>(fields);
    super(
      name,
      (value): value is RecordOf<F> => isObject(value) && entries.every(([key, each]) => fieldIs(each, value[key])),
      (value, context) => {
        if (!isObject(value)) return t.failure(value, context);
        const result: Record<string, unknown> = {};
        const errors: t.Errors = [];
        for (const [key, each] of entries) {
          const member = value[key];
          if (member === undefined && !each.required) continue;
          const decoded = each.codec.validate(member, t.appendContext(context, key, each.codec, member));
          if (E.isLeft(decoded)) errors.push(...decoded.left);
          else result[key] = decoded.right;
        }
        // The loop above has put every declared field in place; the compiler cannot see that.
        return errors.length > 0 ? t.failures(errors) : t.success(result as RecordOf<F>);
      },
      t.identity,
    );
  }
}

const fieldIs = (each: AnyField, value: unknown): boolean =>
  value === undefined ? !each.required : each.codec.is(value);

/**
 * A documented record codec.
 * @param name the record's name as readers of the contract see it
 * @param fields every field with its meaning
 * @example
 * ```ts
 * const address = field(record('Address', { street: field(Text, 'Street and number.') }), 'Where it is sent.');
 * ```
 */
export const record = <F extends Fields>(name: string, fields: F): RecordType<F> => new RecordType(name, fields);

/** Any documented record, where its types don't matter. */
export type AnyRecord = t.Mixed & { readonly name: string; readonly fields: Fields };
