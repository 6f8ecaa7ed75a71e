/** What an idempotency key stands for: a hash over the request, the same however its JSON was written. */
import { createHash } from 'node:crypto';

/** Over method, path and body. */
export const requestHash = (method: string, path: string, body: unknown): string =>
  createHash('sha256')
    .update(`${method} ${path}\n${canonicalJson(body)}`)
    .digest('hex');

/** JSON with the keys of every object in order. */
export const canonicalJson = (value: unknown): string => JSON.stringify(value, inKeyOrder);

const inKeyOrder = (_key: string, value: unknown): unknown => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1)));
};
