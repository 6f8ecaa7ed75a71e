/** What the OpenAPI document says of an endpoint, from its declaration. */
import type { FastifySchema } from 'fastify';
import * as t from 'io-ts';
import { record, type AnyField, type Fields, type JsonSchema } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import type { Answer, Endpoint } from '../endpoint';
import { problemKinds, type ProblemName } from '../problem-kinds';
import { CommandAnswer } from '../endpoints/commands';

/** Codecs that the document names once, and refers to. */
const components: ReadonlyMap<t.Mixed, { readonly name: string; readonly description: string }> = new Map([
  [CommandAnswer, { name: 'CommandAnswer', description: 'What came of a command.' }],
]);

/** The schemas behind the names, beside that of problems. */
export const componentSchemas: ReadonlyArray<JsonSchema> = [...components].map(([codec, { name, description }]) => ({
  $id: name,
  description,
  ...jsonSchemaOf(codec, {}),
}));

const PROBLEM = { 'application/problem+json': { schema: { $ref: 'Problem#' } } };

/** What any route may answer beside its own. */
const everywhere = [
  'malformed-request',
  'invalid-header',
  'cross-site-request',
  'request-timeout',
  'foreign-host',
  'too-many-requests',
  'expectation-failed',
  'headers-too-large',
  'internal-error',
  'shutting-down',
  'answer-timeout',
] as const satisfies ReadonlyArray<ProblemName>;

const onlyWithKey = ['unauthenticated'] as const satisfies ReadonlyArray<ProblemName>;

/** An endpoint as Fastify's OpenAPI plugin takes it. */
export const documentEndpoint = (declared: Endpoint): FastifySchema => {
  const { operationId, tag, summary, params, query, headers, access } = declared;
  return {
    operationId,
    ...(tag === undefined ? {} : { tags: [tag] }),
    summary,
    ...(access === 'open' ? { security: [] } : {}),
    ...(declared.body !== undefined && Object.keys(declared.body.fields).length === 0
      ? { description: 'Takes an empty body.' }
      : {}),
    ...(params === undefined ? {} : { params: parameters(params) }),
    ...(query === undefined ? {} : { querystring: parameters(query) }),
    ...(headers === undefined ? {} : { headers: parameters(headers) }),
    response: responsesOf(declared),
  };
};

/** Parts of an address and headers say of themselves what they take; other names are looked at by code. */
const parameters = (fields: Fields): JsonSchema => jsonSchemaOf(record('parameters', fields), {});

const responsesOf = ({ access, answers, problems, rejections = {} }: Endpoint): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(Object.entries(answers).map(([status, each]) => [status, responseOf(each)])),
  ...problemResponses([...problems, ...everywhere, ...(access === 'open' ? [] : onlyWithKey)]),
  ...Object.fromEntries(
    Object.entries(rejections).map(([status, description]) => [status, { description, content: PROBLEM }]),
  ),
});

const responseOf = ({ description, codec, headers, mediaType = 'application/json' }: Answer<t.Mixed>): unknown => {
  if (codec instanceof t.UndefinedType) return { type: 'null', description };
  const name = components.get(codec)?.name;
  const schema = name === undefined ? jsonSchemaOf(codec, {}) : { $ref: `${name}#` };
  return {
    description,
    ...(headers === undefined ? {} : { headers: headersOf(headers) }),
    content: { [mediaType]: { schema } },
  };
};

const headersOf = (headers: Fields): Readonly<Record<string, JsonSchema>> =>
  Object.fromEntries(
    Object.entries<AnyField>(headers).map(([name, { codec, meaning }]) => [
      name,
      { ...jsonSchemaOf(codec, {}), description: meaning },
    ]),
  );

/** The problems of a route by status; several of one status are told apart by their type. */
const problemResponses = (names: ReadonlyArray<ProblemName>): Readonly<Record<string, unknown>> => {
  const byStatus = new Map<number, ReadonlyArray<ProblemName>>();
  for (const name of new Set(names)) {
    const { status } = problemKinds[name];
    byStatus.set(status, [...(byStatus.get(status) ?? []), name]);
  }
  return Object.fromEntries([...byStatus].map(([status, kinds]) => [String(status), problemResponse(kinds)]));
};

const problemResponse = (names: ReadonlyArray<ProblemName>): unknown => ({
  description: names.map((name) => `\`${name}\`: ${problemKinds[name].title}.`).join(' '),
  content: PROBLEM,
});
