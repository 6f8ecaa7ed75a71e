/** Checks values against the JSON Schemas that the codecs' documentation is made of (see json-schema.ts), with ajv as outsiders would. */
import Ajv, { type ErrorObject, type ValidateFunction } from 'ajv';
import type { JsonSchema } from '../../domain/kernel/codec';

/**
 * The path of the first value that the schema refuses, as a JSON pointer; undefined where it takes the whole. Of several
 * choices that are all refused it is the path of the value that they are for.
 */
export const refusedPath = (schema: JsonSchema, value: unknown): string | undefined => {
  const check = checkOf(schema);
  if (check(value)) return undefined;
  // The last error is the one that decided; before it stand those of the choices that were tried.
  const error = check.errors?.at(-1);
  return error === undefined ? '/' : pathOf(error);
};

const pathOf = ({ instancePath, params }: ErrorObject<string, Readonly<Record<string, unknown>>>): string => {
  const missing = params['missingProperty'];
  if (typeof missing === 'string') return `${instancePath}/${missing}`;
  return instancePath === '' ? '/' : instancePath;
};

/** The fields of an object's schema. */
export const propertiesOf = (schema: JsonSchema): Readonly<Record<string, JsonSchema>> =>
  (schema['properties'] ?? {}) as Readonly<Record<string, JsonSchema>>;

/** The names of the fields that must be there. */
export const requiredOf = (schema: JsonSchema): ReadonlyArray<string> =>
  (schema['required'] ?? []) as ReadonlyArray<string>;

/** The schema without its words: what decides which values pass. */
export const shapeOf = (schema: JsonSchema): JsonSchema => {
  const shape: Record<string, unknown> = { ...schema };
  delete shape['description'];
  if (schema['properties'] !== undefined) {
    const properties = Object.entries(propertiesOf(schema)).map(([name, each]) => [name, shapeOf(each)]);
    shape['properties'] = Object.fromEntries(properties);
  }
  if (schema['items'] !== undefined) shape['items'] = shapeOf(schema['items'] as JsonSchema);
  if (Array.isArray(schema['anyOf'])) shape['anyOf'] = schema['anyOf'].map((each) => shapeOf(each as JsonSchema));
  return shape;
};

/**
 * Formats are words for people here: what holds a value is the pattern beside them. Schemas come from codecs, so they are not
 * checked themselves, which would cost every start as much as all the rest.
 */
const ajv = new Ajv({ strict: false, strictNumbers: true, validateFormats: false, meta: false, validateSchema: false });

/** Compiling costs a millisecond, and the same few schemas stand in many events: each is compiled once. */
const byText = new Map<string, ValidateFunction>();
const byIdentity = new WeakMap<JsonSchema, ValidateFunction>();

const checkOf = (schema: JsonSchema): ValidateFunction => {
  const known = byIdentity.get(schema);
  if (known !== undefined) return known;
  const shape = shapeOf(schema);
  const text = JSON.stringify(shape);
  const check = byText.get(text) ?? ajv.compile(shape);
  byText.set(text, check);
  byIdentity.set(schema, check);
  return check;
};
