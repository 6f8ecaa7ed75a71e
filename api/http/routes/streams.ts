/** The events of one stream, and what they come to. */
import type { FastifyInstance } from 'fastify';
import type { Aggregate, Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { POINT_IN_TIME, parsePointInTime, type PointInTime } from '../../../domain/kernel/time-text';
import { Identifier } from '../../../domain/kernel/values';
import type { ApiDependencies } from '../dependencies';
import { addEndpoint, largeJsonText } from '../endpoint';
import { stream as streamEndpoint, type EventResponse } from '../endpoints/streams';
import { isNoneMatch } from '../entity-tags';
import type { RunExpensiveRead } from '../expensive-reads';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf, refuseCursor, type Query } from '../query-parameters';
import { readBoundedPage, stateAsOf } from '../stream-pages';

/** Adds the streams. */
export const streamRoutes = (
  app: FastifyInstance,
  dependencies: ApiDependencies,
  runExpensiveRead: RunExpensiveRead,
): void => {
  addEndpoint(app, 'GET', '/streams/:stream', streamEndpoint, async (request, reply) => {
    const { stream } = request.params;
    const aggregate = aggregateOf(dependencies.catalog, stream);
    const query = queryOf(request);
    const { asOf } = query;
    if (asOf === undefined) {
      const { version, ...page } = await pageOf(dependencies, stream, query);
      if (version === undefined) return page;
      // A page at the end of a stream changes only when the stream does: its tag is the version, which If-Match takes too.
      const tag = `"${version}"`;
      reply.header('etag', tag);
      return isNoneMatch(request.headers, tag) ? page : reply.code(304).send();
    }
    allowOnly(query, 'asOf', 'limit', 'cursor');
    const moment = asOfMoment(asOf);
    if (query['limit'] !== undefined || query['cursor'] !== undefined) {
      failWith(
        'parameters-conflict',
        "With 'asOf' the answer is one state, not a list: leave 'limit' and 'cursor' out.",
      );
    }
    const text = await runExpensiveRead(request, async (signal) => {
      const state = await stateAsOf(dependencies, aggregate, stream, moment, signal);
      return state === undefined ? unknownStream(stream) : largeJsonText({ stream, asOf, ...state });
    });
    return reply.type('application/json; charset=utf-8').code(200).send(text);
  });
};

const aggregateOf = (catalog: Catalog, stream: string): Aggregate => {
  if (!stream.includes('-') || !Identifier.is(aggregateIdOf(stream))) {
    failWith('invalid-parameter', `'${stream}' is no stream's name; it takes <category>-<id>, such as order-o1.`);
  }
  return catalog.byCategory(categoryOf(stream)) ?? unknownStream(stream);
};

interface StreamPage {
  readonly items: ReadonlyArray<EventResponse>;
  readonly nextCursor?: string;
  /** Of the stream; known where the page reaches its end. */
  readonly version: number | undefined;
}

const pageOf = async ({ store }: ApiDependencies, stream: string, query: Query): Promise<StreamPage> => {
  allowOnly(query, 'limit', 'cursor', 'asOf');
  const limit = limitOf(query);
  const afterVersion = query['cursor'] === undefined ? 0 : versionOf(query['cursor']);
  const { events, hasMore } = await readBoundedPage(store, stream, { afterVersion, limit });
  if (events.length === 0 && afterVersion === 0) unknownStream(stream);
  const last = events.at(-1)?.version;
  return {
    items: events.map(shownEvent),
    ...(last === undefined || !hasMore ? {} : { nextCursor: cursorAfter(last) }),
    version: hasMore ? undefined : last,
  };
};

/** An event as the API returns it. */
export const shownEvent = ({ payload, ...envelope }: StoredEvent): EventResponse => ({
  ...envelope,
  data: JSON.parse(payload) as unknown,
});

const unknownStream: (stream: string) => never = (stream) =>
  failWith('unknown-stream', `No event stands in '${stream}'.`);

const asOfMoment = (asOf: string): PointInTime =>
  parsePointInTime(asOf) ?? failWith('invalid-parameter', `'asOf' takes a ${POINT_IN_TIME}.`);

const CURSOR = /^v(\d{1,15})$/;

const cursorAfter = (version: number): string => Buffer.from(`v${version}`).toString('base64url');

const versionOf = (cursor: string): number => {
  const version = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  return version === undefined || cursorAfter(Number(version)) !== cursor ? refuseCursor() : Number(version);
};
