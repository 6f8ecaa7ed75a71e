/** The OpenAPI document, generated from the routes; nothing of it is written by hand a second time. */
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
  type: field(t.string, 'Which kind of problem: stable, made for programs; an address that explains it.'),
  title: field(t.string, 'The same for people.'),
  status: field(Integer, 'The HTTP status.'),
  detail: field(t.string, 'What is wrong with this request, and what to do.'),
  instance: optionalField(t.string, 'The path that was asked for.'),
  errors: optionalField(
    t.readonlyArray(
      record('error', {
        path: field(t.string, 'A JSON pointer; `/` for the body itself.'),
        message: field(t.string, 'What is wrong.'),
      }),
    ),
    'For a body: every path that fails.',
  ),
  rejection: optionalField(t.string, 'For a rejected command: the business reason.'),
});

/** A kind of problem may have further members, for programs. */
const problemSchema: JsonSchema = {
  $id: 'Problem',
  description: 'What went wrong (RFC 9457).',
  ...jsonSchemaOf(Problem, {}),
  additionalProperties: true,
};

/** Watches the routes that are added to `app` after it; `app.swagger()` then gives the document. */
export const describeApi = async (app: FastifyInstance, { catalog, apiKeys }: ApiDependencies): Promise<void> => {
  app.addSchema(problemSchema);
  for (const schema of componentSchemas) app.addSchema(schema);
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Tidemark',
        version: '1',
        description: 'Commands go in, events are kept, views come out. Errors are RFC 9457 problems.',
      },
      tags: [
        ...catalog.aggregates.map(({ path, meaning }) => ({ name: path, description: meaning })),
        { name: 'views', description: 'Read models.' },
        { name: 'streams', description: 'What happened, event by event.' },
        { name: 'operations', description: 'How the flow stands; rebuilds.' },
        { name: 'failures', description: 'What failed for good, and its way back.' },
        { name: 'health', description: 'For orchestrators.' },
        { name: 'documentation', description: 'What the API is, and what its contracts are.' },
      ],
      components: {
        securitySchemes: {
          bearer: { type: 'http', scheme: 'bearer', description: 'An API key.' },
          header: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'The same key.' },
        },
      },
      // Without configured keys everything is open.
      ...(apiKeys.length === 0 ? {} : { security: [{ bearer: [] }, { header: [] }] }),
    },
    hideUntagged: true,
    refResolver: { buildLocalReference: ({ $id }, _baseUri, _fragment, index) => nameOf($id, index) },
    transform: ({ schema, url, route }) => ({
      // A route without any schema of its own comes as undefined, whatever the plugin's types say.
      schema: { ...(schema as typeof schema | undefined), ...documentationOf(route.config?.endpoint) },
      url,
    }),
    transformObject: withOptionalBodies,
  });
};

const documentationOf = (declared: Endpoint | undefined): FastifySchema =>
  declared === undefined ? {} : documentEndpoint(declared);

/** The plugin calls every body required; one of which every field may be left out is not. */
const withOptionalBodies: NonNullable<FastifyDynamicSwaggerOptions['transformObject']> = (made) => {
  const document = 'openapiObject' in made ? made.openapiObject : made.swaggerObject;
  for (const { post } of Object.values(document.paths ?? {}) as ReadonlyArray<PathItem>) {
    const body = post?.requestBody;
    const schema = body?.content['application/json']?.schema;
    if (body !== undefined && schema?.required?.length === 0) body.required = false;
  }
  return document;
};

/** The part of the document that is changed above. */
interface PathItem {
  readonly post?: {
    readonly requestBody?: {
      required: boolean;
      readonly content: Readonly<Record<string, { readonly schema: { readonly required?: ReadonlyArray<string> } }>>;
    };
  };
}

const nameOf = (id: unknown, index: number): string => (typeof id === 'string' ? id : `schema-${index}`);
