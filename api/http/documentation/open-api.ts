/** The OpenAPI document, generated from the routes; nothing of it is written by hand a second time. */
import swagger, { type FastifyDynamicSwaggerOptions } from '@fastify/swagger';
import type { FastifyInstance } from 'fastify';
import type { JsonSchema } from '../../../domain/kernel/codec';
import type { ApiDependencies } from '../dependencies';
import { commandAnswerSchema } from './command-documentation';
import { integer, objectOf, text } from './responses';

const problemSchema: JsonSchema = {
  $id: 'Problem',
  description: 'What went wrong (RFC 9457).',
  ...objectOf(
    {
      type: text('Which kind of problem: stable, made for programs; an address that explains it.'),
      title: text('The same for people.'),
      status: integer('The HTTP status.'),
      detail: text('What is wrong with this request, and what to do.'),
      instance: text('The path that was asked for.'),
      errors: {
        type: 'array',
        description: 'For a body: every path that fails.',
        items: objectOf({ path: text('A JSON pointer; `/` for the body itself.'), message: text('What is wrong.') }),
      },
      rejection: text('For a rejected command: the business reason.'),
    },
    ['instance', 'errors', 'rejection'],
  ),
};

/** Watches the routes that are added to `app` after it; `app.swagger()` then gives the document. */
export const describeApi = async (app: FastifyInstance, { catalog, apiKeys }: ApiDependencies): Promise<void> => {
  app.addSchema(problemSchema);
  app.addSchema(commandAnswerSchema);
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
      schema: { ...(schema as typeof schema | undefined), ...route.config?.documentation },
      url,
    }),
    transformObject: withOptionalBodies,
  });
};

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
