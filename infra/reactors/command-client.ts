/** Posts one command of a process to the API and says what its answer means for the process. */
import * as E from 'fp-ts/Either';
import type { Catalog } from '../../domain/kernel/aggregate';
import type { CommandOutcome, ProcessCommand } from '../../domain/kernel/process-manager';
import type { Clock } from '../clock';
import { REACTOR_TOKEN_HEADER, REACTOR_TOKEN_REFUSED } from '../reactor-token-header';
import { idempotencyKeyOf } from './idempotency-key';

/** What an answer of the API, or its absence, means. */
export type Answer =
  /** The aggregate decided: the process learns the outcome. */
  | { readonly _tag: 'Decided'; readonly outcome: CommandOutcome }
  /** Nothing is known to have been decided; the same request again is safe, for it carries the same key. */
  | {
      readonly _tag: 'TryAgain';
      readonly reason: string;
      /** True where any other command would fare the same: the API is away or sheds load. */
      readonly everyCommand: boolean;
      /** What `Retry-After` asked for. */
      readonly retryAfterMs?: number;
    }
  /** No repeat can help: the command, the key or the program is wrong. A person has to look. */
  | { readonly _tag: 'Defect'; readonly reason: string; readonly stack?: string };

/** Where the API is, and the key to show there. */
export interface ApiAddress {
  readonly baseUrl: string;
  readonly apiKey?: string;
  /** Reads what proves that these are the installation's own reactors; asked anew for each command. */
  readonly reactorToken?: () => Promise<string>;
}

/** Posts a command. Never rejects; an abort by the caller's signal answers `TryAgain`. */
export type PostCommand = (command: ProcessCommand, signal: AbortSignal) => Promise<Answer>;

/** How long one request may take. Longer than the API's own limit, so that the API is the one to say no. */
const REQUEST_TIMEOUT_MS = 15_000;

interface PreparedRequest {
  readonly url: string;
  readonly headers: Headers;
  readonly body: string;
}

interface HttpAnswer {
  readonly status: number;
  readonly retryAfter: string | null;
  readonly text: string;
}

/** Makes the function that posts commands to one API. */
export const commandClient =
  (api: ApiAddress, catalog: Catalog, clock: Clock, timeoutMs: number = REQUEST_TIMEOUT_MS): PostCommand =>
  async (command, signal) => {
    const proof = await proofOf(api);
    if (E.isLeft(proof)) return { _tag: 'TryAgain', reason: proof.left, everyCommand: true };
    const prepared = prepare(api, catalog, command, proof.right);
    if (E.isLeft(prepared)) return { _tag: 'Defect', reason: prepared.left };
    const answer = await send(prepared.right, signal, timeoutMs);
    return E.isLeft(answer) ? answer.left : interpret(command, answer.right, clock);
  };

/** The store that it is read from may be locked, or be exchanged just now: no command is to blame for that. */
const proofOf = async ({ reactorToken }: ApiAddress): Promise<E.Either<string, Readonly<Record<string, string>>>> => {
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
  proof: Readonly<Record<string, string>>,
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
      ...proof,
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
): Promise<E.Either<Answer, HttpAnswer>> => {
  // AbortSignal.any would do this in a line, but keeps memory for as long as its longest-lived signal lives.
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  const timer = setTimeout(abort, timeoutMs);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  try {
    const response = await fetch(url, { method: 'POST', headers, body, signal: controller.signal });
    // The body is read to its end, for only then is the connection free for the next request.
    const text = await response.text();
    return E.right({ status: response.status, retryAfter: response.headers.get('retry-after'), text });
  } catch (error) {
    const reason = controller.signal.aborted ? `no answer within ${timeoutMs} ms` : messageOf(error);
    return E.left({ _tag: 'TryAgain', reason: `${url}: ${reason}`, everyCommand: !controller.signal.aborted });
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
};

const interpret = (command: ProcessCommand, answer: HttpAnswer, clock: Clock): Answer => {
  const { status } = answer;
  const body = parseObject(answer.text);
  // Something between here and the API may answer in its place: what is not the API's own says nothing of the command.
  if (status < 300 && typeof body['stream'] === 'string') {
    return { _tag: 'Decided', outcome: { _tag: 'Accepted', command } };
  }
  const { rejection } = body;
  const problem = problemOf(body, answer.text);
  if (status === 422 && typeof rejection === 'string') {
    const outcome = { _tag: 'Rejected', command, rejectionType: rejection, message: problem.detail } as const;
    return { _tag: 'Decided', outcome };
  }
  const reason = `${status} ${problem.type}: ${problem.detail}`;
  const setting = wrongSetting(status, body, reason);
  if (setting !== undefined) return { _tag: 'TryAgain', reason: setting, everyCommand: true };
  if (status < 300 || status === 408 || status === 409 || status === 429 || status >= 500) {
    const retryAfterMs = parseRetryAfter(answer.retryAfter, clock.nowMs());
    return {
      _tag: 'TryAgain',
      reason,
      everyCommand: status === 429 || status === 503,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    };
  }
  return { _tag: 'Defect', reason };
};

/** The key, the address or the token is wrong: no command is to blame. Undefined where none is. */
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
const UNKNOWN_HOST =
  'the API is not asked under the host that BASE_URL names: set BASE_URL, or ALLOWED_HOSTS at the API';

const MAX_DISPLAY_CHARACTERS = 300;

const problemOf = (
  { type, detail, title }: Readonly<Record<string, unknown>>,
  text: string,
): { readonly type: string; readonly detail: string } => ({
  type: typeof type === 'string' ? type : 'about:blank',
  detail: [detail, title].find((each) => typeof each === 'string') ?? text.slice(0, MAX_DISPLAY_CHARACTERS),
});

/** A JSON object, empty where the text is none. */
const parseObject = (text: string): Readonly<Record<string, unknown>> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
};

/** However long the API asks to wait: longer than this would be a mistake, and a lane that is as good as parked. */
const MAX_RETRY_AFTER_MS = 300_000;

/** `Retry-After` in either of its forms, as milliseconds from now. */
const parseRetryAfter = (value: string | null, nowMs: number): number | undefined => {
  if (value === null) return undefined;
  const text = value.trim();
  // An HTTP date is in GMT, and says so; another text would be read in the zone of this machine.
  const waitMs = /^\d+$/.test(text)
    ? Number(text) * 1_000
    : text.endsWith(' GMT')
      ? Date.parse(text) - nowMs
      : Number.NaN;
  return Number.isNaN(waitMs) ? undefined : Math.min(Math.max(0, waitMs), MAX_RETRY_AFTER_MS);
};

/** What went wrong, with the cause that node's fetch hides one level down. */
const messageOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
};
