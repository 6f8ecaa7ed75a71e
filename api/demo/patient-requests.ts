/** Requests that are retried while the server is unreachable, busy or behind. All requests of the demonstration are idempotent. */
import type { Clock } from '../../infra/clock';

/** The demonstration can't continue; the message says what is wrong and what to do. */
export class DemoStopped extends Error {
  override readonly name = 'DemoStopped';
}

/** A JSON object in a response: a row of a view, or a problem. */
export type Row = Readonly<Record<string, unknown>>;

export interface HttpAnswer {
  readonly status: number;
  readonly body: Row;
  /** Whether the server repeated a remembered response. */
  readonly replayed: boolean;
}

export interface ServerAddress {
  readonly baseUrl: string;
  readonly apiKey?: string;
  readonly clock: Clock;
  /** How long the server may be unreachable or busy before the demonstration gives up. */
  readonly patienceMs: number;
}

export interface PatientRequests {
  /** The server's address without a trailing slash. */
  readonly base: string;
  /** One attempt; rejects if no response arrives. */
  readonly once: (path: string, init: RequestInit) => Promise<HttpAnswer>;
  /** Retries until the response is final. Throws {@link DemoStopped} when the time is up. */
  readonly patiently: (what: string, path: string, init: RequestInit) => Promise<HttpAnswer>;
}

const REQUEST_TIMEOUT_MS = 20_000;
const RETRY_MS = 100;

/** Creates the requests to one server. */
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
          throw new DemoStopped(
            `${what} did not arrive within ${Math.round(patienceMs / 1_000)} s (last response: ${last})`,
          );
        }
        await clock.sleep(RETRY_MS);
      }
    },
  };
};

/** The server is busy or failing, or the same request is still in progress. */
const isNotNow = ({ status }: HttpAnswer): boolean => status === 409 || status === 429 || status >= 500;

/** The text of a problem. */
export const problemText = (body: Row): string =>
  [body['title'], body['detail']].filter((part): part is string => typeof part === 'string').join(': ');

/** The message of an error, with the cause that Node's fetch nests one level down. */
export const explainFetch = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  // A refused connection has one cause per address, and then no message itself.
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
