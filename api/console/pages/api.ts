/** Requests to this server, with its problems as errors. */

/** An RFC 9457 problem, as far as the pages show it. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
}

/** A request that ended in a problem. */
export class RequestFailed extends Error {
  override readonly name = 'RequestFailed';
  constructor(readonly problem: Problem) {
    super(problem.detail);
  }
}

const whenLoggedOut = new Set<() => void>();

/** Calls back whenever a request is refused for want of a session. */
export const onLoggedOut = (callback: () => void): (() => void) => {
  whenLoggedOut.add(callback);
  return () => void whenLoggedOut.delete(callback);
};

/** Says so to all who wait for it. */
export const loggedOut = (): void => {
  for (const callback of whenLoggedOut) callback();
};

/** Reads JSON. Throws {@link RequestFailed}. */
export const get = <Value>(url: string): Promise<Value> => send<Value>(url, { method: 'GET' });

/** Posts JSON, or nothing. Throws {@link RequestFailed}. */
export const post = <Value>(url: string, body?: unknown): Promise<Value> =>
  send<Value>(url, {
    method: 'POST',
    ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
  });

const send = async <Value>(url: string, init: RequestInit): Promise<Value> => {
  const response = await fetch(url, { ...init, credentials: 'same-origin' }).catch((error: unknown) => {
    const detail = `The server does not answer: ${error instanceof Error ? error.message : String(error)}`;
    throw new RequestFailed({ type: 'about:blank', title: 'No connection', status: 0, detail });
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (response.ok) return body as Value;
  const fallback = { type: 'about:blank', title: response.statusText, status: response.status, detail: response.url };
  const problem = { ...fallback, ...(body as Partial<Problem> | undefined) };
  if (problem.status === 401 && !url.startsWith('/console/session')) loggedOut();
  throw new RequestFailed(problem);
};

/** A list without pages, or a page of one. */
export interface Items<Item> {
  readonly items: ReadonlyArray<Item>;
  readonly nextCursor?: string;
}

/** An address from parts that are encoded, such as `path('ops', 'rebuilds', 3)`. */
export const path = (...parts: ReadonlyArray<string | number>): string =>
  `/${parts.map((part) => encodeURIComponent(part)).join('/')}`;

/** A query from the names that have a value; empty where none has one. */
export const queryOf = (values: Readonly<Record<string, string | number | undefined>>): string => {
  const named = Object.entries(values).filter(([, value]) => value !== undefined && value !== '');
  return named.length === 0
    ? ''
    : `?${new URLSearchParams(named.map(([name, value]) => [name, String(value)])).toString()}`;
};
