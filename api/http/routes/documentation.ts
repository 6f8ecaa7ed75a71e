/** The routes of the OpenAPI and AsyncAPI documents, event schemas and kinds of problems. */
import type { FastifyInstance } from 'fastify';
import { asyncApiOf } from '../../../infra/contracts/async-api';
import { schemaOf } from '../../../infra/contracts/contract-lock';
import type { JsonSchema } from '../../../domain/kernel/codec';
import { versionsOf } from '../../../domain/kernel/event-versions';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint, jsonText } from '../endpoint';
import {
  eventSchema as eventSchemaEndpoint,
  problemKind,
  problems,
  type ProblemKindResponse,
} from '../endpoints/documentation';
import { failWith } from '../problem';
import type { ProblemKind } from '../problem-kind';
import { problemKinds } from '../problem-kinds';

/** Adds the documentation. It needs no key: it contains no data, and rejected clients must be able to read why. */
export const documentationRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  const open = { access: 'open' } as const;

  let document: string | undefined;
  app.get('/openapi.json', { config: open }, (_request, reply) => {
    document ??= JSON.stringify(app.swagger());
    return reply.header('content-type', 'application/json; charset=utf-8').send(document);
  });

  let asyncDocument: string | undefined;
  app.get('/asyncapi.json', { config: open }, (_request, reply) => {
    asyncDocument ??= JSON.stringify(asyncApiOf(dependencies.catalog));
    return reply.header('content-type', 'application/json; charset=utf-8').send(asyncDocument);
  });

  addEndpoint(app, 'GET', '/schemas/:type/:version', eventSchemaEndpoint, ({ params }, reply) => {
    reply.header('content-type', 'application/schema+json; charset=utf-8');
    return reply.code(200).send(jsonText(eventSchema(dependencies, params.type, params.version)));
  });

  addEndpoint(app, 'GET', '/problems', problems, () => ({
    items: Object.entries(problemKinds).map(([name, kind]) => toResponse(name, kind)),
  }));
  addEndpoint(app, 'GET', '/problems/:name', problemKind, ({ params: { name } }) => {
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) failWith('unknown-route', `'${name}' is not the name of a problem.`);
    // `Object.hasOwn` would not narrow the name.
    const kind = (problemKinds as Readonly<Record<string, ProblemKind | undefined>>)[name];
    return toResponse(name, kind ?? REJECTION);
  });
};

const toResponse = (name: string, { title, status, meaning }: ProblemKind): ProblemKindResponse => ({
  type: `/problems/${name}`,
  title,
  status,
  meaning,
});

/** Aggregates define their own rejections; this explains what they have in common. */
const REJECTION: ProblemKind = {
  status: 422,
  title: 'An aggregate rejected the command',
  meaning:
    'Not a problem of the API itself: with status 422, a business rule of the aggregate rejects the command. ' +
    'The detail explains it, `rejection` names it, and nothing was changed.',
};

const eventSchema = ({ catalog }: ApiDependencies, type: string, version: string): JsonSchema => {
  const definition = catalog.eventDefinition(type);
  const versions = definition === undefined ? [] : versionsOf(definition);
  const found = versions.find((each) => each.type === type && String(each.schemaVersion) === version);
  if (found === undefined) {
    const known = versions.map((each) => `${each.type}/${each.schemaVersion}`).join(', ');
    const here = known === '' ? '' : `; this program has ${known}`;
    return failWith('unknown-schema', `'${type}' has no schema version '${version}'${here}.`);
  }
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `/schemas/${type}/${version}`,
    title: type,
    description: found.meaning,
    ...(found.superseded === undefined ? {} : { deprecated: true }),
    ...schemaOf(found),
  };
};
