/** The hash of a request, stored with its idempotency key; it does not depend on the formatting of the JSON. */
import { createHash } from 'node:crypto';

/** Returns the hash of method, path and body. */
export const requestHash = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(`${method} ${path}\n${canonicalJson(body)}`)
    .digest('hex');

/** Serialises a parsed JSON value with sorted keys. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  // Sorting the texts sorts the members by key.
  return `{${members.sort().join()}}`;
};
