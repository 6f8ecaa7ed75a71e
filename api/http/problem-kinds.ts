/** Every kind of problem that the API itself can return. The names are the last parts of `type` URIs: stable, because scripts rely on them. */
import { notFoundKinds } from './not-found-kinds';
import type { ProblemKind } from './problem-kind';

/** The kinds by name; `type` is `/problems/<name>`. */
export const problemKinds = {
  'malformed-request': {
    status: 400,
    title: 'The request is malformed',
    meaning: 'The request is not valid HTTP, or its URL is invalid. The detail says what is wrong.',
  },
  'body-not-json': {
    status: 400,
    title: 'The body is not JSON',
    meaning:
      'The body cannot be parsed. The detail names the line and column where it stops being JSON, or the byte at which it ' +
      'stops being UTF-8.',
  },
  'invalid-body': {
    status: 400,
    title: 'The body is invalid',
    meaning: 'Each entry of `errors` names a path in the body (a JSON pointer) and what is wrong there.',
  },
  'invalid-header': {
    status: 400,
    title: 'Invalid header',
    meaning: 'The detail names the header and what it accepts.',
  },
  'invalid-parameter': {
    status: 400,
    title: 'Invalid parameter',
    meaning: 'The detail names the parameter in the path or the query, and what it accepts.',
  },
  unauthenticated: {
    status: 401,
    title: 'API key required',
    meaning: 'Send a key that this installation knows, as `Authorization: Bearer <key>` or as `X-Api-Key: <key>`.',
  },
  forbidden: {
    status: 403,
    title: 'Forbidden',
    meaning:
      'The key is known, but its role does not allow this call: operations that change something require an operator.',
  },
  'cross-site-request': {
    status: 403,
    title: 'Cross-site request',
    meaning:
      'Browsers may use this API only from its own pages. Other clients are not affected: they send no `Origin`.',
  },
  ...notFoundKinds,
  'method-not-allowed': {
    status: 405,
    title: 'Method not allowed',
    meaning: 'The `Allow` header lists the allowed methods.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    meaning: 'The connection was closed before the whole request had arrived. Send it again.',
  },
  'concurrent-change': {
    status: 409,
    title: 'Concurrent changes',
    meaning: 'The aggregate changed repeatedly while the command was being decided. Send the command again.',
  },
  'request-in-progress': {
    status: 409,
    title: 'The same request is still being processed',
    meaning: 'A request with this Idempotency-Key has not been completed yet. Repeat it shortly to get its response.',
  },
  'rebuild-not-open': {
    status: 409,
    title: 'The rebuild is in another state',
    meaning: 'This request has no effect in the present state of the rebuild; GET /ops/rebuilds/{id} shows it.',
  },
  'event-quarantined': {
    status: 409,
    title: 'The event is dead-lettered or parked',
    meaning:
      'The event of the Consistency-Token, or one before it in its stream, could not be processed by this view. GET /ops/dead-letters shows why; the view includes it once it is redriven.',
  },
  'event-not-blocked': {
    status: 409,
    title: 'The event does not block a partition',
    meaning: 'Only an event that the relay cannot publish can be withheld; `blocked` and /ops/relay list those.',
  },
  'version-mismatch': {
    status: 412,
    title: 'The version does not match',
    meaning:
      'The stream has another version than the one named. Read the stream again, decide again, and send its new version.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'BODY_LIMIT_BYTES sets the limit.',
  },
  'event-too-large': {
    status: 413,
    title: 'The event would be too large to publish',
    meaning:
      'The body is within its limit, but a resulting event is too large: `sizeBytes` is the size of its record, `limitBytes` the upper limit.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'Unsupported media type',
    meaning:
      'Send JSON in UTF-8, with the header `Content-Type: application/json`, and without a `Content-Encoding` (gzip).',
  },
  'foreign-host': {
    status: 421,
    title: 'Unknown host name',
    meaning:
      'The Host header is neither an IP address, nor localhost, nor HOST, BASE_URL or a name in ALLOWED_HOSTS. A web page ' +
      'could have pointed its own host name at this server.',
  },
  'parameters-conflict': {
    status: 422,
    title: 'Conflicting parameters',
    meaning: 'Each parameter is valid by itself, but the combination is not. The detail says which exclude each other.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'Idempotency-Key reused',
    meaning: 'The key was used with another command or body before. A new request needs a new key.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    meaning: 'RATE_LIMIT_PER_SECOND sets the limit per client. `Retry-After` says when to continue.',
  },
  'expectation-failed': {
    status: 417,
    title: 'The expectation is not met',
    meaning: 'The only Expect header that is taken is `100-continue`; leave any other one out.',
  },
  'headers-too-large': {
    status: 431,
    title: 'The headers are too large',
    meaning: 'Send fewer or shorter headers.',
  },
  'internal-error': {
    status: 500,
    title: 'Internal error',
    meaning: 'A defect of this program. The log of the server has the details under the `requestId`.',
  },
  'unreadable-stream': {
    status: 500,
    title: 'Unreadable event in the stream',
    meaning: 'An event does not pass the contracts of this program. The detail names it; an operator must investigate.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    meaning: 'New work is rejected so that accepted work can finish. `Retry-After` says when to retry.',
  },
  'store-unavailable': {
    status: 503,
    title: 'Event store unavailable',
    meaning: 'Nothing was written. The log of the server has the reason (disk full, another writer). Retry later.',
  },
  'store-behind': {
    status: 503,
    title: 'The store is behind its readers',
    meaning:
      'Nothing was written: Kafka or a reader already has events at the next positions of the store. The detail names the positions, and the command that shows how to resolve this.',
  },
  'shutting-down': {
    status: 503,
    title: 'The server is shutting down',
    meaning: 'Send the request again: to another instance, or to this one after its restart.',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    meaning: 'The program is starting or stopping; `checks` shows the state of each part.',
  },
  'view-behind': {
    status: 503,
    title: 'The view has not seen the event yet',
    meaning: 'The wait for the Consistency-Token has timed out. Retry with a longer `wait`, or see /ops/groups.',
  },
  'answer-timeout': {
    status: 503,
    title: 'Timeout',
    meaning:
      'The server did not finish the response in time. A command may still be carried out: repeat it with the same Idempotency-Key.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

/** The name of a kind of problem. */
export type ProblemName = keyof typeof problemKinds;

/** The problems of every route with a body. */
export const withBody = [
  'body-not-json',
  'invalid-body',
  'body-too-large',
  'unsupported-media-type',
  'overloaded',
] as const satisfies ReadonlyArray<ProblemName>;
