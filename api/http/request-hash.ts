/** What an idempotency key stands for: a hash over the request, the same however its JSON was written. */
import { createHash } from 'node:crypto';

/** Over method, path and body. */
export const requestHash = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(`${method} ${path}\n${canonicalJson(body)}`)
    .digest('hex');

/** JSON with the keys of every object in order. Takes what came as JSON, and nothing else. */
export const canonicalJson = (value: unknown): string => {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  const members = Object.entries(value).map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  // As text, so that members are in the order of their keys.
  return `{${members.sort().join()}}`;
};
