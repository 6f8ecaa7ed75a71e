/**
 * Small values that a schema accepts, in a fixed order, smallest first. They cover the places where two schemas can
 * differ: the bounds of both, each enum value, each field present and absent. They are not random, so that messages do
 * not change between runs.
 */
import type { JsonSchema } from '../../domain/kernel/codec';
import { propertiesOf, refusedPath, requiredOf } from './schema-check';

/** The smallest value that a schema accepts. Throws where none is known. */
export const smallestValue = (schema: JsonSchema): unknown => {
  const [smallest] = valuesOf(schema);
  if (smallest === undefined) throw new Error(`no value is known for the schema ${JSON.stringify(schema)}`);
  return smallest;
};

/** The value with every field present and every list of one element. */
export const wholeValue = (schema: JsonSchema): unknown => {
  if (schema['type'] === 'array') return [wholeValue(schema['items'] as JsonSchema)];
  if (schema['type'] !== 'object') return smallestValue(schema);
  const fields = Object.entries(propertiesOf(schema)).map(([name, property]) => [name, wholeValue(property)]);
  return Object.fromEntries(fields) as unknown;
};

/** The smallest value, the complete one, and one for each enum value of each field. */
export const sampleValues = (schema: JsonSchema): ReadonlyArray<unknown> => {
  const whole = wholeValue(schema) as object;
  const enumSamples = Object.entries(propertiesOf(schema)).flatMap(([name, property]) =>
    Array.isArray(property['enum'])
      ? property['enum'].map((value: unknown) => Object.assign({}, whole, { [name]: value }) as unknown)
      : [],
  );
  const values = [smallestValue(schema), whole, ...enumSamples];
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).values()];
};

/**
 * Values that a schema accepts, smallest first.
 * @param other another schema whose bounds are tried too
 */
export const valuesOf = (schema: JsonSchema, other: JsonSchema = schema): ReadonlyArray<unknown> => {
  const values = candidates(schema, other).filter((value) => refusedPath(schema, value) === undefined);
  return [...new Map(values.map((value) => [JSON.stringify(value), value])).entries()]
    .sort(([left], [right]) => left.length - right.length)
    .map(([, value]) => value);
};

const candidates = (schema: JsonSchema, other: JsonSchema): ReadonlyArray<unknown> => {
  if ('const' in schema) return [schema['const']];
  if (Array.isArray(schema['enum'])) return schema['enum'] as ReadonlyArray<unknown>;
  if (Array.isArray(schema['anyOf'])) return schema['anyOf'].flatMap((each) => valuesOf(each as JsonSchema, other));
  switch (schema['type']) {
    case 'object':
      return objects(schema, other);
    case 'array':
      return lists(schema, other);
    case 'string':
      return texts(schema, other);
    case 'integer':
      return numbers(schema, other);
    case 'number':
      return [...numbers(schema, other), 0.5];
    case 'boolean':
      return [true, false];
    default:
      return [];
  }
};

/** The smallest object, and variants of it with one field set to each of its values. */
const objects = (schema: JsonSchema, other: JsonSchema): ReadonlyArray<unknown> => {
  const properties = propertiesOf(schema);
  const required = new Set(requiredOf(schema));
  const needed = Object.entries(properties).filter(([name]) => required.has(name));
  const base = Object.fromEntries(needed.map(([name, property]) => [name, smallestValue(property)]));
  const variants = Object.entries(properties).flatMap(([name, property]) =>
    valuesOf(property, propertiesOf(other)[name] ?? property).map((value) => ({ ...base, [name]: value })),
  );
  return [base, ...variants];
};

const lists = (schema: JsonSchema, other: JsonSchema): ReadonlyArray<unknown> => {
  const items = schema['items'] as JsonSchema;
  const others = (other['items'] ?? items) as JsonSchema;
  return [[], ...valuesOf(items, others).map((item) => [item])];
};

const numbers = (schema: JsonSchema, other: JsonSchema): ReadonlyArray<number> => {
  const bounds = [schema['minimum'], schema['maximum'], other['minimum'], other['maximum']];
  const known = bounds.filter((bound) => typeof bound === 'number');
  return [0, 1, ...known.flatMap((bound) => [bound - 1, bound, bound + 1])];
};

/** Texts for each of the kernel's value types. */
const SAMPLES = ['', 'a', 'A', '0', 'BRL', 'brl', '2017-07-09', '2017-07-09T21:57:05Z', '2017-07-09T21:57:05.123Z'];
const PARTS = ['a', 'A', '0', '-', '_', '.', ':', ' ', '/', '@', 'é'];

const texts = (schema: JsonSchema, other: JsonSchema): ReadonlyArray<string> => {
  const bounds = [schema['minLength'], schema['maxLength'], other['minLength'], other['maxLength']];
  const lengths = bounds.filter((bound) => typeof bound === 'number').flatMap((bound) => [bound - 1, bound, bound + 1]);
  const repeated = [...lengths, ...quantifiers(schema), ...quantifiers(other)].filter((length) => length > 0);
  const long = repeated.flatMap((length) => ['a'.repeat(length), 'A'.repeat(length)]);
  const joined = SAMPLES.slice(0, 5).flatMap((sample) =>
    PARTS.flatMap((part) => [`${sample}${part}`, `${part}${sample}`]),
  );
  return [...SAMPLES, ...PARTS, ...joined, ...long];
};

/** The lengths around the repetition counts in a pattern: `{0,127}` yields 126 to 129, and 1 and 2. */
const quantifiers = ({ pattern }: JsonSchema): ReadonlyArray<number> =>
  typeof pattern !== 'string'
    ? []
    : [...pattern.matchAll(/\{(\d+)(?:,(\d+))?\}/g)].flatMap(([, least, most]) =>
        [least, most]
          .filter((count) => count !== undefined)
          .flatMap((count) => [-1, 0, 1, 2].map((by) => Number(count) + by)),
      );
