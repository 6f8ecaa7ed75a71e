/** Generates the OpenAPI description of an endpoint from its declaration. */
import type { FastifySchema } from 'fastify';
import * as t from 'io-ts';
import { record, type AnyField, type Fields, type JsonSchema } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import type { Answer, Endpoint } from '../endpoint';
import { problemKinds, type ProblemName } from '../problem-kinds';
import { CommandAnswer } from '../endpoints/commands';

/** Codecs that the document defines once and refers to by name. */
const components: ReadonlyMap<t.Mixed, { readonly name: string; readonly description: string }> = new Map([
  [CommandAnswer, { name: 'CommandAnswer', description: 'The result of a command.' }],
]);

/** The schemas of the named components, except for Problem. */
export const componentSchemas: ReadonlyArray<JsonSchema> = [...components].map(([codec, { name, description }]) => ({
  $id: name,
  description,
  ...jsonSchemaOf(codec, {}),
}));

const PROBLEM = { 'application/problem+json': { schema: { $ref: 'Problem#' } } };

/** Problems that every route may return besides its own. */
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

const onlyWithKeys = ['unauthenticated'] as const satisfies ReadonlyArray<ProblemName>;

/** Returns an endpoint's schema for Fastify's OpenAPI plugin. */
export const documentEndpoint = (declared: Endpoint): FastifySchema => {
  const { operationId, tag, summary, params, query, headers, access } = declared;
  return {
    operationId,
    ...(tag === undefined ? {} : { tags: [tag] }),
    summary,
    ...(access === 'open' ? { security: [] } : {}),
    ...(declared.body !== undefined && Object.keys(declared.body.fields).length === 0
      ? { description: 'The body must be empty.' }
      : {}),
    ...(params === undefined ? {} : { params: parameters(params) }),
    ...(query === undefined ? {} : { querystring: parameters(query) }),
    ...(headers === undefined ? {} : { headers: parameters(headers) }),
    response: responsesOf(declared),
  };
};

/** Only the declared parameters are documented; the code checks other names itself. */
const parameters = (fields: Fields): JsonSchema => jsonSchemaOf(record('parameters', fields), {});

const responsesOf = ({ access, answers, problems, rejections = {} }: Endpoint): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(Object.entries(answers).map(([status, each]) => [status, responseOf(each)])),
  ...problemResponses([...problems, ...everywhere, ...(access === 'open' ? [] : onlyWithKeys)]),
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

/** The problems of a route by status; problems with the same status differ in their type. */
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
