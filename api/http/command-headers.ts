/** The request headers of a command. */
import type { IncomingHttpHeaders } from 'node:http';
import { Identifier } from '../../domain/kernel/values';
import type { TraceContext } from '../../infra/tracing/tracer';
import { tagCondition, type EntityTag } from './entity-tags';
import { failWith } from './problem';

/** Printable ASCII without space at either end, which HTTP strips from header values. */
export const SENDABLE_PATTERN = '^[!-~](?:[ -~]{0,253}[!-~])?$';
const SENDABLE = /^[\x20-\x7e]{1,255}$/;
const VERSION_TAG = /^"(0|[1-9]\d{0,14})"$/;
const TRACE_PARENT = /^([0-9a-f]{2})-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?$/;

/** A list of `key=value`: up to 512 characters have to be passed on, more are not. */
const TRACE_STATE = /^[a-z0-9][ -~]{0,511}$/;

/** What `If-Match` and `If-None-Match` require: one of these versions, or (with `*`) that the stream has events. */
export type Precondition = ReadonlyArray<number> | 'streamExists';

/** From `Idempotency-Key`: 1 to 255 printable characters. */
export const idempotencyKeyOf = (headers: IncomingHttpHeaders): string | undefined => {
  const key = headers['idempotency-key'];
  if (key === undefined) return undefined;
  if (typeof key === 'string' && SENDABLE.test(key)) return key;
  return failWith('invalid-header', 'Idempotency-Key must have 1 to 255 printable ASCII characters.');
};

/**
 * From `If-Match`, and from `If-None-Match: *`, which requires a stream without events. Comparison is strong: a weak tag, and
 * a tag that is not a version, is accepted and never matches.
 */
export const preconditionOf = (headers: IncomingHttpHeaders): Precondition | undefined => {
  const match = tagCondition(headers, 'if-match');
  const noneMatch = tagCondition(headers, 'if-none-match');
  if (noneMatch !== undefined && noneMatch !== '*') {
    failWith(
      'invalid-header',
      'A command accepts only If-None-Match: *, which requires that the aggregate does not exist yet.',
    );
  }
  const versions = match === undefined || match === '*' ? match : match.flatMap(versionOf);
  if (noneMatch === undefined) return versions === '*' ? 'streamExists' : versions;
  if (versions === undefined) return [0];
  return versions === '*' ? [] : versions.filter((version) => version === 0);
};

const versionOf = ({ isWeak, opaque }: EntityTag): ReadonlyArray<number> => {
  const version = isWeak ? undefined : VERSION_TAG.exec(opaque)?.[1];
  return version === undefined ? [] : [Number(version)];
};

/** From `X-Correlation-Id`. */
export const correlationIdOf = (headers: IncomingHttpHeaders): string | undefined => {
  const id = headers['x-correlation-id'];
  if (id === undefined || Identifier.is(id)) return id;
  return failWith('invalid-header', `X-Correlation-Id must be an ${Identifier.name}.`);
};

/** From `X-Causation-Id`: usually the id of an event, `order-o1@3`. */
export const causationIdOf = (headers: IncomingHttpHeaders): string | undefined => {
  const id = headers['x-causation-id'];
  if (id === undefined) return undefined;
  if (typeof id === 'string' && SENDABLE.test(id)) return id;
  return failWith('invalid-header', 'X-Causation-Id must have 1 to 255 printable ASCII characters.');
};

/**
 * From `traceparent` and `tracestate`. A malformed one is ignored, as W3C Trace Context requires; tracing must never fail a
 * request.
 */
export const traceContextOf = (headers: IncomingHttpHeaders): TraceContext | undefined => {
  const traceparent = traceparentOf(headers);
  if (traceparent === undefined) return undefined;
  const { tracestate } = headers;
  const isUsable = typeof tracestate === 'string' && TRACE_STATE.test(tracestate);
  return isUsable ? { traceparent, tracestate } : { traceparent };
};

const traceparentOf = (headers: IncomingHttpHeaders): string | undefined => {
  const value = headers['traceparent'];
  if (typeof value !== 'string') return undefined;
  const match = TRACE_PARENT.exec(value);
  if (match === null) return undefined;
  const [, version, more] = match;
  const isKnownShape = version !== 'ff' && (version !== '00' || more === undefined);
  return isKnownShape ? value : undefined;
};
