/** The demonstration's way to the server: plain HTTP, like any other client. */
import type { Action } from './action';
import { fingerprint } from './fingerprint';
import {
  DemoStopped,
  explainFetch,
  patientRequests,
  problemText,
  type HttpAnswer,
  type Row,
  type ServerAddress,
} from './patient-requests';

/** The result of a command. */
export type CommandAnswer =
  | { readonly _tag: 'Accepted'; readonly stream: string; readonly version: number }
  /** Nothing had to change, or the server has already processed this request. */
  | { readonly _tag: 'Unchanged'; readonly stream: string; readonly version: number }
  /** The business reason of the rejection, or what is wrong with the request. */
  | { readonly _tag: 'Refused'; readonly reason: string };

export interface ApiClient {
  /** Resolves when the server accepts requests. Throws {@link DemoStopped}. */
  readonly ensureReady: () => Promise<void>;
  /** Posts the action's command with an idempotency key of its own, so that repeating the demonstration gives the same result. */
  readonly perform: (action: Action) => Promise<CommandAnswer>;
  /**
   * Waits until the view has seen the events of these ids; false if it has not by the deadline (in monotonic ms).
   * Throws {@link DemoStopped} if it never will.
   */
  readonly awaitSeen: (view: string, tokens: ReadonlyArray<string>, deadlineMs: number) => Promise<boolean>;
  /** One row of a view; undefined if there is none. */
  readonly readRow: (view: string, key: string) => Promise<Row | undefined>;
  /** Every row of a view, page by page. */
  readonly readView: (view: string) => Promise<ReadonlyArray<Row>>;
  /** Every event of a stream, page by page. */
  readonly readStream: (stream: string) => Promise<ReadonlyArray<Row>>;
}

const VIEW_WAIT_MS = 5_000;
const PAGE_SIZE = 500;

/** How many consistency tokens the server accepts in one request. */
export const TOKENS_PER_REQUEST = 20;

/** Creates the client. */
export const apiClient = (server: ServerAddress): ApiClient => {
  const { clock } = server;
  const { base, once, patiently } = patientRequests(server);

  const readPages = async (path: string): Promise<ReadonlyArray<Row>> => {
    const rows: Row[] = [];
    let cursor: unknown;
    do {
      const from = typeof cursor === 'string' ? `&cursor=${encodeURIComponent(cursor)}` : '';
      const answer = await patiently(`a page of ${path}`, `${path}?limit=${PAGE_SIZE}${from}`, {});
      const { items, nextCursor } = answer.body;
      if (answer.status !== 200 || !Array.isArray(items)) throw unreadable(path, answer);
      rows.push(...(items as ReadonlyArray<Row>));
      cursor = nextCursor;
    } while (cursor !== undefined);
    return rows;
  };

  return {
    ensureReady: async () => {
      const unreachable = (reason: string): DemoStopped =>
        new DemoStopped(
          `no Tidemark server answers at ${base} (${reason}): start it with 'make run' in another terminal, ` +
            'or name a running one with BASE_URL',
        );
      await once('/health/live', {}).catch((error: unknown) => {
        throw unreachable(explainFetch(error));
      });
      const ready = await patiently('a server that is ready', '/health/ready', {});
      if (ready.status !== 200) throw unreachable(`/health/ready: ${ready.status}`);
    },
    perform: async (action) => {
      const path = `/${action.path}/${encodeURIComponent(action.id)}/${action.command}`;
      const body = JSON.stringify(action.body);
      // The content is part of the key: other data under the same id is another request, which the server decides about.
      const headers = { 'content-type': 'application/json', 'idempotency-key': `demo${path}/${fingerprint(body)}` };
      return commandAnswer(await patiently(`an answer to ${path}`, path, { method: 'POST', headers, body }), path);
    },
    awaitSeen: async (view, tokens, deadlineMs) => {
      const init = { headers: { 'consistency-token': tokens.join(',') } };
      do {
        const waitMs = Math.max(0, Math.min(VIEW_WAIT_MS, Math.round(deadlineMs - clock.monotonicMs())));
        const answer = await once(`/views/${view}?limit=1&wait=${waitMs}`, init).catch(explainFetch);
        if (typeof answer === 'string') continue;
        if (answer.status === 200) return true;
        if (answer.status < 500 && answer.status !== 429) throw unreadable(`${view} with ${tokens.join(', ')}`, answer);
      } while (await isBefore(server, deadlineMs));
      return false;
    },
    readRow: async (view, key) => {
      const path = `/views/${view}/${encodeURIComponent(key)}`;
      const answer = await patiently(`the row ${path}`, path, {});
      if (answer.status !== 200 && answer.status !== 404) throw unreadable(path, answer);
      return answer.status === 200 ? answer.body : undefined;
    },
    readView: (view) => readPages(`/views/${view}`),
    readStream: (stream) => readPages(`/streams/${encodeURIComponent(stream)}`),
  };
};

/** Pause before a retry when the server is overloaded or does not answer. */
const PAUSE_MS = 50;

const isBefore = async ({ clock }: ServerAddress, deadlineMs: number): Promise<boolean> => {
  if (clock.monotonicMs() >= deadlineMs) return false;
  await clock.sleep(PAUSE_MS);
  return true;
};

const unreadable = (what: string, { status, body }: HttpAnswer): DemoStopped => {
  if (status === 401 || status === 403) return keyRefused(status, body);
  return new DemoStopped(`${what} can't be read: ${status} ${problemText(body)}`);
};

const keyRefused = (status: number, body: Row): DemoStopped =>
  new DemoStopped(`the server refuses the key (${status} ${problemText(body)}): set API_KEY`);

const commandAnswer = ({ status, body, replayed }: HttpAnswer, path: string): CommandAnswer => {
  if (status === 401 || status === 403) throw keyRefused(status, body);
  const { stream, version } = body;
  if (status > 201) return { _tag: 'Refused', reason: refusalOf(status, body) };
  if (typeof stream !== 'string' || typeof version !== 'number') {
    throw new DemoStopped(`${path}: the answer names no stream and version; is this a Tidemark?`);
  }
  return { _tag: status === 201 && !replayed ? 'Accepted' : 'Unchanged', stream, version };
};

/** The business reason of a rejection, or the invalid paths of a malformed request. */
const refusalOf = (status: number, body: Row): string => {
  const { rejection, errors } = body;
  if (typeof rejection === 'string') return rejection;
  if (Array.isArray(errors) && errors.length > 0) {
    const failures = errors as ReadonlyArray<Row>;
    return `${status}: ${failures.map((each) => `${String(each['path'])} ${String(each['message'])}`).join('; ')}`;
  }
  return `${status}: ${problemText(body)}`;
};
