/** HTTP requests from the command line to a running server. */
import type { Configuration } from '../../infra/configuration';

/** The server can't be reached, or rejected the request; the message says what to do. */
export class ServerRefused extends Error {
  override readonly name = 'ServerRefused';
}

const REQUEST_TIMEOUT_MS = 10_000;
const FAULTS_NAMED = 5;

/** Sends a request and returns the parsed JSON body. Throws {@link ServerRefused}. */
export const request = async (
  { baseUrl, apiKey }: Configuration,
  method: 'GET' | 'POST',
  path: string,
  body?: unknown,
  timeoutMs = REQUEST_TIMEOUT_MS,
): Promise<unknown> => {
  const response = await reach(`${baseUrl}${path}`, {
    method,
    headers: {
      ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer: unknown = await response.json().catch(() => undefined);
  if (response.ok) return answer;
  throw new ServerRefused(`${method} ${path}: ${response.status} ${detailOf(answer)}`);
};

const reach = async (url: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    throw new ServerRefused(
      `no Tidemark server answers at ${new URL(url).origin} (${cause}): start it with 'make run', or name it with BASE_URL`,
    );
  }
};

const detailOf = (answer: unknown): string => {
  if (typeof answer !== 'object' || answer === null) return '';
  const { title, detail, errors } = answer as Readonly<Record<string, unknown>>;
  const said = [title, detail].filter((part) => typeof part === 'string').join(': ');
  // The command line prints one sentence, so the first errors of the list are included in it.
  const faults = (Array.isArray(errors) ? errors : []).slice(0, FAULTS_NAMED).flatMap(faultOf);
  return faults.length === 0 ? said : `${said} (${faults.join('; ')})`;
};

const faultOf = (fault: unknown): ReadonlyArray<string> => {
  const { path, message } = (fault ?? {}) as Readonly<Record<string, unknown>>;
  const said = [path, message].filter((part) => typeof part === 'string' && part !== '').join(' ');
  return said === '' ? [] : [said];
};
