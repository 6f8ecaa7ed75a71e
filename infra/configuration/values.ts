/** Parses single settings: texts, numbers, words and URLs; the error message of each says what it accepts. */

/** A setting can't be used; the message names it and says what it accepts. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Returns a setting's text; an empty one counts as not set. */
export const text = (environment: Environment, name: string): string | undefined => {
  const value = environment[name];
  return value === undefined || value === '' ? undefined : value;
};

/** Parses an integer within bounds. */
export const integer = (
  environment: Environment,
  name: string,
  otherwise: number,
  min: number,
  max: number,
): number => {
  const value = text(environment, name);
  if (value === undefined) return otherwise;
  const parsed = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (parsed >= min && parsed <= max) return parsed;
  throw new ConfigurationError(`${name} is '${value}'; it takes an integer from ${min} to ${max}`);
};

/** Parses one of several words, ignoring case. */
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

/** Parses a URL; removes trailing slashes, so that a path can be appended. */
export const url = (environment: Environment, name: string): string | undefined => {
  const value = text(environment, name);
  if (value === undefined) return undefined;
  const trimmed = value.replace(/\/+$/, '');
  if (/^https?:\/\/[^\s?#]+$/.test(trimmed) && URL.canParse(trimmed)) return trimmed;
  throw new ConfigurationError(`${name} is '${value}'; it takes a URL such as http://127.0.0.1:8080`);
};

/** Parses a URI reference (RFC 3986); CloudEvents does not allow an empty source. */
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
