/** Checks values against the JSON Schemas that the codecs' documentation is made of, and only those: see json-schema.ts. */
import type { JsonSchema } from '../kernel/codec';

/** The path of the first value that the schema refuses, as a JSON pointer; undefined where it takes the whole. */
export const refusedPath = (schema: JsonSchema, value: unknown, path = ''): string | undefined => {
  const here = path === '' ? '/' : path;
  if ('const' in schema) return value === schema['const'] ? undefined : here;
  const words = schema['enum'];
  if (Array.isArray(words)) return words.includes(value) ? undefined : here;
  const choices = schema['anyOf'];
  if (Array.isArray(choices)) {
    return choices.some((choice) => refusedPath(choice as JsonSchema, value, path) === undefined) ? undefined : here;
  }
  switch (schema['type']) {
    case 'object':
      return refusedInObject(schema, value, path, here);
    case 'array':
      return refusedInArray(schema, value, path, here);
    case 'string':
      return typeof value === 'string' && isString(schema, value) ? undefined : here;
    case 'integer':
    case 'number':
      return isNumber(schema, value) ? undefined : here;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : here;
    default:
      throw new Error(`the schema at ${here} is of no known kind: ${JSON.stringify(schema)}`);
  }
};

/** The fields of an object's schema. */
export const propertiesOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;

/** The names of the fields that must be there. */
export const requiredOf = (schema: JsonSchema): ReadonlyArray<string> =>
  (schema['required'] ?? []) as ReadonlyArray<string>;

const refusedInObject = (schema: JsonSchema, value: unknown, path: string, here: string): string | undefined => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return here;
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

const refusedInArray = (schema: JsonSchema, value: unknown, path: string, here: string): string | undefined => {
  if (!Array.isArray(value)) return here;
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
