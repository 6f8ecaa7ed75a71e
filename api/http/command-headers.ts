/** The headers that come beside a command. */
import type { IncomingHttpHeaders } from 'node:http';
import { Identifier } from '../../domain/kernel/values';
import { failWith } from './problem';

const SENDABLE = /^[\x20-\x7e]{1,255}$/;
const VERSION_TAG = /^"(0|[1-9]\d{0,14})"$/;
const TRACE_PARENT = /^([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** What `If-Match` asks for: one version, or (with `*`) that the stream has events at all. */
export type Precondition = number | 'streamExists';

/** From `Idempotency-Key`: 1 to 255 printable characters. */
export const idempotencyKeyOf = (headers: IncomingHttpHeaders): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && SENDABLE.test(key)) return key;
  return failWith('invalid-header', 'Idempotency-Key takes 1 to 255 printable ASCII characters.');
};

/** From `If-Match`. */
export const preconditionOf = (headers: IncomingHttpHeaders): Precondition | undefined => {
  const tag = headers['if-match'];
  if (tag === undefined) return undefined;
  if (tag.trim() === '*') return 'streamExists';
  const version = VERSION_TAG.exec(tag.trim())?.[1];
  if (version !== undefined) return Number(version);
  const detail = `If-Match is ${tag}; it takes one version of the stream in quotes, such as "2", or *.`;
  return failWith('invalid-header', detail);
};

/** From `X-Correlation-Id`. */
export const correlationIdOf = (headers: IncomingHttpHeaders): string | undefined => {
  const id = headers['x-correlation-id'];
  if (id === undefined || Identifier.is(id)) return id;
  return failWith('invalid-header', `X-Correlation-Id takes an ${Identifier.name}.`);
};

/** From `X-Causation-Id`: usually the id of an event, `order-o1@3`. */
export const causationIdOf = (headers: IncomingHttpHeaders): string | undefined => {
  const id = headers['x-causation-id'];
  if (id === undefined) return undefined;
  if (typeof id === 'string' && SENDABLE.test(id)) return id;
  return failWith('invalid-header', 'X-Causation-Id takes 1 to 255 printable ASCII characters.');
};

/** From `traceparent`. A malformed one is ignored, as W3C Trace Context asks; nobody's order fails for its tracing. */
export const traceparentOf = (headers: IncomingHttpHeaders): string | undefined => {
  const value = headers['traceparent'];
  if (typeof value !== 'string') return undefined;
  const match = TRACE_PARENT.exec(value);
  if (match === null) return undefined;
  const [, version, more] = match;
  const isKnownShape = version !== 'ff' && (version !== '00' || more === undefined);
  return isKnownShape ? value : undefined;
};
