/** Checks values against JSON Schemas, limited to the keywords that domain/kernel/json-schema.ts generates. */
import type { JsonSchema } from '../kernel/codec';

/** The path of the first value that the schema rejects, as a JSON pointer; undefined where the whole value is valid. */
export const refusedPath = (schema: JsonSchema, value: unknown, path = ''): string | undefined => {
  switch (schema['type']) {
    case 'object':
      return refusedInObject(schema, value, path);
    case 'array':
      return refusedInArray(schema, value, path);
    default:
      return isSingle(schema, value) ? undefined : shownPath(path);
  }
};

const shownPath = (path: string): string => (path === '' ? '/' : path);

/** Whether the value is valid for a schema that is neither an object nor a list: a plain value, or one of several schemas. */
const isSingle = (schema: JsonSchema, value: unknown): boolean => {
  const { enum: enumValues, anyOf: choices, type } = schema;
  if ('const' in schema) return value === schema['const'];
  if (Array.isArray(enumValues)) return enumValues.includes(value);
  if (Array.isArray(choices)) return choices.some((choice) => refusedPath(choice as JsonSchema, value) === undefined);
  if (type === 'string') return typeof value === 'string' && isString(schema, value);
  if (type === 'integer' || type === 'number') return isNumber(schema, value);
  if (type === 'boolean') return typeof value === 'boolean';
  throw new Error(`the schema is of no known kind: ${JSON.stringify(schema)}`);
};

/** The fields of an object's schema. */
export const propertiesOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;

/** The names of the required fields. */
export const requiredOf = (schema: JsonSchema): ReadonlyArray<string> =>
  (schema['required'] ?? []) as ReadonlyArray<string>;

const refusedInObject = (schema: JsonSchema, value: unknown, path: string): string | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return shownPath(path);
  const members = value as Readonly<Record<string, unknown>>;
  const missing = requiredOf(schema).find((name) => members[name] === undefined);
  if (missing !== undefined) return `${path}/${missing}`;
  for (const [name, property] of Object.entries(propertiesOf(schema))) {
    if (members[name] === undefined) continue;
    const refused = refusedPath(property, members[name], `${path}/${name}`);
    if (refused !== undefined) return refused;
  }
  return undefined;
};

const refusedInArray = (schema: JsonSchema, value: unknown, path: string): string | undefined => {
  if (!Array.isArray(value)) return shownPath(path);
  for (const [index, item] of (value as ReadonlyArray<unknown>).entries()) {
    const refused = refusedPath(schema['items'] as JsonSchema, item, `${path}/${index}`);
    if (refused !== undefined) return refused;
  }
  return undefined;
};

const isString = (schema: JsonSchema, value: string): boolean =>
  value.length >= Number(schema['minLength'] ?? 0) &&
  value.length <= Number(schema['maxLength'] ?? Infinity) &&
  (typeof schema['pattern'] !== 'string' || new RegExp(schema['pattern']).test(value));

const isNumber = (schema: JsonSchema, value: unknown): boolean =>
  typeof value === 'number' &&
  (schema['type'] === 'number' ? Number.isFinite(value) : Number.isSafeInteger(value)) &&
  value >= Number(schema['minimum'] ?? -Infinity) &&
  value <= Number(schema['maximum'] ?? Infinity);
