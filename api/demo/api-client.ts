/** The demonstration's way to the server: plain HTTP, as any client would speak it. */
import type { Clock } from '../../infra/clock';
import type { Action } from './action';

/** The demonstration can't go on: what is wrong, and what to do. */
export class DemoStopped extends Error {
  override readonly name = 'DemoStopped';
}

/** What the server made of a command. */
export type CommandAnswer =
  | { readonly _tag: 'Accepted'; readonly stream: string; readonly version: number }
  | { readonly _tag: 'Unchanged'; readonly stream: string; readonly version: number }
  /** The business reason, or what is wrong with the request. */
  | { readonly _tag: 'Refused'; readonly reason: string };

/** A row of a view. */
export type Row = Readonly<Record<string, unknown>>;

export interface ApiClient {
  /** Resolves when the server takes requests. Throws {@link DemoStopped}. */
  readonly ensureReady: () => Promise<void>;
  /** Posts the action's command under a key of its own, so that a repeat of the demonstration gets the same answer. */
  readonly perform: (action: Action) => Promise<CommandAnswer>;
  /** Waits until the view has seen the event. Throws {@link DemoStopped} at the deadline. */
  readonly awaitSeen: (view: string, token: string) => Promise<void>;
  /** Every row of a view, page by page. */
  readonly readAll: (view: string) => Promise<ReadonlyArray<Row>>;
}

export interface ApiClientOptions {
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly clock: Clock;
  /** How long the server may be away or busy, or a view behind, before the demonstration gives up. */
  readonly patienceMs: number;
}

const REQUEST_TIMEOUT_MS = 20_000;
const VIEW_WAIT_MS = 5_000;
const RETRY_MS = 100;
const PAGE_SIZE = 500;

interface HttpAnswer {
  readonly status: number;
  readonly body: Row;
}

/** Makes a client of one server. */
export const apiClient = ({ baseUrl, apiKey, clock, patienceMs }: ApiClientOptions): ApiClient => {
  const base = baseUrl.replace(/\/+$/, '');
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  const once = async (path: string, init: RequestInit): Promise<HttpAnswer> => {
    const headers = { ...authorization, ...(init.headers as Record<string, string> | undefined) };
    const signal = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
    const response = await fetch(`${base}${path}`, { ...init, headers, signal });
    return { status: response.status, body: parseObject(await response.text()) };
  };

  /** Repeats while the server is away, busy or behind. Every request here can be repeated without harm. */
  const patiently = async (what: string, path: string, init: RequestInit): Promise<HttpAnswer> => {
    const deadlineMs = clock.monotonicMs() + patienceMs;
    for (;;) {
      const attempt = await once(path, init).catch((error: unknown) => explainFetch(error));
      if (typeof attempt !== 'string' && !isPassing(attempt, path)) return attempt;
      if (clock.monotonicMs() >= deadlineMs) {
        const last = typeof attempt === 'string' ? attempt : `${attempt.status} ${problemText(attempt.body)}`;
        throw new DemoStopped(
          `${what} did not come in ${Math.round(patienceMs / 1_000)} s (last answer: ${last}). ` +
            `Look at ${base}/ops/relay and ${base}/ops/groups: the reason stands there.`,
        );
      }
      await clock.sleep(RETRY_MS);
    }
  };

  return {
    ensureReady: async () => {
      const unreachable = (reason: string): DemoStopped =>
        new DemoStopped(
          `no Tidemark answers at ${base} (${reason}): start it with 'make run' in another terminal, ` +
            'or name a running one with BASE_URL',
        );
      await once('/health/live', {}).catch((error: unknown) => {
        throw unreachable(explainFetch(error));
      });
      const ready = await patiently('the server', '/health/ready', {});
      if (ready.status !== 200) throw unreachable(`/health/ready: ${ready.status}`);
    },
    perform: async (action) => {
      const path = `/${action.path}/${encodeURIComponent(action.id)}/${action.command}`;
      const headers = { 'content-type': 'application/json', 'idempotency-key': `demo${path}` };
      const init = { method: 'POST', headers, body: JSON.stringify(action.body) };
      return commandAnswer(await patiently(`an answer to ${path}`, path, init), path);
    },
    awaitSeen: async (view, token) => {
      const init = { headers: { 'consistency-token': token } };
      const answer = await patiently(`${token} in ${view}`, `/views/${view}?limit=1&wait=${VIEW_WAIT_MS}`, init);
      if (answer.status === 200) return;
      throw new DemoStopped(`${view} can't show ${token}: ${answer.status} ${problemText(answer.body)}`);
    },
    readAll: async (view) => {
      const rows: Row[] = [];
      let cursor: unknown;
      do {
        const from = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : '';
        const answer = await patiently(`the rows of ${view}`, `/views/${view}?limit=${PAGE_SIZE}${from}`, {});
        const { items, nextCursor } = answer.body;
        if (answer.status !== 200 || !Array.isArray(items)) {
          throw new DemoStopped(`${view} can't be read: ${answer.status} ${problemText(answer.body)}`);
        }
        rows.push(...(items as ReadonlyArray<Row>));
        cursor = nextCursor;
      } while (cursor !== undefined);
      return rows;
    },
  };
};

/** Busy, away, in progress: worth another attempt. A view answers 409 only for an event that it can't ever show. */
const isPassing = ({ status }: HttpAnswer, path: string): boolean =>
  status === 429 || status >= 500 || (status === 409 && !path.startsWith('/views/'));

const commandAnswer = ({ status, body }: HttpAnswer, path: string): CommandAnswer => {
  if (status === 401 || status === 403) {
    throw new DemoStopped(`the server refuses the key (${status} ${problemText(body)}): set API_KEY`);
  }
  const { stream, version } = body;
  if (status > 201) return { _tag: 'Refused', reason: refusalOf(status, body) };
  if (typeof stream !== 'string' || typeof version !== 'number') {
    throw new DemoStopped(`${path}: the answer names no stream and version; is this a Tidemark?`);
  }
  return { _tag: status === 201 ? 'Accepted' : 'Unchanged', stream, version };
};

/** A rejection by its business reason; a request that is no command by the paths that fail. */
const refusalOf = (status: number, body: Row): string => {
  if (status === 422) return lastPart(String(body['type']));
  const { errors } = body;
  if (Array.isArray(errors) && errors.length > 0) {
    return (errors as ReadonlyArray<Row>)
      .map((each) => `${status} ${String(each['path'])} ${String(each['message'])}`)
      .join('; ');
  }
  return `${status} ${problemText(body)}`;
};

const lastPart = (type: string): string => type.slice(Math.max(type.lastIndexOf('/'), type.lastIndexOf(':')) + 1);

const problemText = (body: Row): string =>
  [body['title'], body['detail']].filter((part): part is string => typeof part === 'string').join(': ');

const parseObject = (text: string): Row => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Row) : {};
  } catch {
    return {};
  }
};

const explainFetch = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message || error.message : error.message;
};
