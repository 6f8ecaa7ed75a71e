/** The pieces that every route's documentation is put together from. */
import type { JsonSchema } from '../../../domain/kernel/codec';
import { problemKinds, type ProblemName } from '../problem-kinds';

/** Responses by status, as Fastify's OpenAPI plugin takes them. */
export type Responses = Readonly<Record<string, unknown>>;

const PROBLEM = { 'application/problem+json': { schema: { $ref: 'Problem#' } } };

/** What any route may answer beside its own. */
const everywhere = ['unauthenticated', 'too-many-requests', 'internal-error', 'shutting-down'] as const;

/** The problems of a route by status; several of one status are told apart by their type. */
export const problemResponses = (...names: ReadonlyArray<ProblemName>): Responses => {
  const byStatus = new Map<number, ReadonlyArray<ProblemName>>();
  for (const name of [...names, ...everywhere]) {
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
  cursor: text('The `nextCursor` of the page before.'),
};
