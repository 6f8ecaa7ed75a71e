/** The keys that callers of the API show. */
import { secret, secretText, sourceOf, type Warn } from './secrets';
import { ConfigurationError, type Environment } from './values';

/** What a caller who shows a key may do: `client` sends commands and reads, `operator` does everything. */
export type AccessRole = 'client' | 'operator';

/** A key, whom it stands for, and what that caller may do. */
export interface ApiKey {
  readonly name: string;
  readonly role: AccessRole;
  readonly key: string;
}

/** Shorter keys can be guessed by trying. */
export const MIN_KEY_CHARACTERS = 16;
/** Longer ones would not fit into a request's headers beside all others. */
const MAX_KEY_CHARACTERS = 512;

/** Names that stand in events for somebody else than the holder of a key. */
const RESERVED_NAMES: ReadonlyArray<string> = ['anonymous', 'operator', 'reactors', 'system', 'tidemark'];

const NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$/;

/** Reads `API_KEYS` or `API_KEYS_FILE`: entries between commas or on lines of their own; `#` begins a comment's line. */
export const apiKeys = (environment: Environment, warn: Warn): ReadonlyArray<ApiKey> => {
  const value = secretText(environment, 'API_KEYS', warn);
  if (value === undefined) return [];
  const source = sourceOf(environment, 'API_KEYS');
  const lines = value.split(/\r?\n/).filter((line) => !line.trimStart().startsWith('#'));
  // A file may end its lines with commas, or leave some empty.
  const entries =
    lines.length === 1
      ? value.split(',')
      : lines
          .join(',')
          .split(',')
          .filter((entry) => entry.trim() !== '');
  const keys = entries.map((entry, index) => apiKey(entry, `${source}: entry ${index + 1}`));
  if (keys.length === 0) throw new ConfigurationError(`${source} holds no key`);
  refuseTwice(keys, source);
  return keys;
};

/** Reads `API_KEY` or `API_KEY_FILE`, the key that this program's own clients show. */
export const ownApiKey = (environment: Environment, warn: Warn): string | undefined => {
  const key = secret(environment, 'API_KEY', warn);
  if (key === undefined || isSendable(key)) return key;
  throw new ConfigurationError(`${sourceOf(environment, 'API_KEY')} holds a character that ${NOT_SENDABLE}`);
};

const NOT_SENDABLE = 'no header can carry; it takes visible ASCII without spaces';

const isSendable = (key: string): boolean => /^[\x21-\x7e]+$/.test(key);

/** The sentences count entries and repeat none: who has mixed up the order would find the secret in a log. */
const apiKey = (entry: string, place: string): ApiKey => {
  const [name, role, ...rest] = entry.trim().split(':');
  // A key may hold colons of its own.
  const key = rest.join(':');
  if (name === undefined || name === '' || (role !== 'client' && role !== 'operator') || key === '') {
    throw new ConfigurationError(
      `${place} is not <name>:<client|operator>:<key>; entries are separated by commas (the entry is not repeated here)`,
    );
  }
  if (!NAME.test(name)) {
    throw new ConfigurationError(
      `${place} has a name that can't stand in an event: up to 64 of A-Z a-z 0-9 . _ @ -, a letter or digit first`,
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

/** Who acts is told by the key, and what he may do by the name: neither may stand for two. */
const refuseTwice = (keys: ReadonlyArray<ApiKey>, source: string): void => {
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
        `${source}: the entries ${keyed + 1} and ${index + 1} have the same key; make one for each`,
      );
    }
  });
};
