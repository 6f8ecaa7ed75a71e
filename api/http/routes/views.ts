/** The routes of views: their list, their rows, and waiting until they reflect an event. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { operatorsOf } from '../../../projections/view-query';
import type { ListFailure, ListQuery, ViewDescription, ViewPage, ViewReader } from '../../../projections/view-reader';
import { consistencyTokensOf } from '../consistency-token';
import { storeUnavailable } from '../command-problems';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint } from '../endpoint';
import { copyRow, copyRows, viewRow, viewRows, views as viewsEndpoint } from '../endpoints/views';
import { lastEventIdOf, type EventStreams } from '../event-stream';
import { liveViews, type LiveViews } from '../live-views';
import { failWith, ProblemError, retryAfter } from '../problem';
import { allowOnly, flagOf, integerOf, limitOf, queryOf, refuseCursor, type Query } from '../query-parameters';
import { shuttingDown } from '../shedding';
import { DEFAULT_WAIT_MS, MAX_WAIT_MS, viewWaiting, type ViewWaiting, type WaitResult } from '../view-waiting';

/** Adds the routes. Each view has its own, so that its columns are documented. */
export const viewRoutes = (app: FastifyInstance, dependencies: ApiDependencies, streams: EventStreams): void => {
  const { views } = dependencies;
  const waiting = viewWaiting(dependencies);
  const live = liveViews(dependencies);
  app.addHook('preClose', (done) => {
    waiting.stop();
    live.stop();
    done();
  });

  addEndpoint(app, 'GET', '/views', viewsEndpoint, (request) => {
    allowOnly(queryOf(request));
    return { items: views.views };
  });
  for (const view of views.views) addView(app, dependencies, { waiting, live, streams }, view);

  const unknownView = (name: string): never => {
    const known = views.views.map((view) => view.name);
    return failWith('unknown-view', `No view is called '${name}'; there are ${known.join(', ')}.`, {
      extensions: { known },
    });
  };
  /** Returns `<view>@<copy>` if the copy exists. */
  const knownCopy = (name: string): string => {
    const [view, copy] = name.split('@');
    if (copy === undefined) return unknownView(name);
    const copies = views.projections().find((each) => each.name === view)?.copies;
    if (copies === undefined) return unknownView(name);
    if (copies.some((each) => each.name === copy)) return name;
    const known = copies.map((each) => `${view ?? ''}@${each.name}`);
    return failWith('unknown-view', `${view ?? ''} has no copy called '${copy}'.`, { extensions: { known } });
  };
  /** The view that a copy shows. */
  const describedBy = (copy: string): ViewDescription =>
    views.views.find(({ name }) => name === copy.split('@')[0]) ?? unknownView(copy);
  addEndpoint(app, 'GET', '/views/:view', copyRows, (request) => {
    const copy = knownCopy(request.params.view);
    const query = queryOf(request);
    return listOf(views, describedBy(copy), copy, query, limitOf(query));
  });
  addEndpoint(app, 'GET', '/views/:view/:key', copyRow, (request) => {
    const { view, key } = request.params;
    const copy = knownCopy(view);
    const query = queryOf(request);
    allowOnly(query, 'columns');
    const { columns } = chosenColumns(describedBy(copy), query);
    return views.find(copy, key, columns) ?? failWith('unknown-row', `${copy} has no row with the key '${key}'.`);
  });
};

const addView = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  { waiting, live, streams }: ViewServices,
  view: ViewDescription,
): void => {
  const { views } = dependencies;
  const fresh = async (request: Pick<FastifyRequest, 'headers'>, query: Query): Promise<void> => {
    const tokens = consistencyTokensOf(request.headers['consistency-token'], dependencies.catalog);
    const waitMs = integerOf(query, 'wait', { otherwise: DEFAULT_WAIT_MS, min: 0, max: MAX_WAIT_MS });
    if (tokens.length > 0) requireSeen(await waiting.until(view, tokens, waitMs), view, waitMs);
  };

  addEndpoint(app, 'GET', `/views/${view.name}`, viewRows(view, dependencies.catalog), async (request, reply) => {
    const query = queryOf(request);
    if (isLive(query)) {
      refuseNotLive(query);
      await fresh(request, query);
      const rows = live.rows(view, filtersOf(query), (failure) => refuseList(view, failure));
      rows.follow(streams.open(reply), lastEventIdOf(request));
      return reply;
    }
    const limit = limitOf(query);
    await fresh(request, query);
    return listOf(views, view, view.name, query, limit);
  });

  addEndpoint(app, 'GET', `/views/${view.name}/:key`, viewRow(view, dependencies.catalog), async (request, reply) => {
    const query = queryOf(request);
    allowOnly(query, 'wait', 'columns', 'live');
    if (isLive(query)) refuseNotLive(query);
    const { columns } = chosenColumns(view, query);
    await fresh(request, query);
    const { key } = request.params;
    if (isLive(query)) {
      live.row(view, key).follow(streams.open(reply), lastEventIdOf(request));
      return reply;
    }
    return (
      views.find(view.name, key, columns) ?? failWith('unknown-row', `${view.name} has no row with the key '${key}'.`)
    );
  });
};

const listOf = (views: ViewReader, view: ViewDescription, name: string, query: Query, limit: number): ViewPage => {
  const { cursor, sort } = query;
  const page = views.list(name, {
    filters: filtersOf(query),
    limit,
    ...(cursor === undefined ? {} : { cursor }),
    ...(sort === undefined ? {} : { sort }),
    ...chosenColumns(view, query),
  });
  return page._tag === 'Right' ? page.right : refuseList(view, page.left);
};

/** What the routes of views share. */
interface ViewServices {
  readonly waiting: ViewWaiting;
  readonly live: LiveViews;
  readonly streams: EventStreams;
}

/** `?live` alone, or with a truth value. */
const isLive = (query: Query): boolean => query['live'] === '' || flagOf(query, 'live');

/** Live rows are whole, and in no order. */
const NOT_LIVE = ['limit', 'cursor', 'sort', 'columns'];

const refuseNotLive = (query: Query): void => {
  const found = NOT_LIVE.filter((name) => query[name] !== undefined);
  if (found.length > 0)
    failWith(
      'parameters-conflict',
      `With 'live' whole rows are followed, all that match: leave ${found.join(', ')} out.`,
    );
};

/** The columns that the query chooses. */
const chosenColumns = (view: ViewDescription, { columns: text }: Query): Pick<ListQuery, 'columns'> => {
  if (text === undefined) return {};
  const known = view.columns.map(({ name }) => name);
  const columns = text.split(',');
  const unknown = columns.find((name) => !known.includes(name));
  if (unknown === undefined) return { columns };
  const detail = `'columns' names '${unknown}', which is not a column; ${view.name} has ${known.join(', ')}.`;
  return failWith('invalid-parameter', detail, { extensions: { known } });
};

const PARAMETERS = ['limit', 'cursor', 'wait', 'sort', 'columns', 'live'];

/** All other query parameters name columns, some with an operator. */
const filtersOf = (query: Query): Query =>
  Object.fromEntries(Object.entries(query).filter(([name]) => !PARAMETERS.includes(name)));

const requireSeen = (outcome: WaitResult, view: ViewDescription, waitMs: number): void => {
  switch (outcome._tag) {
    case 'Seen':
      return;
    case 'Behind': {
      const { token } = outcome;
      return failWith('view-behind', `${view.name} has not seen ${token} within ${waitMs} ms.`, {
        extensions: { view: view.name, token },
        headers: retryAfter(1),
      });
    }
    case 'Quarantined': {
      const { token } = outcome;
      const detail = `${view.name} has dead-lettered ${token} or an earlier event of the same stream: waiting does not help.`;
      return failWith('event-quarantined', detail, { extensions: { view: view.name, token } });
    }
    case 'Stopped':
      throw new ProblemError(shuttingDown());
    case 'TooManyWait':
      return failWith('overloaded', 'Too many requests are already waiting for a view.', { headers: retryAfter(1) });
    case 'StoreUnavailable':
      throw new ProblemError(storeUnavailable());
  }
};

const refuseList = (view: ViewDescription, failure: ListFailure): never => {
  switch (failure._tag) {
    case 'UnknownFilter': {
      const known = [...failure.known, ...PARAMETERS];
      const detail =
        `'${failure.name}' is not a column that can be filtered by; this list accepts ${known.join(', ')}, ` +
        `and columns with an operator, as in ${exampleOf(view)}.`;
      return failWith('invalid-parameter', detail, { extensions: { known } });
    }
    case 'InvalidFilter':
      return failWith('invalid-parameter', `'${failure.name}' can't be used as a filter: ${failure.reason}.`);
    case 'InvalidSort': {
      const { reason, known } = failure;
      const detail =
        `'sort' can't be used: ${reason}. Without filters it takes ${known.join(' or ')}, or the same with - before ` +
        'each column; columns of an index that are filtered to one value may be left out.';
      return failWith('invalid-parameter', detail, { extensions: { known } });
    }
    case 'InvalidCursor':
      return refuseCursor();
  }
};

/** A filter with an operator. */
const exampleOf = ({ columns }: ViewDescription): string =>
  columns.flatMap((column) => operatorsOf(column).map((operator) => `${column.name}.${operator}`))[0] ?? 'column.in';
