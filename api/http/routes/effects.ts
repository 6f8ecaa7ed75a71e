/** The routes of effects. */
import type { FastifyInstance } from 'fastify';
import type { EffectMode } from '../../../infra/reactors/processes/processes';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { drainEffect, effectList, effectResults, pauseEffect, resumeEffect } from '../endpoints/effects';
import { submitRequest } from '../operation-submission';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf } from '../query-parameters';

/** Adds the routes under `/ops/effects`. */
export const effectRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  addEndpoint(app, 'GET', '/ops/effects', effectList, (request) => {
    allowOnly(queryOf(request));
    return { items: dependencies.effects() };
  });

  addEndpoint(app, 'GET', '/ops/effects/:effect/results', effectResults, (request) => {
    const query = queryOf(request);
    allowOnly(query, 'key', 'limit');
    const { key } = query;
    const filter = { effect: knownEffect(dependencies, request.params.effect), ...(key === undefined ? {} : { key }) };
    return { items: dependencies.effectResults(filter, limitOf(query)) };
  });

  const setMode = async (name: string, mode: EffectMode, actor: string) => {
    const effect = knownEffect(dependencies, name);
    const { id: requestId } = await submitRequest(dependencies, 'effect-mode', { group: effect, mode }, actor);
    return { effect, mode, requestId };
  };
  addEndpoint(app, 'POST', '/ops/effects/:effect/pause', pauseEffect, async (request, reply) => {
    allowOnly(queryOf(request));
    return reply.code(202).send(await setMode(request.params.effect, 'paused', request.caller.name));
  });
  addEndpoint(app, 'POST', '/ops/effects/:effect/drain', drainEffect, async (request, reply) => {
    allowOnly(queryOf(request));
    return reply.code(202).send(await setMode(request.params.effect, 'draining', request.caller.name));
  });
  addEndpoint(app, 'POST', '/ops/effects/:effect/resume', resumeEffect, async (request, reply) => {
    allowOnly(queryOf(request));
    return reply.code(202).send(await setMode(request.params.effect, 'running', request.caller.name));
  });
};

const knownEffect = (dependencies: ApiDependencies, name: string): string => {
  const known = dependencies.effects().map(({ effect }) => effect);
  if (known.includes(name)) return name;
  const others = known.length === 0 ? 'this program has none' : `there are ${known.join(', ')}`;
  return failWith('unknown-effect', `No effect is called '${name}'; ${others}.`, { extensions: { known } });
};
