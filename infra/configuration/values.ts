/** Reading single settings: text, numbers, words and URLs, each refused with a sentence that says what it takes. */

/** A setting that can't be used: which, what is wrong with it, and what it takes. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Names and values, as a process has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A setting's text; an empty one is taken for one that is not set. */
export const text = (environment: Environment, name: string): string | undefined => {
  const value = environment[name];
  return value === undefined || value === '' ? undefined : value;
};

/** A whole number within bounds. */
export const integer = (
  environment: Environment,
  name: string,
  otherwise: number,
  least: number,
  most: number,
): number => {
  const value = text(environment, name);
  if (value === undefined) return otherwise;
  const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (parsed >= least && parsed <= most) return parsed;
  throw new ConfigurationError(`${name} is '${value}'; it takes an integer from ${least} to ${most}`);
};

/** One of some words, in any case of its letters. */
export const oneOf = <Word extends string>(
  environment: Environment,
  name: string,
  words: ReadonlyArray<Word>,
  otherwise: Word,
): Word => {
  const value = text(environment, name);
  if (value === undefined) return otherwise;
  const found = words.find((word) => word === value.toLowerCase());
  if (found !== undefined) return found;
  throw new ConfigurationError(`${name} is '${value}'; it takes one of ${words.join(', ')}`);
};

/** A URL without slashes at its end, so that a path can be put behind it. */
export const url = (environment: Environment, name: string): string | undefined => {
  const value = text(environment, name);
  if (value === undefined) return undefined;
  const trimmed = value.replace(/\/+$/, '');
  if (/^https?:\/\/[^\s?#]+$/.test(trimmed) && URL.canParse(trimmed)) return trimmed;
  throw new ConfigurationError(`${name} is '${value}'; it takes a URL such as http://127.0.0.1:8080`);
};

/** As RFC 3986 writes them; CloudEvents takes no empty source. */
export const uriReference = (environment: Environment, name: string): string | undefined => {
  const value = text(environment, name);
  if (value === undefined || isUriReference(value)) return value;
  throw new ConfigurationError(
    `${name} is '${value}'; it takes a URI reference of up to 200 characters, such as https://shop.example/orders or /shop`,
  );
};

const isUriReference = (value: string): boolean =>
  value.length <= 200 &&
  /^(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=[\]]|%[0-9A-Fa-f]{2})+(?:#(?:[A-Za-z0-9\-._~:/?@!$&'()*+,;=]|%[0-9A-Fa-f]{2})*)?$/.test(
    value,
  ) &&
  URL.canParse(value, 'http://base.example/');
