/** The events of one stream, and what they come to. */
import type { FastifyInstance } from 'fastify';
import type { Aggregate, Catalog } from '../../../domain/kernel/aggregate';
import { aggregateIdOf, categoryOf, type StoredEvent } from '../../../domain/kernel/recorded-event';
import { MOMENT, momentOf, type Moment } from '../../../domain/kernel/time-text';
import { Identifier } from '../../../domain/kernel/values';
import type { ApiDependencies } from '../dependencies';
import { streamDocumentation } from '../documentation/stream-documentation';
import { failWith } from '../problem';
import { allowOnly, limitOf, queryOf, refuseCursor, type Query } from '../query-parameters';
import { readPage, stateAsOf } from '../stream-pages';

/** Adds the streams. */
export const streamRoutes = (app: FastifyInstance, dependencies: ApiDependencies): void => {
  app.get<{ Params: { stream: string } }>(
    '/streams/:stream',
    { config: { documentation: streamDocumentation } },
    async (request) => {
      const { stream } = request.params;
      const aggregate = aggregateOf(dependencies.catalog, stream);
      const query = queryOf(request);
      const { asOf } = query;
      if (asOf === undefined) return pageOf(dependencies, stream, query);
      allowOnly(query, 'asOf');
      const state = await stateAsOf(dependencies, aggregate, stream, asOfMoment(asOf));
      return state === undefined ? unknownStream(stream) : { stream, asOf, ...state };
    },
  );
};

const aggregateOf = (catalog: Catalog, stream: string): Aggregate => {
  if (!stream.includes('-') || !Identifier.is(aggregateIdOf(stream))) {
    failWith('invalid-parameter', `'${stream}' is no stream's name; it takes <category>-<id>, such as order-o1.`);
  }
  return catalog.byCategory(categoryOf(stream)) ?? unknownStream(stream);
};

const pageOf = async ({ store }: ApiDependencies, stream: string, query: Query): Promise<unknown> => {
  allowOnly(query, 'limit', 'cursor', 'asOf');
  const limit = limitOf(query);
  const afterVersion = query['cursor'] === undefined ? 0 : versionOf(query['cursor']);
  // One more than asked for tells whether another page follows.
  const events = await readPage(store, stream, { afterVersion, limit: limit + 1 });
  if (events.length === 0 && afterVersion === 0) unknownStream(stream);
  const shown = events.slice(0, limit);
  const last = shown.at(-1);
  return {
    items: shown.map(shownEvent),
    ...(last === undefined || events.length <= limit ? {} : { nextCursor: cursorAfter(last.version) }),
  };
};

const shownEvent = ({ payload, ...envelope }: StoredEvent): unknown => ({
  ...envelope,
  data: JSON.parse(payload) as unknown,
});

const unknownStream: (stream: string) => never = (stream) =>
  failWith('unknown-stream', `No event stands in '${stream}'.`);

const asOfMoment = (asOf: string): Moment =>
  momentOf(asOf) ?? failWith('invalid-parameter', `'asOf' takes a ${MOMENT}.`);

const CURSOR = /^v(\d{1,15})$/;

const cursorAfter = (version: number): string => Buffer.from(`v${version}`).toString('base64url');

const versionOf = (cursor: string): number => {
  const version = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'))?.[1];
  return version === undefined || cursorAfter(Number(version)) !== cursor ? refuseCursor() : Number(version);
};
