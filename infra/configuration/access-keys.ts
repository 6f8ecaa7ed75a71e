/** The keys that callers of the API show. */
import { ConfigurationError, text, type Environment } from './values';

/** What a caller who shows a key may do: `client` sends commands and reads, `operator` does everything. */
export type AccessRole = 'client' | 'operator';

/** A key, whom it stands for, and what that caller may do. */
export interface ApiKey {
  readonly name: string;
  readonly role: AccessRole;
  readonly key: string;
}

/** Reads `API_KEYS`. */
export const apiKeys = (environment: Environment): ReadonlyArray<ApiKey> => {
  const value = text(environment, 'API_KEYS');
  if (value === undefined) return [];
  return value.split(',').map((entry) => {
    const [name, role, ...rest] = entry.trim().split(':');
    // A key may hold colons of its own.
    const key = rest.join(':');
    if (name !== undefined && name !== '' && (role === 'client' || role === 'operator') && key !== '')
      return { name, role, key };
    // The entry itself is not repeated: it holds a secret.
    throw new ConfigurationError(
      'API_KEYS holds an entry that is not <name>:<client|operator>:<key>; entries are separated by commas',
    );
  });
};
