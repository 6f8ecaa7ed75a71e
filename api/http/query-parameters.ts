/** Query parameters: only known names, each at max once, parsed strictly. */
import type { FastifyRequest } from 'fastify';
import { failWith } from './problem';

/** The query's parameters by name. */
export type Query = Readonly<Record<string, string>>;

/** Parses the query; rejects a name that appears twice. */
export const queryOf = (request: FastifyRequest): Query => {
  // Fastify's parser returns a text for each name, or a list of texts for a repeated name.
  refuseBrokenEncoding(request.url);
  const query = request.query as Readonly<Record<string, string | ReadonlyArray<string>>>;
  for (const name in query) {
    if (typeof query[name] !== 'string')
      failWith('invalid-parameter', `'${name}' appears in the query more than once.`);
  }
  return query as Query;
};

/** Fastify's parser would accept `%ff` as a text of three characters. */
const refuseBrokenEncoding = (url: string): void => {
  const start = url.indexOf('?');
  if (start < 0 || !url.includes('%', start)) return;
  try {
    decodeURIComponent(url.slice(start));
  } catch {
    failWith('malformed-request', 'The query is not percent-encoded UTF-8.');
  }
};

/** Rejects names that the route does not know. */
export const allowOnly = (query: Query, ...known: ReadonlyArray<string>): void => {
  for (const name in query) {
    if (known.includes(name)) continue;
    failWith('invalid-parameter', `'${name}' is not a known parameter; this route accepts ${known.join(', ')}.`, {
      extensions: { known },
    });
  }
};

/** Parses an integer within bounds. */
export const integerOf = (
  query: Query,
  name: string,
  { otherwise, min, max }: { readonly otherwise: number; readonly min: number; readonly max: number },
): number => {
  const text = query[name];
  if (text === undefined) return otherwise;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= min && value <= max) return value;
  return failWith('invalid-parameter', `'${name}' is '${text}'; it takes an integer from ${min} to ${max}.`);
};

/** Parses `true` or `false`; false by default. */
export const flagOf = (query: Query, name: string): boolean => {
  const text = query[name];
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  return failWith('invalid-parameter', `'${name}' is '${text}'; it takes true or false.`);
};

/** The page size of a list without the parameter `limit`. */
export const DEFAULT_LIMIT = 50;
/** Upper limit on the page size. */
export const MAX_LIMIT = 1_000;

/** Parses the page size. */
export const limitOf = (query: Query): number =>
  integerOf(query, 'limit', { otherwise: DEFAULT_LIMIT, min: 1, max: MAX_LIMIT });

/** Throws the problem of a cursor that does not come from this list. */
export const refuseCursor: () => never = () =>
  failWith('unknown-cursor', "'cursor' does not come from this list: use the nextCursor of a page unchanged.");
