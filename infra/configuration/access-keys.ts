/** The API keys of callers. */
import { secret, secretText, sourceOf, type Warn } from './secrets';
import { ConfigurationError, type Environment } from './values';

/** What the caller with a key may do: `client` sends commands and reads, `operator` does everything. */
export type AccessRole = 'client' | 'operator';

/** A key with the name and the role of its caller. */
export interface ApiKey {
  readonly name: string;
  readonly role: AccessRole;
  readonly key: string;
}

/** Shorter keys could be guessed. */
export const MIN_KEY_CHARACTERS = 16;
/** Longer ones might exceed the limit on request headers. */
const MAX_KEY_CHARACTERS = 512;

/** Names that mean another actor than the holder of a key in events. */
const RESERVED_NAMES: ReadonlyArray<string> = ['anonymous', 'operator', 'reactors', 'system', 'tidemark'];

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** Reads `API_KEYS` or `API_KEYS_FILE`: entries separated by commas or line breaks; lines that begin with `#` are comments. */
export const apiKeys = (environment: Environment, warn: Warn): ReadonlyArray<ApiKey> => {
  const value = secretText(environment, 'API_KEYS', warn);
  if (value === undefined) return [];
  const source = sourceOf(environment, 'API_KEYS');
  const lines = value.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
  // A file may have commas at line ends, or empty lines.
  const entries =
    lines.length === 1
      ? value.split(',')
      : lines
          .join(',')
          .split(',')
          .filter((entry) => entry.trim() !== '');
  const keys = entries.map((entry, index) => apiKey(entry, `${source}: entry ${index + 1}`));
  if (keys.length === 0) throw new ConfigurationError(`${source} holds no key`);
  assertUnique(keys, source);
  return keys;
};

/** Reads `API_KEY` or `API_KEY_FILE`, the key that this program's own clients send. */
export const ownApiKey = (environment: Environment, warn: Warn): string | undefined => {
  const key = secret(environment, 'API_KEY', warn);
  if (key === undefined || isSendable(key)) return key;
  throw new ConfigurationError(`${sourceOf(environment, 'API_KEY')} holds a character that ${NOT_SENDABLE}`);
};

const NOT_SENDABLE = "a header can't contain; it takes visible ASCII without spaces";

const isSendable = (key: string): boolean => /^[\x21-\x7e]+$/.test(key);

/** Messages number the entries and never repeat them: if the fields are in the wrong order, the secret would be logged. */
const apiKey = (entry: string, place: string): ApiKey => {
  const [name, role, ...rest] = entry.trim().split(':');
  // A key may contain colons.
  const key = rest.join(':');
  if (name === undefined || name === '' || (role !== 'client' && role !== 'operator') || key === '') {
    throw new ConfigurationError(
      `${place} is not <name>:<client|operator>:<key>; entries are separated by commas (the entry is not repeated here)`,
    );
  }
  if (!NAME.test(name)) {
    throw new ConfigurationError(
      `${place} has a name that can't be used in events: up to 64 of A-Z a-z 0-9 . _ @ -, a letter or digit first`,
    );
  }
  if (RESERVED_NAMES.includes(name.toLowerCase())) {
    throw new ConfigurationError(
      `${place} has the name '${name}', which is reserved, as are ${RESERVED_NAMES.join(', ')}`,
    );
  }
  if (!isSendable(key)) throw new ConfigurationError(`${place} has a key with a character that ${NOT_SENDABLE}`);
  if (key.length < MIN_KEY_CHARACTERS || key.length > MAX_KEY_CHARACTERS) {
    throw new ConfigurationError(
      `${place} has a key of ${key.length} characters; it takes ${MIN_KEY_CHARACTERS} to ${MAX_KEY_CHARACTERS} ` +
        `('openssl rand -hex 32' makes a good one)`,
    );
  }
  return { name, role, key };
};

/** Keys identify callers, and names identify actors in events: neither may be repeated. */
const assertUnique = (keys: ReadonlyArray<ApiKey>, source: string): void => {
  keys.forEach(({ name, key }, index) => {
    const isSameName = (other: ApiKey): boolean => other.name.toLowerCase() === name.toLowerCase();
    const named = keys.findIndex(isSameName);
    if (named < index) {
      throw new ConfigurationError(
        `${source}: the entries ${named + 1} and ${index + 1} have the same name; a name has one key and one role (while a ` +
          "key is replaced, give the new one a name of its own, such as 'shop-2')",
      );
    }
    const keyed = keys.findIndex((other) => other.key === key);
    if (keyed < index) {
      throw new ConfigurationError(
        `${source}: the entries ${keyed + 1} and ${index + 1} have the same key; use a different key for each`,
      );
    }
  });
};
