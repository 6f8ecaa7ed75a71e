/** The pieces that every route's documentation is put together from. */
import type { JsonSchema } from '../../../domain/kernel/codec';
import { problemKinds, type ProblemName } from '../problem-kinds';
import { MAX_PARAMETER_LENGTH, MAX_REQUEST_ID } from '../request-values';

/** Responses by status, as Fastify's OpenAPI plugin takes them. */
export type Responses = Readonly<Record<string, unknown>>;

const PROBLEM = { 'application/problem+json': { schema: { $ref: 'Problem#' } } };

/** What any route may answer beside its own. */
const everywhere = [
  'malformed-request',
  'invalid-header',
  'unauthenticated',
  'cross-site-request',
  'request-timeout',
  'foreign-host',
  'too-many-requests',
  'headers-too-large',
  'internal-error',
  'shutting-down',
  'answer-timeout',
] as const;

/** What any route with a body may answer. */
export const withBody = [
  'body-not-json',
  'invalid-body',
  'body-too-large',
  'unsupported-media-type',
  'overloaded',
] as const satisfies ReadonlyArray<ProblemName>;

/** The problems of a route by status; several of one status are told apart by their type. */
export const problemResponses = (...names: ReadonlyArray<ProblemName>): Responses => {
  const byStatus = new Map<number, ReadonlyArray<ProblemName>>();
  for (const name of new Set<ProblemName>([...names, ...everywhere])) {
    const { status } = problemKinds[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
  }
  return Object.fromEntries([...byStatus].map(([status, kinds]) => [String(status), problemResponse(kinds)]));
};

const problemResponse = (names: ReadonlyArray<ProblemName>): unknown => ({
  description: names.map((name) => `\`${name}\`: ${problemKinds[name].title}.`).join(' '),
  content: PROBLEM,
});

/** A response with a JSON body. */
export const jsonResponse = (
  description: string,
  schema: JsonSchema,
  headers?: Readonly<Record<string, JsonSchema>>,
): unknown => ({
  description,
  ...(headers === undefined ? {} : { headers }),
  content: { 'application/json': { schema } },
});

/** An object with these properties, all of them there unless named optional. */
export const objectOf = (
  properties: Readonly<Record<string, JsonSchema>>,
  optional: ReadonlyArray<string> = [],
): JsonSchema => ({
  type: 'object',
  properties,
  required: Object.keys(properties).filter((name) => !optional.includes(name)),
});

/** A page of a list. */
export const pageOf = (item: JsonSchema): JsonSchema =>
  objectOf(
    {
      items: { type: 'array', items: item },
      nextCursor: { type: 'string', description: 'Give it as `cursor` for the next page; absent at the end.' },
    },
    ['nextCursor'],
  );

/** A list that is answered whole. */
export const listOf = (item: JsonSchema): JsonSchema => objectOf({ items: { type: 'array', items: item } });

export const text = (description: string): JsonSchema => ({ type: 'string', description });
export const integer = (description: string): JsonSchema => ({ type: 'integer', description });
export const orNull = (type: string, description: string): JsonSchema => ({ type: [type, 'null'], description });

/** The query parameters of every list. */
export const paging: Readonly<Record<string, JsonSchema>> = {
  limit: { type: 'integer', minimum: 1, maximum: 1_000, default: 50, description: 'How many items at most.' },
  cursor: text('The `nextCursor` of the page before; 404 for any other text.'),
};

/** A number that a request is known by. */
export const requestId = (description: string): JsonSchema => ({
  type: 'integer',
  minimum: 1,
  maximum: MAX_REQUEST_ID,
  description,
});

const MAX_NAME_LENGTH = 100;

/** The name of a projection or a group. */
export const nameText = (description: string): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: MAX_NAME_LENGTH,
  description,
});

/** What stands in an address; a longer one is not looked at. */
export const pathText = (description: string): JsonSchema => ({
  type: 'string',
  minLength: 1,
  maxLength: MAX_PARAMETER_LENGTH,
  description,
});
