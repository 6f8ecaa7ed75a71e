/** Every problem that the API itself can answer with. The names are the ends of `type` URIs: stable, scripts rely on them. */
import { notFoundKinds } from './not-found-kinds';
import type { ProblemKind } from './problem-kind';

/** By name; `type` is `/problems/<name>`. */
export const problemKinds = {
  'malformed-request': {
    status: 400,
    title: 'The request is malformed',
    meaning: 'The request is not valid HTTP, or its address is no valid URL. The detail says what is wrong.',
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
    title: 'The body is not what this route takes',
    meaning: 'Each entry of `errors` names a path in the body (a JSON pointer) and what is wrong there.',
  },
  'invalid-header': {
    status: 400,
    title: 'A header cannot be understood',
    meaning: 'The detail names the header and what it takes.',
  },
  'invalid-parameter': {
    status: 400,
    title: 'A part of the address cannot be understood',
    meaning: 'The detail names the parameter in the path or the query, and what it takes.',
  },
  unauthenticated: {
    status: 401,
    title: 'A key is needed',
    meaning: 'Send a key that this installation knows, as `Authorization: Bearer <key>` or as `X-Api-Key: <key>`.',
  },
  forbidden: {
    status: 403,
    title: 'This key may not do that',
    meaning:
      'The key is known, but its role does not allow this call: operations that change something take an operator.',
  },
  'cross-site-request': {
    status: 403,
    title: 'A page of another site sent this',
    meaning: 'Browsers may use this API from its own pages only. Programs are not affected: they send no `Origin`.',
  },
  ...notFoundKinds,
  'method-not-allowed': {
    status: 405,
    title: 'The route does not take this method',
    meaning: 'The `Allow` header lists the methods that it takes.',
  },
  'request-timeout': {
    status: 408,
    title: 'The request took too long to arrive',
    meaning: 'The connection was closed before the whole request was there. Send it again.',
  },
  'concurrent-change': {
    status: 409,
    title: 'The stream kept changing',
    meaning: 'Others changed the same aggregate again and again while the command was decided. Send it again.',
  },
  'request-in-progress': {
    status: 409,
    title: 'The same request is under way',
    meaning: 'A request with this Idempotency-Key has not been answered yet. Ask again in a moment for its answer.',
  },
  'rebuild-not-open': {
    status: 409,
    title: 'The rebuild does not stand where this would change anything',
    meaning: 'GET /ops/rebuilds/{id} says how it stands.',
  },
  'event-quarantined': {
    status: 409,
    title: 'The event waits behind a failure',
    meaning:
      'The event of the Consistency-Token, or one before it in its stream, failed in this view. GET /ops/dead-letters says why; it is in the view once it is redriven.',
  },
  'event-not-blocked': {
    status: 409,
    title: 'The event does not block a partition',
    meaning: 'Only an event that the relay cannot publish can be withheld; `blocked` and /ops/relay name those.',
  },
  'version-mismatch': {
    status: 412,
    title: 'If-Match does not hold',
    meaning: 'The stream has another version than the one named. Read it again, decide again, and name its version.',
  },
  'body-too-large': {
    status: 413,
    title: 'The body is too large',
    meaning: 'BODY_LIMIT_BYTES sets the limit of this installation.',
  },
  'event-too-large': {
    status: 413,
    title: 'The event would be too large to publish',
    meaning:
      'The body is within its limit, but an event that follows from it is not: `sizeBytes` is the size of its record, `limitBytes` the largest that can be published.',
  },
  'unsupported-media-type': {
    status: 415,
    title: 'The body has the wrong type',
    meaning:
      'Send JSON in UTF-8, with the header `Content-Type: application/json`, and without a `Content-Encoding` (gzip).',
  },
  'foreign-host': {
    status: 421,
    title: 'This server has another name',
    meaning:
      'The Host header names neither an address, nor localhost, nor HOST, BASE_URL or a name of ALLOWED_HOSTS. A web page ' +
      'could have pointed a name of its own at this server.',
  },
  'parameters-conflict': {
    status: 422,
    title: 'These do not go together',
    meaning: 'Each parameter is right by itself; together they mean nothing. The detail says which exclude each other.',
  },
  'idempotency-key-reused': {
    status: 422,
    title: 'The Idempotency-Key belongs to another request',
    meaning: 'The key came with another command or body before. A new request takes a new key.',
  },
  'too-many-requests': {
    status: 429,
    title: 'Too many requests',
    meaning: 'RATE_LIMIT_PER_SECOND sets how many a client may send. `Retry-After` says when to go on.',
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
    title: 'The stream holds an event that cannot be read',
    meaning: 'An event does not pass the contracts of this program. The detail names it; an operator has to look.',
  },
  overloaded: {
    status: 503,
    title: 'Overloaded',
    meaning: 'New work is turned away so that accepted work gets done. `Retry-After` says when to come again.',
  },
  'store-unavailable': {
    status: 503,
    title: 'The event store cannot be reached',
    meaning: 'Nothing was written. The log of the server has the reason (disk full, another writer). Come again later.',
  },
  'store-behind': {
    status: 503,
    title: 'The store is older than what was made from it',
    meaning:
      'Nothing was written: the next positions of the store are taken in Kafka or by its readers. The detail names the numbers, and the command that shows the ways out.',
  },
  'shutting-down': {
    status: 503,
    title: 'The server is shutting down',
    meaning: 'Send the request again: to another instance, or to this one once it is back.',
  },
  'not-ready': {
    status: 503,
    title: 'Not ready',
    meaning: 'The program is starting or stopping; `checks` says how each part stands.',
  },
  'view-behind': {
    status: 503,
    title: 'The view has not seen the event yet',
    meaning: 'The wait for the Consistency-Token is over. Ask again, with a longer `wait`, or look at /ops/groups.',
  },
  'answer-timeout': {
    status: 503,
    title: 'The answer took too long',
    meaning: 'The server gave up. A command may still be carried out: repeat it with the same Idempotency-Key.',
  },
} as const satisfies Readonly<Record<string, ProblemKind>>;

/** The name of a kind. */
export type ProblemName = keyof typeof problemKinds;

/** What any route with a body may answer. */
export const withBody = [
  'body-not-json',
  'invalid-body',
  'body-too-large',
  'unsupported-media-type',
  'overloaded',
] as const satisfies ReadonlyArray<ProblemName>;
