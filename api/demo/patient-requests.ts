/** Requests that outlast a server that is away, busy or behind. All that the demonstration sends can be sent again. */
import type { Clock } from '../../infra/clock';

/** The demonstration can't go on: what is wrong, and what to do. */
export class DemoStopped extends Error {
  override readonly name = 'DemoStopped';
}

/** A JSON object of an answer: a row of a view, a problem. */
export type Row = Readonly<Record<string, unknown>>;

export interface HttpAnswer {
  readonly status: number;
  readonly body: Row;
  /** Whether the server gave a remembered answer again. */
  readonly replayed: boolean;
}

export interface ServerAddress {
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly clock: Clock;
  /** How long the server may be away or busy before the demonstration gives up. */
  readonly patienceMs: number;
}

export interface PatientRequests {
  /** The server's address without a slash at its end. */
  readonly base: string;
  /** One attempt; rejects where no answer comes. */
  readonly once: (path: string, init: RequestInit) => Promise<HttpAnswer>;
  /** Repeats until an answer says more than "not now". Throws {@link DemoStopped} when patience ends. */
  readonly patiently: (what: string, path: string, init: RequestInit) => Promise<HttpAnswer>;
}

const REQUEST_TIMEOUT_MS = 20_000;
const RETRY_MS = 100;

/** Requests to one server. */
export const patientRequests = ({ baseUrl, apiKey, clock, patienceMs }: ServerAddress): PatientRequests => {
  const base = baseUrl.replace(/\/+$/, '');
  const authorization = apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` };

  const once = async (path: string, init: RequestInit): Promise<HttpAnswer> => {
    const headers = new Headers({ ...authorization, ...(init.headers as Record<string, string> | undefined) });
    const response = await fetch(`${base}${path}`, {
      ...init,
      headers,
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
    });
    const body = parseObject(await response.text());
    return { status: response.status, body, replayed: response.headers.get('idempotency-replayed') === 'true' };
  };

  return {
    base,
    once,
    patiently: async (what, path, init) => {
      const deadlineMs = clock.monotonicMs() + patienceMs;
      for (;;) {
        const attempt = await once(path, init).catch(explainFetch);
        if (typeof attempt !== 'string' && !isNotNow(attempt)) return attempt;
        if (clock.monotonicMs() >= deadlineMs) {
          const last = typeof attempt === 'string' ? attempt : `${attempt.status} ${problemText(attempt.body)}`;
          throw new DemoStopped(`${what} did not come in ${Math.round(patienceMs / 1_000)} s (last answer: ${last})`);
        }
        await clock.sleep(RETRY_MS);
      }
    },
  };
};

/** Busy, away, or the same request is still under way. */
const isNotNow = ({ status }: HttpAnswer): boolean => status === 409 || status === 429 || status >= 500;

/** What a problem says, for people. */
export const problemText = (body: Row): string =>
  [body['title'], body['detail']].filter((part): part is string => typeof part === 'string').join(': ');

/** What went wrong, with the cause that node's fetch hides one level down. */
export const explainFetch = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // A refused connection has several causes (one an address), and then no message of its own.
  return error.cause instanceof Error && error.cause.message !== '' ? error.cause.message : error.message;
};

const parseObject = (text: string): Row => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Row) : {};
  } catch {
    return {};
  }
};
