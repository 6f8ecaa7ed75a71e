/** JSON Schema derived from codecs, so that documentation and request checks have one source. */
import * as t from 'io-ts';
import { ConstrainedType, ListType, RecordType, type Fields, type JsonSchema } from './codec';

/** What a schema says about fields that the record does not declare. */
export interface JsonSchemaOptions {
  /**
   * `false` for requests: a misspelt field is the sender's mistake, and the schema includes limits that apply to requests
   * only. `true` for events: a reader tolerates newer fields. Absent for responses: the schema says nothing about newer
   * fields, and a field may hold what is known at run time only (a row, a state, counts by name).
   */
  readonly additionalProperties?: boolean;
}

/** The JSON Schema (2020-12) of a codec. Throws for an unknown codec rather than documenting it wrongly. */
export const jsonSchemaOf = (codec: t.Mixed, options: JsonSchemaOptions): JsonSchema => {
  if (codec instanceof ConstrainedType) return isRequest(options) ? codec.inputSchema : codec.schema;
  // The casts below restore type arguments that `instanceof` erases; nothing depends on which they are.
  if (codec instanceof RecordType) return recordSchema((codec as RecordType<Fields>).fields, options);
  if (codec instanceof t.ReadonlyArrayType || codec instanceof t.ArrayType)
    return {
      type: 'array',
      items: jsonSchemaOf(codec.type as t.Mixed, options),
      ...(codec instanceof ListType && isRequest(options) ? limitsOf(codec as ListType<t.Mixed>) : {}),
    };
  if (codec instanceof t.KeyofType) return { type: 'string', enum: Object.keys(codec.keys as object) };
  if (codec instanceof t.UnionType) return unionSchema(codec.types as ReadonlyArray<t.Mixed>, options);
  const schema =
    plainSchema(codec) ?? (options.additionalProperties === undefined ? openSchema(codec, options) : undefined);
  if (schema !== undefined) return schema;
  throw new Error(
    `no JSON Schema is known for the codec '${codec.name}': use one of domain/kernel, or add it to domain/kernel/json-schema.ts`,
  );
};

const isRequest = ({ additionalProperties }: JsonSchemaOptions): boolean => additionalProperties === false;

const plainSchema = (codec: t.Mixed): JsonSchema | undefined => {
  if (codec instanceof t.LiteralType) return { const: codec.value as unknown };
  if (codec instanceof t.StringType) return { type: 'string' };
  if (codec instanceof t.NumberType) return { type: 'number' };
  if (codec instanceof t.BooleanType) return { type: 'boolean' };
  if (codec instanceof t.NullType) return { type: 'null' };
  return undefined;
};

/** The schema of codecs that accept more than can be described: undefined for any other. */
const openSchema = (codec: t.Mixed, options: JsonSchemaOptions): JsonSchema | undefined => {
  if (codec instanceof t.UnknownType) return {};
  if (codec instanceof t.AnyDictionaryType) return { type: 'object' };
  if (codec instanceof t.DictionaryType)
    return { type: 'object', additionalProperties: jsonSchemaOf(codec.codomain as t.Mixed, options) };
  return undefined;
};

/** A schema with a plain type gets `null` as another type; any other schema gets it as another branch. */
const unionSchema = (members: ReadonlyArray<t.Mixed>, options: JsonSchemaOptions): JsonSchema => {
  const [first, second] = members;
  if (members.length === 2 && first !== undefined && second instanceof t.NullType) {
    const schema = jsonSchemaOf(first, options);
    const values = schema['enum'] as ReadonlyArray<unknown> | undefined;
    if (typeof schema['type'] === 'string' && !('properties' in schema))
      return {
        ...schema,
        type: [schema['type'], 'null'],
        ...(values === undefined ? {} : { enum: [...values, null] }),
      };
    return { anyOf: [{ type: 'null' }, schema] };
  }
  return { anyOf: members.map((each) => jsonSchemaOf(each, options)) };
};

const limitsOf = ({ minItems, maxItems }: ListType<t.Mixed>): JsonSchema =>
  minItems === 0 ? { maxItems } : { minItems, maxItems };

const recordSchema = (fields: Fields, options: JsonSchemaOptions): JsonSchema => {
  const entries = Object.entries(fields);
  return {
    type: 'object',
    properties: Object.fromEntries(
      entries.map(([name, { codec, meaning }]) => [name, { ...jsonSchemaOf(codec, options), description: meaning }]),
    ),
    required: entries.filter(([, { required }]) => required).map(([name]) => name),
    ...(options.additionalProperties === undefined ? {} : { additionalProperties: options.additionalProperties }),
  };
};
