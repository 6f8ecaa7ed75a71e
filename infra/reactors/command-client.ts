/** Posts one command of a process to the API and interprets the response for the process. */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { ProcessCommand } from '../../domain/kernel/process-manager';
import type { Clock } from '../clock';
import { REACTOR_TOKEN_HEADER, REACTOR_TOKEN_REFUSED } from '../reactor-token-header';
import { idempotencyKeyOf } from './idempotency-key';
import type { PostAttempt, PostResult } from './processes/processes';

/** The address of the API, and the credentials for it. */
export interface ApiAddress {
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** Reads the token that proves that these are the installation's own reactors; called for each command. */
  readonly reactorToken?: () => Promise<string>;
}

/** Posts a command to the API, where every attempt is the same but for its trace context. */
export type PostToApi = (
  command: ProcessCommand,
  signal: AbortSignal,
  attempt?: Pick<PostAttempt, 'traceparent'>,
) => Promise<PostResult>;

/** How long one request may take. Longer than the API's own limit, so that the API's response is received. */
const REQUEST_TIMEOUT_MS = 15_000;

interface PreparedRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

interface HttpResponse {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** Makes the function that posts commands to one API. */
export const commandClient =
  (api: ApiAddress, catalog: Catalog, clock: Clock, timeoutMs: number = REQUEST_TIMEOUT_MS): PostToApi =>
  async (command, signal, { traceparent } = { traceparent: null }) => {
    const token = await readTokenHeader(api);
    if (E.isLeft(token)) return { _tag: 'Retry', reason: token.left, everyCommand: true };
    const prepared = prepare(api, catalog, command, {
      ...token.right,
      ...(traceparent === null ? {} : { traceparent }),
    });
    if (E.isLeft(prepared)) return { _tag: 'Defect', reason: prepared.left };
    const response = await send(prepared.right, signal, timeoutMs);
    return E.isLeft(response) ? response.left : interpret(command, response.right, clock);
  };

/** The store that the token is read from may be locked, or be replaced at the moment: that is no fault of the command. */
const readTokenHeader = async ({
  reactorToken,
}: ApiAddress): Promise<E.Either<string, Readonly<Record<string, string>>>> => {
  try {
    return E.right(reactorToken === undefined ? {} : { [REACTOR_TOKEN_HEADER]: await reactorToken() });
  } catch (error) {
    return E.left(`the reactor token can't be read from the store: ${messageOf(error)}`);
  }
};

const prepare = (
  api: ApiAddress,
  catalog: Catalog,
  command: ProcessCommand,
  furtherHeaders: Readonly<Record<string, string>>,
): E.Either<string, PreparedRequest> => {
  const aggregate = catalog.byCategory(command.category);
  if (aggregate === undefined) return E.left(`no aggregate has the category '${command.category}'`);
  const base = api.baseUrl.replace(/\/+$/, '');
  try {
    const headers = new Headers({
      'content-type': 'application/json',
      'idempotency-key': idempotencyKeyOf(command.id),
      'x-correlation-id': command.correlationId,
      'x-causation-id': command.causationId,
      ...(api.apiKey === undefined ? {} : { authorization: `Bearer ${api.apiKey}` }),
      ...furtherHeaders,
    });
    return E.right({
      url: `${base}/${aggregate.path}/${encodeURIComponent(command.aggregateId)}/${command.type}`,
      headers,
      body: JSON.stringify(command.data),
    });
  } catch (error) {
    return E.left(`the command can't be sent: ${messageOf(error)}`);
  }
};

const send = async (
  { url, headers, body }: PreparedRequest,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<E.Either<PostResult, HttpResponse>> => {
  // AbortSignal.any would be shorter, but leaks memory as long as its longest-lived signal exists.
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: controller.signal });
    // The connection can be reused only after the body is read to its end.
    const text = await response.text();
    return E.right({ status: response.status, retryAfter: response.headers.get('retry-after'), text });
  } catch (error) {
    const reason = controller.signal.aborted ? `no response within ${timeoutMs} ms` : messageOf(error);
    return E.left({ _tag: 'Retry', reason: `${url}: ${reason}`, everyCommand: !controller.signal.aborted });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
};

const interpret = (command: ProcessCommand, response: HttpResponse, clock: Clock): PostResult => {
  const { status } = response;
  const body = parseObject(response.text);
  // A proxy may respond in place of the API: a response that is not in the API's format says nothing about the command.
  if (status < 300 && typeof body['stream'] === 'string') {
    return { _tag: 'Decided', outcome: { _tag: 'Accepted', command } };
  }
  const { rejection } = body;
  const problem = problemOf(body, response.text);
  if (status === 422 && typeof rejection === 'string') {
    const outcome = { _tag: 'Rejected', command, rejectionType: rejection, message: problem.detail } as const;
    return { _tag: 'Decided', outcome };
  }
  const reason = `${status} ${problem.type}: ${problem.detail}`;
  const setting = wrongSetting(status, body, reason);
  if (setting !== undefined) return { _tag: 'Retry', reason: setting, everyCommand: true };
  if (status < 300 || status === 408 || status === 409 || status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(response.retryAfter, clock.nowMs());
    return {
      _tag: 'Retry',
      reason,
      everyCommand: status === 429 || status === 503,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  return { _tag: 'Defect', reason };
};

/** Where the key, the address or the token is wrong, which is no fault of the command: what to do. Undefined otherwise. */
const wrongSetting = (status: number, body: Readonly<Record<string, unknown>>, reason: string): string | undefined => {
  if (status === 403 && body['cause'] === REACTOR_TOKEN_REFUSED) return `${OTHER_INSTALLATION} (${reason})`;
  if (status === 421) return `${UNKNOWN_HOST} (${reason})`;
  if (KEY_STATUSES.has(status)) return `${NO_VALID_KEY} (${reason})`;
  const isOfTheApi = typeof body['type'] === 'string';
  return (status === 404 || status === 405) && !isOfTheApi ? `${reason}; BASE_URL does not lead to the API` : undefined;
};

const KEY_STATUSES: ReadonlySet<number> = new Set([401, 403]);
const NO_VALID_KEY = 'the reactors have no valid key: set API_KEY to one that may send commands';

const OTHER_INSTALLATION =
  'the API does not know the token of these reactors: BASE_URL leads to the API of another store, or DATA_DIR is not the ' +
  "API's; set both to the same installation";
const UNKNOWN_HOST = 'the API does not accept the host that BASE_URL names: set BASE_URL, or ALLOWED_HOSTS at the API';

const MAX_DISPLAY_CHARACTERS = 300;

const problemOf = (
  { type, detail, title }: Readonly<Record<string, unknown>>,
  text: string,
): { readonly type: string; readonly detail: string } => ({
  type: typeof type === 'string' ? type : 'about:blank',
  detail: [detail, title].find((each) => typeof each === 'string') ?? text.slice(0, MAX_DISPLAY_CHARACTERS),
});

/** Parses a JSON object; empty where the text is not one. */
const parseObject = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
};

/** Upper limit on `Retry-After`, as a longer wait must be a mistake and would practically suspend the process instance. */
const MAX_RETRY_AFTER_MS = 300_000;

/** `Retry-After` in either of its forms, as milliseconds from now. */
const parseRetryAfter = (value: string | null, nowMs: number): number | undefined => {
  if (value === null) return undefined;
  const text = value.trim();
  // An HTTP date ends with GMT; any other text would be parsed in the local time zone.
  const waitMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : text.endsWith(' GMT')
      ? Date.parse(text) - nowMs
      : Number.NaN;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
};

/** The message of an error with that of its cause, where Node's fetch puts the actual fault. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};
