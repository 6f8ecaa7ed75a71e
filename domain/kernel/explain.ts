/** Turns io-ts errors into one sentence per failing path. */
import type * as t from 'io-ts';

/** A path that fails, as a JSON pointer, and what was expected there. */
export interface PathFailure {
  readonly path: string;
  readonly message: string;
}

/** Explains every error; the path is a JSON pointer into the value (`/lines/0/quantity`), `/` for the value itself. */
export const explain = (errors: t.Errors): ReadonlyArray<PathFailure> => errors.map(explainOne);

const explainOne = (error: t.ValidationError): PathFailure => {
  const keys = error.context.map((entry) => entry.key).filter((key) => key !== '');
  const expected = error.context.at(-1)?.type.name ?? 'another value';
  const message =
    error.value === undefined ? `is missing; expected ${expected}` : `must be ${expected}, not ${show(error.value)}`;
  return { path: `/${keys.join('/')}`, message };
};

const SHOWN_CHARACTERS = 60;

const show = (value: unknown): string => {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) return typeof value;
  return text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
};
