/** The OpenAPI document, generated from the routes. */
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifyInstance, FastifySchema } from 'fastify';
import * as t from 'io-ts';
import { field, optionalField, record, type JsonSchema } from '../../../domain/kernel/codec';
import { jsonSchemaOf } from '../../../domain/kernel/json-schema';
import { Integer } from '../../../domain/kernel/values';
import type { ApiDependencies } from '../dependencies';
import type { Endpoint } from '../endpoint';
import { componentSchemas, documentEndpoint } from './document-endpoint';

const Problem = record('problem', {
  type: field(t.string, 'The kind of problem: a stable URL for programs, which leads to its explanation.'),
  title: field(t.string, 'The kind of problem as text.'),
  status: field(Integer, 'The HTTP status.'),
  detail: field(t.string, 'What is wrong with this request, and how to correct it.'),
  instance: optionalField(t.string, 'The path of the request.'),
  errors: optionalField(
    t.readonlyArray(
      record('error', {
        path: field(t.string, 'A JSON pointer; `/` for the body itself.'),
        message: field(t.string, 'What is wrong.'),
      }),
    ),
    'For an invalid body: the failing paths.',
  ),
  rejection: optionalField(t.string, 'For a rejected command: the business reason.'),
});

/** A kind of problem may have further members. */
const problemSchema: JsonSchema = {
  $id: 'Problem',
  description: 'A problem (RFC 9457).',
  ...jsonSchemaOf(Problem, {}),
  additionalProperties: true,
};

/** Collects the routes that are added to `app` afterwards; `app.swagger()` then returns the document. */
export const describeApi = async (app: FastifyInstance, { catalog, apiKeys }: ApiDependencies): Promise<void> => {
  app.addSchema(problemSchema);
  for (const schema of componentSchemas) app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tidemark',
        version: '1',
        description: 'Commands append events to streams; views are read models of them. Errors are RFC 9457 problems.',
      },
      tags: [
        ...catalog.aggregates.map(({ path, meaning }) => ({ name: path, description: meaning })),
        { name: 'views', description: 'Read models.' },
        { name: 'streams', description: 'The events of an aggregate.' },
        { name: 'operations', description: 'State of the relay, consumer groups and projections; rebuilds.' },
        { name: 'failures', description: 'Dead letters, redrives, and commands that were set aside.' },
        { name: 'health', description: 'For orchestrators.' },
        { name: 'documentation', description: 'Schemas of events and the meaning of problems.' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
          header: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'The same key.' },
        },
      },
      // Without configured keys, no request needs one.
      ...(apiKeys.length === 0 ? {} : { security: [{ bearer: [] }, { header: [] }] }),
    },
    hideUntagged: true,
    refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, index) => nameOf($id, index) },
    transform: ({ schema, url, route }) => ({
      // A route without a schema is passed as undefined, contrary to the plugin's types.
      schema: { ...(schema as typeof schema | undefined), ...documentationOf(route.config?.endpoint) },
      url,
    }),
    transformObject: withOptionalBodies,
  });
};

const documentationOf = (declared: Endpoint | undefined): FastifySchema =>
  declared === undefined ? {} : documentEndpoint(declared);

/** The plugin marks every body as required; one with only optional fields is not. */
const withOptionalBodies: NonNullable<FastifyDynamicSwaggerOptions['transformObject']> = (made) => {
  const document = 'openapiObject' in made ? made.openapiObject : made.swaggerObject;
  for (const { post } of Object.values(document.paths ?? {}) as ReadonlyArray<PathItem>) {
    const body = post?.requestBody;
    const schema = body?.content['application/json']?.schema;
    if (body !== undefined && schema?.required?.length === 0) body.required = false;
  }
  return document;
};

/** The part of the document that `withOptionalBodies` changes. */
interface PathItem {
  readonly post?: {
    readonly requestBody?: {
      required: boolean;
      readonly content: Readonly<Record<string, { readonly schema: { readonly required?: ReadonlyArray<string> } }>>;
    };
  };
}

const nameOf = (id: unknown, index: number): string => (typeof id === 'string' ? id : `schema-${index}`);
