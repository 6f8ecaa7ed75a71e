/** Turns io-ts errors into one sentence per failing path. */
import type * as t from 'io-ts';

/** The path of an invalid value, as a JSON pointer, and what was expected there. */
export interface PathFailure {
  readonly path: string;
  readonly message: string;
}

/** Explains every error. A path is a JSON pointer into the value (`/lines/0/quantity`), `/` for the value itself. */
export const explain = (errors: t.Errors): ReadonlyArray<PathFailure> => errors.map(explainOne);

const explainOne = (error: t.ValidationError): PathFailure => {
  const keys = error.context.map((entry) => entry.key).filter((key) => key !== '');
  const expected = error.context.at(-1)?.type.name ?? 'another value';
  return { path: `/${keys.join('/')}`, message: expectation(expected, error.value) };
};

/** A phrase with what was expected and what was found instead. */
export const expectation = (expected: string, value: unknown): string =>
  value === undefined ? `is missing; expected ${expected}` : `must be ${expected}, not ${show(value)}`;

const DISPLAY_LIMIT = 60;

/** A value as truncated JSON; of a large value only the part that is shown is serialised. */
const show = (value: unknown): string => {
  const text = beginningOf(value, DISPLAY_LIMIT);
  return text.length > DISPLAY_LIMIT ? `${text.slice(0, DISPLAY_LIMIT)}…` : text;
};

/** At least `length` characters of the JSON, or all of it. Each nesting level adds a character, so recursion is bounded. */
const beginningOf = (value: unknown, length: number): string => {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, length + 1));
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return JSON.stringify(value);
  if (typeof value !== 'object') return typeof value;
  const isList = Array.isArray(value);
  let text = isList ? '[' : '{';
  for (const key in value) {
    if (text.length > length) return text;
    const name = isList ? '' : `${beginningOf(key, length - text.length)}:`;
    const comma = text.length > 1 ? ',' : '';
    const member = (value as Readonly<Record<string, unknown>>)[key];
    text += `${comma}${name}${beginningOf(member, length - text.length)}`;
  }
  return `${text}${isList ? ']' : '}'}`;
};
