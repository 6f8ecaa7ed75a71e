/** Explains URLs that no route matches: which part is wrong, and what exists instead. */
import type { FastifyInstance } from 'fastify';
import type { Catalog } from '../../domain/kernel/aggregate';
import { pathOf, problem, type Problem } from './problem';

/** A route's methods and path, as registered. */
interface KnownRoute {
  readonly methods: ReadonlyArray<string>;
  readonly parts: ReadonlyArray<string>;
}

/** The method and URL of a request. */
export interface RequestTarget {
  readonly method: string;
  readonly url: string;
}

/** Records every route that is added afterwards; the returned function explains a URL that none of them matches. */
export const explainUnknown = (app: FastifyInstance, catalog: Catalog): ((target: RequestTarget) => Problem) => {
  const routes: KnownRoute[] = [];
  app.addHook('onRoute', ({ method, url }) => {
    routes.push({ methods: [method].flat(), parts: url.split('/') });
  });
  return ({ method, url }) => {
    const path = pathOf(url);
    const parts = path.split('/');
    const allowed = new Set(routes.filter((route) => fits(route, parts)).flatMap(({ methods }) => methods));
    if (allowed.size > 0 && !allowed.has(method)) {
      const allow = [...allowed].join(', ');
      return problem('method-not-allowed', `${path} allows ${allow}, not ${method}.`, { headers: { allow } });
    }
    const isCommand = method === 'POST' && parts.length === 4;
    return (isCommand ? unknownCommand(parts, catalog) : undefined) ?? unknownRoute(method, path);
  };
};

const fits = ({ parts }: KnownRoute, requested: ReadonlyArray<string>): boolean =>
  parts.length === requested.length && parts.every((part, index) => part.startsWith(':') || part === requested[index]);

const unknownCommand = ([, path, , command]: ReadonlyArray<string>, catalog: Catalog): Problem => {
  const aggregate = catalog.aggregates.find((each) => each.path === path);
  if (aggregate === undefined) {
    const known = catalog.aggregates.map((each) => each.path);
    const detail = `No aggregate has the path '${path ?? ''}'; there are ${known.join(', ')}.`;
    return problem('unknown-aggregate', detail, { extensions: { known } });
  }
  const known = [...aggregate.commands.keys()];
  const detail = `'${aggregate.path}' has no command '${command ?? ''}'; it has ${known.join(', ')}.`;
  return problem('unknown-command', detail, { extensions: { known } });
};

const unknownRoute = (method: string, path: string): Problem =>
  problem('unknown-route', `No route matches ${method} ${path}; /docs shows every route.`);
