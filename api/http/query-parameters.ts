/** What stands behind the question mark: known names only, each at most once, and never guessed at. */
import type { FastifyRequest } from 'fastify';
import { failWith } from './problem';

/** The query's parameters by name. */
export type Query = Readonly<Record<string, string>>;

/** Reads the query; a name that comes twice has no meaning here. */
export const queryOf = (request: FastifyRequest): Query => {
  // Fastify's parser makes a text of each name, or a list of texts where it came more than once.
  refuseBrokenEncoding(request.url);
  const query = request.query as Readonly<Record<string, string | ReadonlyArray<string>>>;
  for (const name in query) {
    if (typeof query[name] !== 'string') failWith('invalid-parameter', `'${name}' stands in the query more than once.`);
  }
  return query as Query;
};

/** The parser would take `%ff` as it stands, for the text of three characters. */
const refuseBrokenEncoding = (url: string): void => {
  const start = url.indexOf('?');
  if (start < 0 || !url.includes('%', start)) return;
  try {
    decodeURIComponent(url.slice(start));
  } catch {
    failWith('malformed-request', 'The query is not percent-encoded UTF-8.');
  }
};

/** Refuses names that the route does not know. */
export const allowOnly = (query: Query, ...known: ReadonlyArray<string>): void => {
  for (const name in query) {
    if (known.includes(name)) continue;
    failWith('invalid-parameter', `'${name}' is not known here; this route takes ${known.join(', ')}.`, {
      extensions: { known },
    });
  }
};

/** A whole number within bounds. */
export const integerOf = (
  query: Query,
  name: string,
  { otherwise, least, most }: { readonly otherwise: number; readonly least: number; readonly most: number },
): number => {
  const text = query[name];
  if (text === undefined) return otherwise;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  return failWith('invalid-parameter', `'${name}' is '${text}'; it takes a whole number from ${least} to ${most}.`);
};

/** `true` or `false`, in letters; left out means false. */
export const flagOf = (query: Query, name: string): boolean => {
  const text = query[name];
  if (text === undefined || text === 'false') return false;
  if (text === 'true') return true;
  return failWith('invalid-parameter', `'${name}' is '${text}'; it takes true or false.`);
};

/** Of a list that is asked for without one. */
export const DEFAULT_LIMIT = 50;
/** Upper limit on it. */
export const MAX_LIMIT = 1_000;

/** How many items a page may have. */
export const limitOf = (query: Query): number =>
  integerOf(query, 'limit', { otherwise: DEFAULT_LIMIT, least: 1, most: MAX_LIMIT });

/** Ends the request: the cursor is none that a page of this list gave. */
export const refuseCursor: () => never = () =>
  failWith('unknown-cursor', "'cursor' is none that this list gave out: take the nextCursor of a page as it came.");
