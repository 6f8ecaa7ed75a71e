/** The routes for operators who look for what happened. */
import { setImmediate as nextTick } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { namesOf, versionsOf } from '../../../domain/kernel/event-versions';
import { aggregateIdOf, categoryOf, parseEventId, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { MAX_PAGE_BYTES } from '../../../infra/event-store/event-feed';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint, largeJsonText } from '../endpoint';
import { audit, concern, contracts, correlation, recentEvents } from '../endpoints/investigation';
import type { RunExpensiveRead } from '../expensive-reads';
import { throwIfAbandoned } from '../expensive-reads';
import { failWith } from '../problem';
import { allowOnly, integerOf, limitOf, queryOf, refuseCursor } from '../query-parameters';
import { readPage } from '../stream-pages';
import { shownEvent } from './streams';

/** Adds the routes. */
export const investigationRoutes = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  runExpensiveRead: RunExpensiveRead,
): void => {
  addEvents(app, dependencies, runExpensiveRead);
  addAudit(app, dependencies);
  addContracts(app, dependencies);
  addConcern(app, dependencies);
};

/** How far a chain is looked for on both sides of a position; there is no index for it. */
const CHAIN_REACH = 50_000;
const EVENTS_PER_TICK = 5_000;
const MAX_CHAIN_EVENTS = 500;
const MAX_POSITION = 999_999_999_999_999;

const addEvents = (app: FastifyInstance, dependencies: ApiDependencies, runExpensiveRead: RunExpensiveRead): void => {
  const { history } = dependencies;
  addEndpoint(app, 'GET', '/ops/events', recentEvents, async (request, reply) => {
    const query = queryOf(request);
    allowOnly(query, 'limit', 'cursor');
    const limit = limitOf(query);
    const before = query['cursor'] === undefined ? (await history.lastPosition()) + 1 : numberIn(query['cursor']);
    const afterPosition = Math.max(0, before - 1 - limit);
    const text = await runExpensiveRead(request, async () => {
      const page = await history.readAll({ afterPosition, limit, maxBytes: MAX_PAGE_BYTES });
      const items = page.filter(({ position }) => position < before).reverse();
      return largeJsonText({
        items: items.map(shownEvent),
        ...(afterPosition === 0 ? {} : { nextCursor: cursorOf(afterPosition + 1) }),
      });
    });
    return reply.type('application/json; charset=utf-8').code(200).send(text);
  });

  addEndpoint(app, 'GET', '/ops/correlations/:id', correlation, async (request, reply) => {
    const query = queryOf(request);
    allowOnly(query, 'near');
    const { id } = request.params;
    const last = await history.lastPosition();
    const near = integerOf(query, 'near', { otherwise: last, min: 1, max: MAX_POSITION });
    const fromPosition = Math.max(0, near - CHAIN_REACH);
    const untilPosition = Math.min(last, near + CHAIN_REACH);
    const text = await runExpensiveRead(request, async (signal) => {
      const items: StoredEvent[] = [];
      for (let at = fromPosition; at < untilPosition && items.length < MAX_CHAIN_EVENTS; at += EVENTS_PER_TICK) {
        throwIfAbandoned(signal);
        const range = { afterPosition: at, untilPosition: Math.min(untilPosition, at + EVENTS_PER_TICK) };
        items.push(...(await history.readCorrelated([id], range)));
        await nextTick();
      }
      return largeJsonText({
        correlationId: id,
        fromPosition,
        untilPosition,
        items: items.slice(0, MAX_CHAIN_EVENTS).map(shownEvent),
      });
    });
    return reply.type('application/json; charset=utf-8').code(200).send(text);
  });
};

const FULL_PAGE = 100;
const SEARCHED_FAILURES = 1_000;

const addAudit = (app: FastifyInstance, { history, failedRequests }: ApiDependencies): void => {
  addEndpoint(app, 'GET', '/ops/audit', audit, async (request) => {
    const query = queryOf(request);
    allowOnly(query, 'cursor');
    const before = query['cursor'] === undefined ? Number.MAX_SAFE_INTEGER : numberIn(query['cursor']);
    const found = await history.requestsBefore(before);
    const failures = new Map(failedRequests(SEARCHED_FAILURES).map(({ id, reason }) => [id, reason]));
    const oldest = found.at(-1)?.id ?? 1;
    return {
      items: found.map(({ id, kind, actor, requestedAt: at, body }) => {
        return { id, kind, actor, at, body: jsonOr(body), failure: failures.get(id) ?? null };
      }),
      ...(found.length < FULL_PAGE ? {} : { nextCursor: cursorOf(oldest) }),
    };
  });
};

/** Another program may have written it. */
const jsonOr = (text: string): unknown => {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
};

const CURSOR = /^p(\d{1,15})$/;

const cursorOf = (position: number): string => Buffer.from(`p${position}`).toString('base64url');

const numberIn = (cursor: string): number => {
  const found = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  return found === undefined || cursorOf(Number(found)) !== cursor ? refuseCursor() : Number(found);
};

const addContracts = (app: FastifyInstance, { catalog, readers }: ApiDependencies): void => {
  addEndpoint(app, 'GET', '/ops/contracts', contracts, (request) => {
    allowOnly(queryOf(request));
    const items = catalog.aggregates.flatMap(({ category, topic, events }) =>
      [...events.values()].map((definition) => {
        const { type, schemaVersion, meaning, owner } = definition;
        const names = namesOf(definition);
        const versions = versionsOf(definition).map((version) => ({
          type: version.type,
          schemaVersion: version.schemaVersion,
          since: version.since,
          deprecated: version.superseded?.deprecated ?? null,
        }));
        const handlers = readers.filter(({ handles }) => handles.some((each) => names.includes(each.type)));
        return {
          ...{ type, schemaVersion, meaning, owner, aggregate: category },
          ...{ topic: topic.name, partitions: topic.partitions, key: topic.key.is },
          versions: versions.sort((left, right) => right.schemaVersion - left.schemaVersion),
          readers: handlers.map(({ kind, name }) => ({ kind, name })),
        };
      }),
    );
    return { items };
  });
};

const DISPLAY_LIMIT = 50;

const addConcern = (app: FastifyInstance, { failures, store, views }: ApiDependencies): void => {
  addEndpoint(app, 'GET', '/ops/dead-letters/:id/concerns', concern, async (request) => {
    allowOnly(queryOf(request));
    const { id } = request.params;
    const { group, stream, eventId } =
      failures.find(id) ?? failWith('unknown-dead-letter', `No dead letter has the id '${id}'.`);
    const version = eventId === null ? undefined : parseEventId(eventId)?.version;
    const [event] =
      stream === null || version === undefined
        ? []
        : await readPage(store, stream, { afterVersion: version - 1, limit: 1 });
    const isView = views.views.some(({ name }) => name === group);
    const rows = stream === null || !isView ? [] : views.keysBehind(group, stream, DISPLAY_LIMIT + 1);
    return {
      event: event === undefined ? null : shownEvent(event),
      aggregate: stream === null ? null : categoryOf(stream),
      aggregateId: stream === null ? null : aggregateIdOf(stream),
      rows: rows.slice(0, DISPLAY_LIMIT),
      hasMoreRows: rows.length > DISPLAY_LIMIT,
    };
  });
};
