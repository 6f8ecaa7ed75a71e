/** Adds one route per command, from the catalog. */
import * as E from 'fp-ts/Either';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Aggregate } from '../../../domain/kernel/aggregate';
import type { AnyCommandDefinition } from '../../../domain/kernel/command-definition';
import { eventId, streamName } from '../../../domain/kernel/recorded-event';
import { Identifier } from '../../../domain/kernel/values';
import type { CommandFailure, CommandRequest, ExpectedVersions } from '../../../infra/commands/command-port';
import { endRequestSpan, requestSpan } from '../../../infra/tracing/http-spans';
import { noTracer, type Tracer } from '../../../infra/tracing/tracer';
import {
  causationIdOf,
  correlationIdOf,
  idempotencyKeyOf,
  preconditionOf,
  traceContextOf,
  type Precondition,
} from '../command-headers';
import { commandProblem, versionMismatch } from '../command-problems';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint, jsonText, type RouteHook, type RouteOptions } from '../endpoint';
import { commandEndpoint } from '../endpoints/commands';
import { explainBody } from '../invalid-body';
import { failWith, ProblemError, sendProblem } from '../problem';
import { allowOnly, flagOf, queryOf } from '../query-parameters';
import { idempotencyScopes, requestHash, type ScopeOf } from '../idempotency';
import { readPage } from '../stream-pages';

type CommandRoute = FastifyRequest<{ Params: { id: string } }>;

/** Adds the routes of all commands of all aggregates. */
export const commandRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  app.decorateRequest('span', undefined);
  const scopeOf = idempotencyScopes(dependencies.reactorToken);
  for (const aggregate of dependencies.catalog.aggregates) {
    for (const definition of aggregate.commands.values()) addCommand(app, dependencies, aggregate, definition, scopeOf);
  }
};

const addCommand = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  aggregate: Aggregate,
  definition: AnyCommandDefinition,
  scopeOf: ScopeOf,
): void => {
  const route = `/${aggregate.path}/:id/${definition.type}`;
  addEndpoint(
    app,
    'POST',
    route,
    commandEndpoint(aggregate, definition),
    async (request, reply) => {
      const commandRequest = commandRequestOf(request, aggregate, definition, scopeOf(request));
      await requireExistence(dependencies, commandRequest, preconditionOf(request.headers));
      const outcome = await dependencies.handleCommand(commandRequest)();
      if (E.isLeft(outcome)) return sendFailure(dependencies, request, reply, outcome.left);
      const { stream, version, position, events, replayed } = outcome.right;
      // Serialised here, in place of Fastify.
      reply.header('content-type', 'application/json; charset=utf-8');
      if (commandRequest.dryRun)
        return reply.code(200).send(jsonText({ dryRun: true, stream, version, position, events }));
      reply.header('etag', `"${version}"`);
      if (version > 0) reply.header('consistency-token', eventId(stream, version));
      if (replayed) reply.header('idempotency-replayed', 'true');
      return reply.code(events.length > 0 ? 201 : 200).send(jsonText({ stream, version, position, events }));
    },
    requestHooks(route, dependencies.tracer),
  );
};

/** First, so that rejected commands have a correlation id too. */
const correlate: RouteHook = (request, reply, next) => {
  request.correlationId = correlationIdOf(request.headers) ?? request.id;
  reply.header('x-correlation-id', request.correlationId);
  next();
};

/** With tracing, the request's span begins after its key was checked, and ends with its answer. */
const requestHooks = (route: string, tracer: Tracer = noTracer): RouteOptions => {
  if (!tracer.isOn) return { onRequest: correlate };
  return {
    onRequest: [
      correlate,
      (request, _reply, next) => {
        request.span = requestSpan(tracer, 'POST', route, traceContextOf(request.headers));
        next();
      },
    ],
    onResponse: (request, { statusCode }, next) => {
      endRequestSpan(request.span, statusCode);
      next();
    },
  };
};

const commandRequestOf = (
  request: CommandRoute,
  aggregate: Aggregate,
  { type, codec }: AnyCommandDefinition,
  scope: string,
): CommandRequest => {
  const { headers, params, body } = request;
  const { id } = params;
  if (!Identifier.is(id))
    failWith('invalid-parameter', `The id in the path is '${params.id}'; it takes an ${Identifier.name}.`);
  const query = queryOf(request);
  allowOnly(query, 'dryRun');
  const data = decodeBody(codec, body);
  const key = idempotencyKeyOf(headers);
  const precondition = preconditionOf(headers);
  const trace = request.span?.context ?? traceContextOf(headers);
  return {
    aggregate,
    command: { type, id, data },
    metadata: {
      correlationId: request.correlationId,
      causationId: causationOf(request),
      actor: request.caller.name,
      ...trace,
    },
    dryRun: flagOf(query, 'dryRun'),
    ...(precondition === undefined || precondition === 'streamExists' ? {} : { expectedVersion: single(precondition) }),
    ...(key === undefined
      ? {}
      : { idempotency: { scope, key, requestHash: requestHash('POST', `/${aggregate.path}/${id}/${type}`, data) } }),
  };
};

const causationOf = ({ headers, id }: FastifyRequest): string => causationIdOf(headers) ?? `request:${id}`;

const single = (versions: ReadonlyArray<number>): ExpectedVersions =>
  versions.length === 1 && versions[0] !== undefined ? versions[0] : versions;

/** The schema has accepted the body; the codec checks more than a schema can express (30 February). */
const decodeBody = (codec: AnyCommandDefinition['codec'], body: unknown): unknown => {
  if (codec.is(body)) return body;
  const failure = explainBody(codec, body);
  if (failure !== undefined) throw new ProblemError(failure);
  throw new Error(`the codec of ${codec.name} rejects a body without an error`);
};

/** `If-Match: *`. Streams are never deleted, so the result still holds when the command is decided. */
const requireExistence = async (
  { store }: ApiDependencies,
  { aggregate, command }: CommandRequest,
  precondition: Precondition | undefined,
): Promise<void> => {
  if (precondition !== 'streamExists') return;
  const stream = streamName(aggregate.category, command.id);
  const [first] = await readPage(store, stream, { afterVersion: 0, limit: 1 });
  if (first === undefined) throw new ProblemError(versionMismatch(stream, '*', 0));
};

const sendFailure = (
  { logger }: ApiDependencies,
  request: FastifyRequest,
  reply: FastifyReply,
  failure: CommandFailure,
): FastifyReply => {
  if (failure._tag === 'StoreUnavailable' || failure._tag === 'UnreadableStream') {
    const { id: requestId, correlationId, url } = request;
    const causationId = causationOf(request);
    logger.error({ requestId, correlationId, causationId, url, ...failure }, 'a command could not be handled');
  }
  return sendProblem(request, reply, commandProblem(failure));
};
